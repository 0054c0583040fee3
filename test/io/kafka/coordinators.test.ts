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
  const find = rememberCoordinators(
    async ({ groupId, coordinatorType }) => {
      asked.push(`${coordinatorType} ${groupId}`)
      return { nodeId: coordinator }
    },
    () => time,
  )
  const state: ClusterState = { findBroker: async ({ nodeId }) => ({ nodeId }) }
  const other: ClusterState = { findBroker: async ({ nodeId }) => ({ nodeId }) }
  return {
    asked,
    ask: async (question: CoordinatorQuestion) => (await find.call(state, question)).nodeId,
    askOther: async (question: CoordinatorQuestion) => (await find.call(other, question)).nodeId,
    moveTo: (nodeId: number) => {
      coordinator = nodeId
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
})
