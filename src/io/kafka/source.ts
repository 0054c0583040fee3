import type { EachBatchPayload } from 'kafkajs'
import { sleep } from '../../core/abort.js'
import type { TopicPartition } from '../../core/model.js'
import type { Clock, EventSource, Log, Metrics, SourceListener } from '../../core/ports.js'
import type { KafkaConnection } from './client.js'
import {
  type CreateConsumer,
  consumersOf,
  type LibraryConsumer,
  rebalanceTimeoutOf,
  requestTimeoutOf,
} from './consumer.js'
import type { FetchedBatch } from './group-hooks.js'
import { type Member, type MemberEvents, openMember } from './member.js'
import { sourceMessage } from './messages.js'
import { skippedPatches } from './patches.js'
import { createPositions } from './positions.js'
import { createRestarts, type Restarts } from './restarts.js'

export interface KafkaSourceOptions {
  readonly connection: KafkaConnection
  readonly groupId: string
  readonly topics: readonly string[]
  readonly sessionTimeoutMs: number
  readonly rebalanceDrainMs: number
  readonly clock: Clock
  readonly log: Log
  /** Left out: nobody counts. */
  readonly metrics?: Metrics
  /** Most bytes of one fetch, for one that takes all it is given. Default: little, because what lanes do not take is read again. */
  readonly fetchBytes?: { readonly partition: number; readonly all: number }
  /** Told where a partition's reading stands after each batch, control records included. */
  readonly onPosition?: (at: TopicPartition, next: number) => void
}

/** The right to commit offsets of a partition for as long as its present assignment lasts. For at-least-once delivery. */
export interface Claim {
  /** Throws when the partition was given up meanwhile, and when it is unknown whether the offset was committed. */
  commit(next: number): Promise<void>
}

/** A member of a consumer group that comes back by itself, whatever ends it. */
export interface KafkaSource extends EventSource {
  claim(at: TopicPartition): Claim
}

/** A consumer that is of no use any more is left behind after so long; the broker notices by itself later. */
const DISCARD_MS = 1000
/** A stop leaves the group in order. */
const LEAVE_MS = 5000
/** From the first connection to the join. */
const CONNECT_MS = 20_000
const NO_METRICS: Metrics = { add: () => undefined, set: () => undefined, observe: () => undefined }

export function createKafkaSource(options: KafkaSourceOptions): KafkaSource {
  return createGroupSource(options, consumersOf(options))
}

/** In: `create`, which makes consumers: those of the library, or doubles. */
export function createGroupSource(options: KafkaSourceOptions, create: CreateConsumer): KafkaSource {
  return new GroupSource(options, create)
}

class GroupSource implements KafkaSource {
  private readonly options: KafkaSourceOptions
  private readonly create: CreateConsumer
  private readonly restarts: Restarts
  private readonly positions = createPositions()
  private readonly ending = new AbortController()
  private member: Member | null = null
  private serving: Promise<void> = Promise.resolve()
  /** Partitions were assigned at some time: there may be work to finish before the next join. */
  private hadPartitions = false
  /** Raised whenever partitions are given up or given. */
  private assignment = 0
  private firstJoined: () => void = () => undefined

  constructor(options: KafkaSourceOptions, create: CreateConsumer) {
    this.options = options
    this.create = create
    const { connection, log, metrics = NO_METRICS } = options
    this.restarts = createRestarts({ brokers: connection.brokers, log, metrics })
  }

  async start(listener: SourceListener): Promise<void> {
    const patches = skippedPatches()
    if (patches.length > 0) this.options.log.info('patches-skipped', { patches })
    const joined = new Promise<void>((resolve) => {
      this.firstJoined = resolve
    })
    this.serving = this.serve(listener)
    await Promise.race([joined, this.serving])
  }

  /** One consumer after another, until the stop. */
  private async serve(listener: SourceListener): Promise<void> {
    const { clock, topics, sessionTimeoutMs } = this.options
    const { signal } = this.ending
    const requestMs = requestTimeoutOf(this.options)
    const limits = {
      joinMs: 2 * rebalanceTimeoutOf(this.options) + CONNECT_MS,
      fetchMs: 3 * requestMs,
      heartbeatMs: 2 * sessionTimeoutMs,
    }
    while (!signal.aborted) {
      const member = openMember({
        create: this.create,
        topics,
        limits,
        clock,
        events: this.eventsFor(listener),
      })
      this.member = member
      const end = await member.ended
      this.assignment += 1
      await member.close(DISCARD_MS)
      if (!signal.aborted) await sleep(clock, this.restarts.ended(end), signal)
    }
  }

