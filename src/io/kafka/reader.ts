import { randomUUID } from 'node:crypto'
import type { SourceMessage, TopicPartition } from '../../core/model.js'
import type { Clock, Log } from '../../core/ports.js'
import type { KafkaAdmin } from './admin.js'
import type { KafkaConnection } from './client.js'
import { createKafkaSource, type KafkaSource } from './source.js'

export interface ReaderOptions {
  readonly connection: KafkaConnection
  readonly admin: KafkaAdmin
  /** Readers join groups of their own, named after this one; their offsets are never committed. */
  readonly groupId: string
  readonly clock: Clock
  readonly log: Log
  /** Ends the reading wherever it is. */
  readonly signal?: AbortSignal
}

/** Nothing arrived for so long that something must be wrong: no broker, or a transaction that nobody ends. */
export class ReadStalled extends Error {
  constructor(topics: string) {
    super(`nothing was read of ${topics} for ${STALLED_MS / 1000} s`)
    this.name = 'ReadStalled'
  }
}

/** The topic that was to be read does not exist. */
export class TopicMissing extends Error {
  constructor(topic: string) {
    super(`topic does not exist: ${topic}`)
    this.name = 'TopicsMissing'
  }
}

/** Offsets of one partition: `from` to the one before `end`. */
export interface ReadRange extends TopicPartition {
  readonly from: number
  readonly end: number
}

/** Return false to stop early, or a promise: no more is read of the partition until it has settled. */
export type OnMessage = (message: SourceMessage) => boolean | undefined | Promise<void>

/**
 * Reads topics as `read_committed` from their start up to the ends they have now. Out: resolves when the ends are reached.
 *
 * Throws: when the cluster cannot be asked; when nothing arrives for half a minute before the ends are reached
 */
export async function readToEnd(
  options: ReaderOptions,
  topics: readonly string[],
  onMessage: OnMessage,
): Promise<void> {
  const ranges: ReadRange[] = []
  for (const topic of topics) {
    for (const { partition, low, high } of await options.admin.ranges(topic)) {
      ranges.push({ topic, partition, from: low, end: high })
    }
  }
  await readRanges(options, ranges, onMessage)
}

/**
 * Reads these offsets as `read_committed`. Out: resolves when all ends are reached; an open transaction before one of them
 * is waited for.
 *
 * Throws: the abort reason; ReadStalled; what `onMessage` throws
 */
export async function readRanges(
  options: ReaderOptions,
  ranges: readonly ReadRange[],
  onMessage: OnMessage,
): Promise<void> {
  const left = new Map(ranges.filter(({ from, end }) => from < end).map((range) => [keyOf(range), range]))
  if (left.size === 0) return
  options.signal?.throwIfAborted()
  const { connection, clock, log, admin } = options
  const groupId = `${options.groupId}.reader.${randomUUID()}`
  const reading = new Reading(left, onMessage)
  const source = createKafkaSource({
    ...{ connection, groupId, clock, log, sessionTimeoutMs: SESSION_MS, rebalanceDrainMs: 0 },
    topics: [...new Set([...left.values()].map(({ topic }) => topic))],
    fetchBytes: FETCH_BYTES,
    // Behind the last record there may be control records only, which reach nobody.
    onPosition: (at, next) => reading.reached(at, next),
  })
  try {
    await Promise.race([reading.until(source, options), aborted(options.signal)])
  } finally {
    reading.stop()
    await source.stop()
    await admin.deleteGroup(groupId).catch(() => undefined)
  }
}

const SESSION_MS = 10_000
const STALLED_MS = 30_000
/** More is not faster, and what the client makes of a fetch takes ten times its bytes. */
const FETCH_BYTES = { partition: 262_144, all: 2_097_152 }

function aborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    if (signal?.aborted === true) reject(signal.reason)
    else signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

class Reading {
  readonly #left: Map<string, ReadRange>
  readonly #onMessage: OnMessage
  /** Partitions that wait for what `onMessage` promised. */
  readonly #held = new Set<string>()
  /** Those of them whose last batch was not taken to its end. */
  readonly #partly = new Set<string>()
  readonly #promises = new Set<Promise<void>>()
  #source: KafkaSource | null = null
  #done: () => void = () => undefined
  #fail: (error: unknown) => void = () => undefined
  #moved = false

