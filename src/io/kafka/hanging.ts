import { setTimeout as wait } from 'node:timers/promises'
import type { Log } from '../../core/ports.js'
import {
  DESCRIBE_PRODUCERS,
  DESCRIBE_TRANSACTIONS,
  describeProducers,
  describeTransaction,
  type OpenTransaction,
  type PartitionAnswer,
  type TransactionAnswer,
} from './describe.js'
import { createGathered } from './gathered.js'
import type { RawBroker, RawCluster } from './transactions.js'

/** Offsets of groups are part of transactions too. */
export const OFFSETS_TOPIC = '__consumer_offsets'

/** Numbers of the protocol. */
const NO_ERROR = 0
const LOADING: ReadonlySet<number> = new Set([14, 15, 16])
const TOPIC_REFUSED = 29
const ID_REFUSED = 53
const ID_UNKNOWN = 105
const COORDINATOR_OF_TRANSACTIONS = 1

const LOADING_TRIES = 100
const LOADING_WAIT_MS = 50

/** What can be found out about transactions that a broker forgot to end. */
export interface HangingTransactions {
  /**
   * Whether the last transaction of an id was to be committed. Asked before its producer begins, which wipes it out.
   *
   * Throws: errors of the broker, and when its coordinator does not answer for it within about five seconds
   */
  wasCommitted(cluster: RawCluster, transactionalId: string): Promise<boolean>
  /** Where a producer has something open, in any topic that is written or in the offsets. Throws errors of the broker. */
  openOf(
    cluster: RawCluster,
    transactionalId: string,
    producerId: string,
  ): Promise<readonly OpenTransaction[]>
}

/**
 * In:  topics   those that transactions write to
 *
 * Brokers before Apache Kafka 3.0, and those that refuse the question, cannot be asked: told once, as `hanging-unchecked`.
 * Source: docs/decisions/kafkajs.md, Forgotten commits
 */
export function createHangingTransactions(topics: readonly string[], log: Log): HangingTransactions {
  let told = false
  const unchecked = (why: string): void => {
    if (!told) log.warn('hanging-unchecked', { why })
    told = true
  }

  async function allOpen({ cluster, broker }: Asker): Promise<readonly OpenTransaction[]> {
    const answers: PartitionAnswer[] = []
    for (const [nodeId, led] of await leadersOf(broker, topics, unchecked)) {
      const leader = await cluster.findBroker({ nodeId })
      answers.push(...((await leader.connectionPool.send(describeProducers(led))) as PartitionAnswer[]))
    }
    const bad = answers.filter(({ error }) => error !== NO_ERROR)
    for (const { topic, partition, error } of bad) {
      if (error !== TOPIC_REFUSED)
        throw new Error(`error ${error} for the producers of ${topic}/${partition}`)
      unchecked(`not authorized to read ${topic}`)
    }
    return answers.flatMap(({ open }) => open)
  }

  const gathered = createGathered(async (askers: readonly Asker[]) => {
    const open = await allOpen(askers[0] as Asker)
    return askers.map(() => open)
  })

  return {
    async wasCommitted(cluster, transactionalId) {
      for (let tries = 1; ; tries += 1) {
        const broker = await coordinatorOf(cluster, transactionalId)
        if (!knows(broker, DESCRIBE_TRANSACTIONS)) return false
        const answer = (await broker.connectionPool.send(
          describeTransaction(transactionalId),
        )) as TransactionAnswer[]
        const { error = NO_ERROR, state = '' } = answer[0] ?? {}
        if (error === NO_ERROR) return state === 'CompleteCommit' || state === 'PrepareCommit'
        if (error === ID_UNKNOWN || error === ID_REFUSED) return false
        if (!LOADING.has(error) || tries >= LOADING_TRIES)
          throw new Error(`error ${error} for a transactional id`)
        await wait(LOADING_WAIT_MS)
      }
    },
    async openOf(cluster, transactionalId, producerId) {
      const broker = await coordinatorOf(cluster, transactionalId)
      if (!knows(broker, DESCRIBE_PRODUCERS)) {
        unchecked('the broker is older than Apache Kafka 3.0')
        return []
      }
      const open = await gathered({ cluster, broker })
      return open.filter((one) => one.producerId === producerId)
    },
  }
}

interface Asker {
  readonly cluster: RawCluster
  readonly broker: RawBroker
}

const coordinatorOf = (cluster: RawCluster, transactionalId: string): Promise<RawBroker> =>
  cluster.findGroupCoordinator({ groupId: transactionalId, coordinatorType: COORDINATOR_OF_TRANSACTIONS })

const knows = ({ versions }: RawBroker, request: number): boolean => versions?.[request] !== undefined

/** By leader: topic to partitions. */
async function leadersOf(
  broker: RawBroker,
  topics: readonly string[],
  unchecked: (why: string) => void,
): Promise<ReadonlyMap<number, ReadonlyMap<string, readonly number[]>>> {
  const leaders = new Map<number, Map<string, number[]>>()
  const known = await Promise.all([broker.metadata(topics), offsetsMetadata(broker, unchecked)])
  for (const { topic, partitionMetadata } of known.flatMap((one) => one?.topicMetadata ?? [])) {
    for (const { partitionId, leader } of partitionMetadata) {
      const led = leaders.get(leader) ?? new Map<string, number[]>()
      leaders.set(leader, led.set(topic, [...(led.get(topic) ?? []), partitionId]))
    }
  }
  return leaders
}

async function offsetsMetadata(broker: RawBroker, unchecked: (why: string) => void) {
  try {
    return await broker.metadata([OFFSETS_TOPIC])
  } catch (error) {
    if (!(error instanceof Error && 'type' in error && error.type === 'TOPIC_AUTHORIZATION_FAILED'))
      throw error
    unchecked(`not authorized to read ${OFFSETS_TOPIC}`)
    return null
  }
}