  private eventsFor(listener: SourceListener): MemberEvents {
    return {
      revoking: async () => {
        if (this.hadPartitions) await listener.revoking()
        this.assignment += 1
      },
      assigned: (partitions, counts) => this.assigned(partitions, counts, listener),
      heartbeat: () => listener.heartbeat(),
      accepts: (batch) => this.accepts(batch),
      batch: (payload) => this.take(payload, listener),
      position: (at, next) => this.options.onPosition?.(at, next),
      outOfRange: (at) => {
        this.pause(at)
        listener.outOfRange(at)
      },
      steady: () => this.restarts.steady(),
    }
  }

  /** Pauses of an earlier assignment are still in force. */
  private assigned(
    partitions: readonly TopicPartition[],
    counts: ReadonlyMap<string, number>,
    listener: SourceListener,
  ): void {
    this.assignment += 1
    this.hadPartitions = true
    this.positions.clear()
    for (const at of partitions) this.pause(at)
    this.firstJoined()
    if (!this.ending.signal.aborted) listener.assigned(partitions, counts)
  }

  private accepts(batch: FetchedBatch): boolean {
    const expected = this.positions.check(batch)
    if (typeof expected !== 'number') return true
    this.options.log.debug('batch-dropped', { ...batch.at, fetched: batch.fetchedOffset, expected })
    this.seek(batch.at, expected)
    return false
  }

  /** No await between the lane's answer and resolveOffset: a lane must not change in between. */
  private take(
    { batch, resolveOffset, isRunning, isStale }: EachBatchPayload,
    listener: SourceListener,
  ): void {
    if (isStale() || !isRunning()) return
    const at = { topic: batch.topic, partition: batch.partition }
    const before = this.positions.of(at)
    const messages = batch.messages.map((message) => sourceMessage(at, message))
    const taken = listener.messages(at, messages, Number(batch.highWatermark))
    const last = batch.messages[taken - 1]
    // A batch that is not taken comes again at once unless its partition is paused.
    if (last === undefined) {
      this.pause(at)
      return
    }
    resolveOffset(last.offset)
    // The library steps over the control records behind the last message; a seek in between has the last word.
    const resolved = taken === batch.messages.length ? batch.lastOffset() : last.offset
    this.positions.advance(at, before, Number(resolved) + 1)
  }

  private consumer(): LibraryConsumer | null {
    return this.member?.joined() ?? null
  }

  // Without a group there is nothing to do: the next assignment pauses everything and seeks anew anyway.
  pause({ topic, partition }: TopicPartition): void {
    this.consumer()?.pause([{ topic, partitions: [partition] }])
  }

  resume({ topic, partition }: TopicPartition): void {
    this.consumer()?.resume([{ topic, partitions: [partition] }])
  }

  seek(at: TopicPartition, offset: number): void {
    this.positions.sought(at, offset)
    this.consumer()?.seek({ topic: at.topic, partition: at.partition, offset: String(offset) })
  }

  claim({ topic, partition }: TopicPartition): Claim {
    const mine = this.assignment
    const present = (): LibraryConsumer => {
      const consumer = this.consumer()
      if (consumer === null || this.assignment !== mine) throw new Error('the partition was given up')
      return consumer
    }
    return {
      commit: async (next) => {
        await present().commitOffsets([{ topic, partition, offset: String(next) }])
        // A consumer that has stopped meanwhile says nothing, and has committed nothing.
        present()
      },
    }
  }

  async stop(): Promise<void> {
    this.ending.abort()
    const { member } = this
    if (member !== null) {
      // Leaving in the middle of a join leaves a ghost: the group would wait for it until the session timeout.
      await this.within(this.options.sessionTimeoutMs / 3, member.settled)
      await member.close(LEAVE_MS)
    }
    await this.serving
  }

  private within(limitMs: number, done: Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.options.clock.after(limitMs, resolve)
      void done.then(() => {
        cancel()
        resolve()
      })
    })
  }
}
