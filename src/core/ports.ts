import type { Credential, Output, SourceMessage, TopicPartition } from './model.js'

export type Cancel = () => void

/** Time and timers. Wall time in epoch ms, `monotonic` in ms from any start; it never goes back. */
export interface Clock {
  now(): number
  monotonic(): number
  after(delayMs: number, run: () => void): Cancel
}

/** Uniform in [0, 1). */
export type Random = () => number

/**
 * Kafka as a source of messages, one consumer-group member.
 * All partitions are paused when `assigned` is called; nothing is read before `resume`.
 */
export interface EventSource {
  /** Joins the group. Retries for ever until `stop`; rejects only on a fault that waiting cannot mend. */
  start(listener: SourceListener): Promise<void>
  pause(at: TopicPartition): void
  resume(at: TopicPartition): void
  /** The next message read of this partition is the first one at or after `offset`. */
  seek(at: TopicPartition, offset: number): void
  /** Leaves the group. */
  stop(): Promise<void>
}

export interface SourceListener {
  /** Called before the member gives up its partitions; the rejoin waits for the promise, which is bounded by the listener. */
  revoking(): Promise<void>
  /**
   * A new generation with these partitions, all paused. Synchronous: nothing is read before it returns.
   * `counts`: partitions of each topic that the group reads, as far as they are known.
   */
  assigned(partitions: readonly TopicPartition[], counts?: ReadonlyMap<string, number>): void
  /**
   * Messages in offset order, gaps allowed. Returns how many were taken, counted from the first; the others are
   * offered again, at once unless the partition is paused. `endOffset`: end of the partition as the broker last said.
   * Synchronous.
   */
  messages(at: TopicPartition, batch: readonly SourceMessage[], endOffset: number): number
  /** A heartbeat was answered within the present generation: the membership is alive. */
  heartbeat(): void
  /** The broker says that the position lies outside the log; nothing was reset. The partition is paused. */
  outOfRange(at: TopicPartition): void
}

/** A batch is written whole with the offset to go on from, or not at all. */
export interface CommitBatch {
  readonly outputs: readonly Output[]
  /** The offset after the last message whose end is in this batch. */
  readonly next: number
  /** Each output in a record batch of its own: then only a record that is too large by itself is refused. */
  readonly apart?: boolean
}

/** The broker stores nothing so large: the offset was not moved, and the committer that threw this can go on. */
export class BatchTooLarge extends Error {
  constructor() {
    super('the broker refused a batch as too large')
    this.name = 'BatchTooLarge'
  }
}

/** Where a lane goes on. `events-lost`: the committed offset lies outside the log; the lane waits for an operator. */
export type StartOffset =
  | { readonly kind: 'start'; readonly offset: number }
  | { readonly kind: 'events-lost'; readonly from: number; readonly to: number }

/** Belongs to one partition and one assignment; after a throw, but for BatchTooLarge, it is of no use but for `close`. */
export interface Committer {
  readonly start: StartOffset
  /** Throws BatchTooLarge; throws when it is unknown or false that the batch was written. */
  commit(batch: CommitBatch): Promise<void>
  close(): Promise<void>
}

/** Opens committers: fences whoever had the partition before, then reads where to go on, in this order. */
export interface Delivery {
  /**
   * A promise a partition, in the given order; none rejects, and none waits for another partition. When the signal aborts,
   * what is not open yet is given up, and fences nobody any more if it has not begun to.
   */
  open(list: readonly TopicPartition[], signal: AbortSignal): readonly Promise<Committer | Error>[]
  close(): Promise<void>
}

/** Asks for the right to hold bytes while a body arrives. Source: house.md section 1, gate. */
export interface BodyBudget {
  /** The body will have this many bytes. Null: granted at once; else wait for the promise before reading. */
  admit(totalBytes: number): Promise<void> | null
  /** A body without a known length has grown to so many bytes; never waits. */
  grown(totalBytes: number): void
}

