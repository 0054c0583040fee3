import type { Log } from '../../core/ports.js'
import { pause } from './deadline.js'
import {
  DESCRIBE_PRODUCERS,
  DESCRIBE_TRANSACTIONS,
  describeProducers,
  describeTransaction,
  metadataOf,
  type OpenTransaction,
  type PartitionAnswer,
  type TopicAnswer,
  type TransactionAnswer,
} from './describe.js'
import { createGathered } from './gathered.js'
import { GROUP, type RawBroker, type RawCluster, TRANSACTION } from './transactions.js'

/** Offsets of groups are part of transactions too. */
export const OFFSETS_TOPIC = '__consumer_offsets'

/** Numbers of the protocol. */
const NO_ERROR = 0
const LOADING: ReadonlySet<number> = new Set([14, 15, 16])
const TOPIC_REFUSED = 29
const ID_REFUSED = 53
const ID_UNKNOWN = 105

const LOADING_TRIES = 100
/** For partitions without a leader: those of a topic just made, or of a broker that has just come back. */
const LEADER_TRIES = 40
const WAIT_MS = 50

export interface HangingOptions {
  /** Those that transactions write to. */
  readonly topics: readonly string[]
  readonly groupId: string
  readonly log: Log
}

export interface OpenQuestion {
  readonly transactionalId: string
  readonly producerId: string
  /** Ends the waits between two tries. */
  readonly signal: AbortSignal
}

/** What can be found out about transactions that a broker forgot to end. */
export interface HangingTransactions {
  /**
   * Whether the last transaction of an id was to be committed. Asked before its producer begins, which wipes it out: so it is
   * remembered until `forget`, and asked only where `openOf` would be answered too.
   *
   * Throws: errors of the broker, and when its coordinator is loading for more than some seconds
   */
  wasCommitted(cluster: RawCluster, transactionalId: string, signal: AbortSignal): Promise<boolean>
  /** Where a producer has something open, in any topic that is written or in the offsets. Throws errors of the broker. */
  openOf(cluster: RawCluster, question: OpenQuestion): Promise<readonly OpenTransaction[]>
  /** Nothing hangs any more. */
  forget(transactionalId: string): void
}

/**
 * Brokers before Apache Kafka 3.0, and those that refuse the question, cannot be asked: told once, as `hanging-unchecked`.
 * Source: docs/decisions/kafkajs.md, Forgotten commits
 */
export function createHangingTransactions(options: HangingOptions): HangingTransactions {
  /** By transactional id: whether what may hang was to be committed. */
  const decided = new Map<string, boolean>()
  let told = false
  const unchecked = (why: string): void => {
    if (!told) options.log.warn('hanging-unchecked', { why })
    told = true
  }

  async function allOpen(asker: Asker): Promise<readonly OpenTransaction[]> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await openNow(asker)
      } catch (error) {
        if (!(error instanceof HangingUnknown) || tries >= LEADER_TRIES) throw error
        await pause(WAIT_MS, asker.signal)
      }
    }
  }

  async function openNow({ cluster, broker }: Asker): Promise<readonly OpenTransaction[]> {
    const metadata = await metadataOf(broker, [...options.topics, OFFSETS_TOPIC])
    const answers: PartitionAnswer[] = []
    for (const [nodeId, led] of leadersOf(metadata, options.groupId, unchecked)) {
      const leader = await cluster.findBroker({ nodeId })
      answers.push(...((await leader.connectionPool.send(describeProducers(led))) as PartitionAnswer[]))
    }
    for (const { topic, partition, error } of answers.filter((one) => one.error !== NO_ERROR)) {
      if (error !== TOPIC_REFUSED)
        throw new HangingUnknown(`PRODUCERS_ERROR_${error}`, `the producers of ${topic}/${partition}`)
      unchecked(`not authorized to read ${topic}`)
    }
    return answers.flatMap(({ open }) => open)
  }

  const gathered = createGathered(async (askers: readonly Asker[]) => {
    const [first, last] = [askers[0] as Asker, askers.at(-1) as Asker]
    // It may be the first one's own connection that fails.
    const open = await allOpen(first).catch((error: unknown) => {
      if (first === last) throw error
      return allOpen(last)
    })
    return askers.map(() => open)
  })

  async function openOf(
    cluster: RawCluster,
    { transactionalId, producerId, signal }: OpenQuestion,
  ): Promise<readonly OpenTransaction[]> {
    const broker = await coordinatorOf(cluster, transactionalId)
    if (!knows(broker, DESCRIBE_PRODUCERS)) {
      unchecked('the broker is older than Apache Kafka 3.0')
      return []
    }
    const open = await gathered({ cluster, broker, signal })
    return open.filter((one) => one.producerId === producerId)
  }

  return {
    async wasCommitted(cluster, transactionalId, signal) {
      const { state, producerId } = await describe(cluster, transactionalId, signal)
      // A producer was begun since then, perhaps by us, and got no further.
      if (state === 'Empty') return decided.get(transactionalId) ?? false
      decided.delete(transactionalId)
      if (state !== 'CompleteCommit' && state !== 'PrepareCommit') return false
      // What fails from now on would better have failed before.
      await cluster.findGroupCoordinator({ groupId: options.groupId, coordinatorType: GROUP })
      await openOf(cluster, { transactionalId, producerId, signal })
      decided.set(transactionalId, true)
      return true
    },
    openOf,
    forget: (transactionalId) => void decided.delete(transactionalId),
  }
}

