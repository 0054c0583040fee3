import { describe, expect, it } from 'vitest'
import {
  type ClusterState,
  type CoordinatorQuestion,
  rememberCoordinators,
} from '../../../src/io/kafka/coordinators.js'

function createCluster() {
  const asked: string[] = []
  let coordinator = 1
  let time = 0
  /** What the broker refuses with. */
  let refusal: string | null = null
  let reachable = true
  const brokerOf = (nodeId: string | number) => ({
    nodeId,
    async endTxn() {
      if (refusal !== null) throw Object.assign(new Error('refused'), { type: refusal })
      return 'ended'
    },
  })
  const find = rememberCoordinators(
    async ({ groupId, coordinatorType }) => {
      asked.push(`${coordinatorType} ${groupId}`)
      return brokerOf(coordinator)
    },
    () => time,
  )
  const findBroker: ClusterState['findBroker'] = async ({ nodeId }) => {
    if (!reachable) throw new Error('not reachable')
    return brokerOf(nodeId)
  }
  const state: ClusterState = { findBroker }
  const other: ClusterState = { findBroker }
  return {
    asked,
    ask: async (question: CoordinatorQuestion) => (await find.call(state, question)).nodeId,
    askOther: async (question: CoordinatorQuestion) => (await find.call(other, question)).nodeId,
    moveTo: (nodeId: number) => {
      coordinator = nodeId
    },
    /** Finds the coordinator and asks it for something. */
    async end(question: CoordinatorQuestion): Promise<unknown> {
      const broker = (await find.call(state, question)) as ReturnType<typeof brokerOf>
      return broker.endTxn()
    },
    refuseWith: (type: string | null) => {
      refusal = type
    },
    reach: (can: boolean) => {
      reachable = can
    },
    pass: (ms: number) => {
      time += ms
    },
  }
}

describe('the coordinator of a transaction', () => {
  const transaction = { groupId: 'g.t.0', coordinatorType: 1 }

  it('is asked for once in a while, not in each step', async () => {
    const cluster = createCluster()
    for (let steps = 0; steps < 4; steps += 1) expect(await cluster.ask(transaction)).toBe(1)
    expect(cluster.asked).toEqual(['1 g.t.0'])
  })

  it('is asked for again after two seconds, so that a move is noticed', async () => {
    const cluster = createCluster()
    await cluster.ask(transaction)
    cluster.moveTo(2)
    cluster.pass(1999)
    expect(await cluster.ask(transaction)).toBe(1)
    cluster.pass(1)
    expect(await cluster.ask(transaction)).toBe(2)
  })

  it('is kept apart by kind, by name and by client', async () => {
    const cluster = createCluster()
    await cluster.ask(transaction)
    await cluster.ask({ ...transaction, coordinatorType: 0 })
    await cluster.ask({ ...transaction, groupId: 'g.t.1' })
    await cluster.askOther(transaction)
    expect(cluster.asked).toHaveLength(4)
  })

  it('is always asked for by consumers, which name no kind', async () => {
    const cluster = createCluster()
    await cluster.ask({ groupId: 'g' })
    await cluster.ask({ groupId: 'g' })
    expect(cluster.asked).toHaveLength(2)
  })

  it('is asked for again at once when it refuses, and not when another transaction is just ending', async () => {
    const cluster = createCluster()
    expect(await cluster.end(transaction)).toBe('ended')
    cluster.refuseWith('CONCURRENT_TRANSACTIONS')
    await expect(cluster.end(transaction)).rejects.toThrow('refused')
    expect(await cluster.ask(transaction)).toBe(1)
    expect(cluster.asked).toHaveLength(1)
    cluster.refuseWith('NOT_COORDINATOR_FOR_GROUP')
    await expect(cluster.end(transaction)).rejects.toThrow('refused')
    cluster.moveTo(2)
    expect(await cluster.ask(transaction)).toBe(2)
    expect(cluster.asked).toHaveLength(2)
  })

  it('is asked for again at once when it cannot be reached', async () => {
    const cluster = createCluster()
    await cluster.ask(transaction)
    cluster.reach(false)
    cluster.moveTo(2)
    expect(await cluster.ask(transaction)).toBe(2)
  })
})