export interface ResultCall {
  readonly handshakeId: string
  readonly credential: Credential
  readonly budget: BodyBudget
  readonly signal: AbortSignal
  /** Ms after which nobody waits for an answer, where that is shorter than the time-out of every call. */
  readonly limitMs?: number
  /** The request goes on the wire; never told of one that does not. */
  readonly onSent: () => void
}

/**
 * One answer of the API, or the way in which there was none. `body` holds the bytes after the content coding is undone.
 * `fault`: timeout, reset, truncated, connect: nothing that could be used arrived. `detail` is a fixed word, never text from outside.
 */
export type ApiAnswer =
  | {
      readonly kind: 'answer'
      readonly status: number
      readonly body: Buffer
      readonly retryAfter: string | null
      /** Epoch ms, end of the call. */
      readonly finishedAt: number
    }
  | { readonly kind: 'too-large'; readonly status: number }
  | {
      readonly kind: 'fault'
      readonly detail: 'timeout' | 'reset' | 'truncated' | 'connect' | 'undecodable-encoding'
    }
  | { readonly kind: 'aborted' }

/** One HTTP call, no retries. Never throws. */
export interface ResultApi {
  call(request: ResultCall): Promise<ApiAnswer>
  close(): Promise<void>
}

/** Fields of a decoded Avro event; values as the writer sent them. */
export type AvroEvent = Readonly<Record<string, unknown>>

/** Reads Avro events in Confluent framing. */
export interface EventReader {
  /**
   * Out: the fields; `unknown-schema` when the registry has no such id; `undecodable` when the bytes do not fit.
   * Throws when the registry cannot be reached: that is waited for, never dead-lettered.
   */
  read(
    framed: Buffer,
  ): AvroEvent | 'unknown-schema' | 'undecodable' | Promise<AvroEvent | 'unknown-schema' | 'undecodable'>
}

/** Encodes one record kind for one topic, Confluent framing included. Throws RecordUnencodable. */
export type Encoder<T> = (record: T) => Buffer

/** A record that does not fit its schema. `path` is a schema path, never a value. */
export class RecordUnencodable extends Error {
  readonly path: string
  constructor(path: string) {
    super(`record does not fit its schema at ${path}`)
    this.name = 'RecordUnencodable'
    this.path = path
  }
}

/** Keeps media by their reference, which is made of the content: whoever writes one name writes the same content. */
export interface MediaStore {
  /**
   * Resolves when it is stored durably. In: `bytes` makes what is stored; not asked where it is stored already. `signal`: nobody
   * waits for it any more. Throws MediaStoreDown, also for that; RangeError for what is no reference.
   */
  put(reference: string, bytes: () => Buffer, signal: AbortSignal): Promise<void>
  /** Null: nothing is stored under it. Throws as `put`. */
  get(reference: string): Promise<Buffer | null>
}

/** The store does not take or give what it should; waiting for it, or for an operator, may mend that. */
export class MediaStoreDown extends Error {
  /** Names and codes alone. */
  readonly word: string
  constructor(word: string) {
    super(`the media store fails: ${word}`)
    this.name = 'MediaStoreDown'
    this.word = word
  }
}

export type LogFields = Readonly<Record<string, string | number | boolean | null | readonly string[]>>

/** Logs name ids, codes and paths, never values; error objects of libraries are never passed. */
export interface Log {
  debug(event: string, fields?: LogFields): void
  info(event: string, fields?: LogFields): void
  warn(event: string, fields?: LogFields): void
  error(event: string, fields?: LogFields): void
}

/** The closed list of metrics is core/names.ts. */
export interface Metrics {
  add(name: string, amount: number, labels?: Readonly<Record<string, string>>): void
  set(name: string, value: number, labels?: Readonly<Record<string, string>>): void
  observe(name: string, value: number, labels?: Readonly<Record<string, string>>): void
}