interface Asker {
  readonly cluster: RawCluster
  readonly broker: RawBroker
  readonly signal: AbortSignal
}

const coordinatorOf = (cluster: RawCluster, transactionalId: string): Promise<RawBroker> =>
  cluster.findGroupCoordinator({ groupId: transactionalId, coordinatorType: TRANSACTION })

const knows = ({ versions }: RawBroker, request: number): boolean => versions?.[request] !== undefined

const UNKNOWN: TransactionAnswer = { error: NO_ERROR, state: '', producerId: '' }

/** Out: without a state where there is no such transaction, or no answer for us. */
async function describe(
  cluster: RawCluster,
  transactionalId: string,
  signal: AbortSignal,
): Promise<TransactionAnswer> {
  for (let tries = 1; ; tries += 1) {
    const broker = await coordinatorOf(cluster, transactionalId)
    if (!knows(broker, DESCRIBE_TRANSACTIONS)) return UNKNOWN
    const answers = (await broker.connectionPool.send(
      describeTransaction(transactionalId),
    )) as TransactionAnswer[]
    const { error, state, producerId } = answers[0] ?? UNKNOWN
    if (error === NO_ERROR) return { error, state, producerId }
    if (error === ID_UNKNOWN || error === ID_REFUSED) return UNKNOWN
    if (!LOADING.has(error) || tries >= LOADING_TRIES)
      throw new HangingUnknown(`TRANSACTION_ERROR_${error}`, 'a transactional id')
    await pause(WAIT_MS, signal)
  }
}

/** The cluster cannot say now what hangs; asked later it can. The code has the error number of the protocol. */
class HangingUnknown extends Error {
  readonly code: string
  constructor(code: string, what: string) {
    super(`${code}: ${what}`)
    this.name = 'HangingUnknown'
    this.code = code
  }
}

/** By leader: topic to partitions. Throws where there is none: nobody could tell what hangs there. */
function leadersOf(
  metadata: readonly TopicAnswer[],
  groupId: string,
  unchecked: (why: string) => void,
): ReadonlyMap<number, ReadonlyMap<string, readonly number[]>> {
  const leaders = new Map<number, Map<string, number[]>>()
  for (const { topicErrorCode, topic, partitionMetadata } of metadata) {
    if (topicErrorCode === TOPIC_REFUSED) unchecked(`not authorized to read ${topic}`)
    else if (topicErrorCode !== NO_ERROR) throw new HangingUnknown(`TOPIC_ERROR_${topicErrorCode}`, topic)
    const own = topic === OFFSETS_TOPIC ? partitionOfGroup(groupId, partitionMetadata.length) : null
    for (const { partitionId, leader } of partitionMetadata) {
      if (own !== null && partitionId !== own) continue
      if (leader < 0) throw new HangingUnknown('NO_LEADER', `${topic}/${partitionId}`)
      const led = leaders.get(leader) ?? new Map<string, number[]>()
      leaders.set(leader, led.set(topic, [...(led.get(topic) ?? []), partitionId]))
    }
  }
  return leaders
}

/** Where the offsets of a group lie. Source: Kafka, GroupCoordinatorService.partitionFor: Java's hash of its name */
export function partitionOfGroup(groupId: string, partitions: number): number {
  let hash = 0
  for (let at = 0; at < groupId.length; at += 1) hash = (Math.imul(hash, 31) + groupId.charCodeAt(at)) | 0
  // Java has no positive counterpart of its least number, and Kafka takes 0.
  return hash === -(2 ** 31) ? 0 : Math.abs(hash) % partitions
}
