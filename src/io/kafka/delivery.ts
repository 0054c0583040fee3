import type { CompressionTypes } from 'kafkajs'
import pLimit from 'p-limit'
import type { TopicPartition } from '../../core/model.js'
import type { CommitBatch, Committer, Delivery, Log, StartOffset } from '../../core/ports.js'
import type { KafkaAdmin } from './admin.js'
import type { KafkaConnection } from './client.js'
import { createCommitter } from './committer.js'
import { withDeadline } from './deadline.js'
import { createRenewing } from './renewing.js'
import { createStartReader } from './starts.js'

export interface KafkaDeliveryOptions {
  readonly connection: KafkaConnection
  readonly groupId: string
  readonly transactionTimeoutMs: number
  readonly compression: CompressionTypes
  readonly admin: KafkaAdmin
  readonly log: Log
}

/** What one transaction wrote, told before it is committed. */
export interface Written {
  /** The offset that it commits. */
  readonly next: number
  /** Where the records went. */
  readonly places: readonly TopicPartition[]
}

/** The producer of one partition for one assignment, thrown away after any error. */
export interface PartitionProducer {
  /** Called once, before anything else: it is ready to write, and whoever had the partition before is fenced. */
  open(): Promise<void>
  /** Throws when it is unknown or false that the batch was written. The signal ends its waits. */
  write(batch: CommitBatch, signal: AbortSignal, onWritten: (written: Written) => void): Promise<void>
  /** Aborts what such a commit may have left behind. The producer is of no use afterwards. */
  takeBack(written: Written, signal: AbortSignal): Promise<void>
  /** Lets go of everything within about a second, whatever is under way. Never throws. */
  close(): Promise<void>
}

/** Openings that are under way at the same time. */
const OPENING_AT_ONCE = 16
/** What is under way at the end is waited for so long. */
const CLOSE_MS = 5000

/**
 * What both kinds of delivery share: each partition opens its producer, and only then reads where to start.
 *
 * Partitions do not wait for one another. `close` ends openings that are under way, and closes what they opened.
 * In:     begin   called at once for each partition; what it gives makes the producers of this assignment, one at a time
 * Source: kafkajs-exactly-once.md sections 1 and 2
 */
export function createDelivery(
  options: KafkaDeliveryOptions,
  begin: (at: TopicPartition) => () => PartitionProducer,
): Delivery {
  const limit = pLimit(OPENING_AT_ONCE)
  const readStart = createStartReader(options.admin, options.groupId)
  /** By topic and partition: what this process tried to commit last. */
  const tried = new Map<string, Written>()
  const ending = new AbortController()
  const { signal } = ending
  /** Of openings under way and of committers that are not closed. */
  const held = new Set<() => Promise<void>>()

  /**
   * A broker that is killed in the moment of a commit may come back with neither its markers nor its offset, confirmed or not:
   * the records hang, seen by no `read_committed` reader, and the next commit of the same producer would show them beside
   * those of the events that are read again. So they are aborted first. Source: docs/decisions/kafkajs.md, Forgotten commits
   */
  async function isTakenBack(
    at: TopicPartition,
    producer: PartitionProducer,
    start: StartOffset,
  ): Promise<boolean> {
    const last = tried.get(nameOf(at))
    if (last === undefined || start.kind !== 'start' || start.offset >= last.next) return false
    const { topic, partition } = at
    options.log.warn('commit-taken-back', { topic, partition, tried: last.next, committed: start.offset })
    await producer.takeBack(last, signal)
    tried.delete(nameOf(at))
    return true
  }

  async function open(at: TopicPartition, producer: PartitionProducer): Promise<Committer | Error> {
    const discard = once(() => producer.close())
    held.add(discard)
    const discarded = (error: unknown): Error => {
      void discard().then(() => held.delete(discard))
      return asError(error)
    }
    try {
      await withDeadline(options.transactionTimeoutMs, () => producer.open(), signal)
      // Never before: while a former owner may still commit, the offset is not final.
      const start = await withDeadline(options.transactionTimeoutMs, () => readStart(at), signal)
      if (start instanceof Error) return discarded(start)
      const { transactionTimeoutMs: limitMs } = options
      if (await withDeadline(limitMs, () => isTakenBack(at, producer, start), signal))
        return discarded(new TakenBack())
      const committer: Committer = createCommitter({
        ...{ producer, start, limitMs, signal },
        onWritten: (written) => void tried.set(nameOf(at), written),
        onClosed: () => held.delete(committer.close),
      })
      held.add(committer.close)
      held.delete(discard)
      return committer
    } catch (error) {
      return discarded(error)
    }
  }

  return {
    open: (list) =>
      list.map((at) => {
        if (signal.aborted) return Promise.resolve(new Error('the delivery is closed'))
        const make = begin(at)
        const openOnce = async (): Promise<Committer | Error> => {
          const opened = await open(at, make())
          return opened instanceof TakenBack ? open(at, make()) : opened
        }
        return limit(openOnce).then((opened) =>
          opened instanceof Error ? opened : createRenewing(opened, openOnce),
        )
      }),
    async close() {
      ending.abort()
      const closings = [...held].map((close) => close())
      await withDeadline(CLOSE_MS, () => Promise.all(closings)).catch(() => undefined)
    },
  }
}

/** Open it again. */
class TakenBack extends Error {}

const nameOf = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}`

function once(run: () => Promise<void>): () => Promise<void> {
  let begun: Promise<void> | null = null
  return () => {
    begun ??= run()
    return begun
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error('kafkajs threw something that is no error')
}
