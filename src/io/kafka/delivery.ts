import type { CompressionTypes } from 'kafkajs'
import pLimit from 'p-limit'
import type { TopicPartition } from '../../core/model.js'
import type { CommitBatch, Committer, Delivery, Log } from '../../core/ports.js'
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

/** The producer of one partition for one assignment, thrown away after any error. */
export interface PartitionProducer {
  /**
   * Called once, before anything else: whoever had the partition before is fenced. `again`: what he left had to be ended
   * first, and another producer is to be opened. Once the signal has aborted, nobody is fenced any more.
   */
  open(signal: AbortSignal): Promise<'ready' | 'again'>
  /** Throws when it is unknown or false that the batch was written. The signal ends its waits. */
  write(batch: CommitBatch, signal: AbortSignal): Promise<void>
  /** Lets go of everything within about a second, whatever is under way. Never throws. */
  close(): Promise<void>
}

/** Openings that are under way at the same time. */
const OPENING_AT_ONCE = 16
/** An opening that was given up is waited for so long. */
const BEFORE_MS = 2000
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
  const ending = new AbortController()
  const { signal } = ending
  /** Of openings under way and of committers that are not closed. */
  const held = new Set<() => Promise<void>>()

  /** By topic and partition: ends of openings. */
  const openings = new Map<string, Promise<unknown>>()

  /** One opening of a partition after another: an older one that is late would fence the newer. */
  function inOrder<T>({ topic, partition }: TopicPartition, run: () => Promise<T>): Promise<T> {
    const key = `${topic}/${partition}`
    const before = openings.get(key)
    const running = before === undefined ? run() : withDeadline(BEFORE_MS, () => before).then(run, run)
    const end = (): void => {
      if (openings.get(key) === ended) openings.delete(key)
    }
    const ended: Promise<void> = running.then(end, end)
    openings.set(key, ended)
    return running
  }

  async function open(
    at: TopicPartition,
    producer: PartitionProducer,
    assigned: AbortSignal,
  ): Promise<Committer | Error> {
    const discard = once(() => producer.close())
    held.add(discard)
    const discarded = (error: unknown): Error => {
      void discard().then(() => held.delete(discard))
      return asError(error)
    }
    try {
      const { transactionTimeoutMs: limitMs } = options
      const opened = await withDeadline(limitMs, () => producer.open(assigned), signal)
      if (opened === 'again') return discarded(new OpenAgain())
      // Never before: while a former owner may still commit, the offset is not final.
      const start = await withDeadline(limitMs, () => readStart(at), signal)
      if (start instanceof Error) return discarded(start)
      const committer: Committer = createCommitter({
        ...{ producer, start, limitMs, signal },
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
    open: (list, assigned) =>
      list.map((at) => {
        const make = begin(at)
        const openOnce = async (): Promise<Committer | Error> => {
          if (assigned.aborted || signal.aborted) return new Error('it was given up before it was open')
          const opened = await open(at, make(), assigned)
          return opened instanceof OpenAgain ? open(at, make(), assigned) : opened
        }
        const openNext = (): Promise<Committer | Error> => inOrder(at, openOnce)
        return limit(openNext).then((opened) =>
          opened instanceof Error ? opened : createRenewing(opened, openNext),
        )
      }),
    async close() {
      ending.abort()
      const closings = [...held].map((close) => close())
      await withDeadline(CLOSE_MS, () => Promise.all(closings)).catch(() => undefined)
    },
  }
}

class OpenAgain extends Error {
  constructor() {
    super('what a former transaction left had to be ended twice')
  }
}

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