  constructor(left: Map<string, ReadRange>, onMessage: OnMessage) {
    this.#left = left
    this.#onMessage = onMessage
  }

  async until(source: KafkaSource, { clock }: ReaderOptions): Promise<void> {
    this.#source = source
    await new Promise<void>((resolve, reject) => {
      this.#done = resolve
      this.#fail = reject
      let movedAt = clock.monotonic()
      const watch = (): void => {
        if (this.#moved) movedAt = clock.monotonic()
        this.#moved = false
        const topics = [...new Set([...this.#left.values()].map(({ topic }) => topic))].join(', ')
        if (clock.monotonic() - movedAt > STALLED_MS) reject(new ReadStalled(topics))
        else if (this.#left.size > 0) clock.after(WATCH_MS, watch)
      }
      watch()
      source
        .start({
          revoking: () => Promise.resolve(),
          assigned: (partitions) => this.#assigned(partitions),
          messages: (at, batch) => this.#messages(at, batch),
          heartbeat: () => undefined,
          outOfRange: (at) => this.#finish(at),
        })
        .catch(reject)
    })
    await Promise.all(this.#promises)
  }

  stop(): void {
    this.#left.clear()
  }

  reached(at: TopicPartition, next: number): void {
    const range = this.#left.get(keyOf(at))
    if (range !== undefined && next >= range.end && !this.#partly.has(keyOf(at))) this.#finish(at)
  }

  #assigned(partitions: readonly TopicPartition[]): void {
    for (const at of partitions) {
      const range = this.#left.get(keyOf(at))
      if (range === undefined) continue
      this.#source?.seek(at, range.from)
      if (!this.#held.has(keyOf(at))) this.#source?.resume(at)
    }
  }

  #messages(at: TopicPartition, batch: readonly SourceMessage[]): number {
    const key = keyOf(at)
    const range = this.#left.get(key)
    if (range === undefined || this.#held.has(key)) return 0
    this.#moved = true
    for (const [index, message] of batch.entries()) {
      const isNew = message.offset >= range.from && message.offset < range.end
      const answer = isNew ? this.#tell(message) : undefined
      if (answer === false) {
        this.#left.clear()
        this.#done()
        return 0
      }
      if (!(answer instanceof Promise)) continue
      // Until the rest has come: what is said of the batch's end may arrive after the promise has settled.
      if (index + 1 < batch.length) this.#partly.add(key)
      else this.#partly.delete(key)
      this.#hold(at, range, message.offset + 1, answer)
      return index + 1
    }
    this.#partly.delete(key)
    // A rejoin goes on from here: nothing is told twice.
    this.#left.set(key, { ...range, from: (batch.at(-1)?.offset ?? range.from) + 1 })
    return batch.length
  }

  #tell(message: SourceMessage): ReturnType<OnMessage> {
    try {
      return this.#onMessage(message)
    } catch (error) {
      this.#fail(error)
      return false
    }
  }

  /** What is promised is in memory: of this partition there is no more of it than one message. */
  #hold(at: TopicPartition, range: ReadRange, next: number, promise: Promise<void>): void {
    const key = keyOf(at)
    this.#held.add(key)
    this.#left.set(key, { ...range, from: next })
    this.#source?.pause(at)
    const settled = promise.then(() => {
      this.#held.delete(key)
      this.#promises.delete(settled)
      this.#moved = true
      if (next >= range.end) this.#finish(at)
      else if (this.#left.has(key)) this.#source?.resume(at)
    })
    this.#promises.add(settled)
    settled.catch((error) => this.#fail(error))
  }

  #finish(at: TopicPartition): void {
    this.#source?.pause(at)
    this.#left.delete(keyOf(at))
    if (this.#left.size === 0) this.#done()
  }
}

const WATCH_MS = 200

const keyOf = (at: TopicPartition): string => `${at.topic}/${at.partition}`
