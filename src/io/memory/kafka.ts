import type { Coordinates, TopicPartition } from '../../core/model.js'
import type { Clock, Random } from '../../core/ports.js'
import { BrokerError } from './broker-error.js'
import { createGroupCoordinator, type GroupCoordinator } from './group.js'
import { createOffsetStore, type OffsetStore } from './offsets.js'
import { createPartitionLog, type NewMessage, type PartitionLog } from './partition-log.js'
import { createTransactionCoordinator, type TransactionCoordinator } from './transactions.js'

/** A message as it lies in a topic. */
export interface LogRow extends Coordinates, NewMessage {
  readonly timestamp: number
  /** Number of the transaction that wrote it, the same in all partitions; null: none. */
  readonly transaction: number | null
}

/** A Kafka broker in memory: the requests a client can send, answered at once. Latency and faults are network.ts. */
export interface MemoryBroker {
  readonly clock: Clock
  readonly offsets: OffsetStore
  readonly transactions: TransactionCoordinator
  group(groupId: string): GroupCoordinator
  /** Does nothing when the topic is there. */
  createTopic(topic: string, partitions: number): void
  partitionsOf(topic: string): readonly TopicPartition[]
  /** Throws UNKNOWN_TOPIC_OR_PARTITION. */
  log(at: TopicPartition): PartitionLog
  /** Writes outside of transactions. Returns the first offset. */
  append(at: TopicPartition, messages: readonly Partial<NewMessage>[]): number
  /** All messages of a topic by partition and offset; with `committedOnly` as read_committed sees them. */
  rows(topic: string, options?: { readonly committedOnly?: boolean }): readonly LogRow[]
  /** False: nothing is answered, and sessions do not expire. */
  available(): boolean
  setAvailable(available: boolean): void
}

export interface MemoryBrokerOptions {
  /** The broker's own time: it goes on when a client is frozen. */
  readonly clock: Clock
  readonly random: Random
  /** Longest wait between the end of a transaction and one of its markers. */
  readonly maxMarkerDelayMs?: number
}

/**
 * A broker in memory, with transactions, fencing and consumer groups as Kafka has them.
 *
 * Source: house.md section 5 (what the twin models); test/contract holds it to the real broker
 */
export function createMemoryBroker(options: MemoryBrokerOptions): MemoryBroker {
  const { clock, random } = options
  const topics = new Map<string, readonly PartitionLog[]>()
  const groups = new Map<string, GroupCoordinator>()
  const offsetStore = createOffsetStore()
  let isAvailable = true

  const partitionsOf = (topic: string): readonly TopicPartition[] =>
    (topics.get(topic) ?? []).map((_, partition) => ({ topic, partition }))

  function log(at: TopicPartition): PartitionLog {
    const found = topics.get(at.topic)?.[at.partition]
    if (found === undefined) throw new BrokerError('UNKNOWN_TOPIC_OR_PARTITION')
    return found
  }

  function group(groupId: string): GroupCoordinator {
    const known = groups.get(groupId)
    if (known !== undefined) return known
    const created = createGroupCoordinator({ clock, partitionsOf, available: () => isAvailable })
    groups.set(groupId, created)
    return created
  }

  return {
    clock,
    offsets: offsetStore,
    transactions: createTransactionCoordinator({
      clock,
      random,
      offsetStore,
      maxMarkerDelayMs: options.maxMarkerDelayMs ?? 5,
    }),
    group,
    createTopic(topic, partitions) {
      if (topics.has(topic)) return
      topics.set(
        topic,
        Array.from({ length: partitions }, () => createPartitionLog({ now: () => clock.now() })),
      )
    },
    partitionsOf,
    log,
    append: (at, messages) =>
      log(at).append(
        messages.map(({ key = null, value = null, headers = [] }) => ({ key, value, headers })),
        null,
      ),
    rows: (topic, { committedOnly = true } = {}) =>
      partitionsOf(topic).flatMap((at) => rowsOf(at, log(at), committedOnly)),
    available: () => isAvailable,
    setAvailable(available) {
      isAvailable = available
    },
  }
}

function rowsOf(at: TopicPartition, log: PartitionLog, committedOnly: boolean): LogRow[] {
  const rows: LogRow[] = []
  const limit = committedOnly ? log.lastStable() : log.end()
  for (const { offset, timestamp, message, span } of log.slots()) {
    if (message === null || offset >= limit || (committedOnly && span?.fate === 'aborted')) continue
    rows.push({ ...at, ...message, offset, timestamp, transaction: span?.transaction ?? null })
  }
  return rows
}
