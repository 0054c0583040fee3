import type { EachBatchPayload } from 'kafkajs'
import { causeOf } from '../../core/cause.js'
import type { TopicPartition } from '../../core/model.js'
import type { Cancel, Clock } from '../../core/ports.js'
import type { CreateConsumer, LibraryConsumer, NewConsumer } from './consumer.js'
import { withDeadline } from './deadline.js'
import type { FetchedBatch } from './group-hooks.js'
import type { ConsumerEnd } from './restarts.js'
import { createWatchdog, TICK_MS, type Watchdog, type WatchLimits } from './watchdog.js'

/** What a member of the group tells; after its end it tells nothing. */
export interface MemberEvents {
  /** Before each join. The join waits for the promise. */
  revoking(): Promise<void>
  /** Before the first fetch of the generation. */
  assigned(partitions: readonly TopicPartition[], counts: ReadonlyMap<string, number>): void
  heartbeat(): void
  accepts(batch: FetchedBatch): boolean
  batch(payload: EachBatchPayload): void
  /** Where the reading stands after a batch, control records included. */
  position(at: TopicPartition, next: number): void
  outOfRange(at: TopicPartition): void
  /** Joined, and without a fault for a minute since. */
  steady(): void
}

export interface MemberDeps {
  readonly create: CreateConsumer
  readonly topics: readonly string[]
  readonly limits: WatchLimits
  readonly clock: Clock
  readonly events: MemberEvents
}

/** One consumer of the library, from its first connection until it is of no use any more. */
export interface Member {
  /** It cannot go on, or was closed. */
  readonly ended: Promise<ConsumerEnd>
  /** The group is joined and read: it can be left. Resolves at the end too. */
  readonly settled: Promise<void>
  /** Null while it belongs to no group: then there is nothing to pause or to seek. */
  joined(): LibraryConsumer | null
  /** Leaves the group, if that can be done in time, and takes the connections away. */
  close(limitMs: number): Promise<void>
}

/** Connects, joins and reads; does not throw. */
export function openMember(deps: MemberDeps): Member {
  return new OneConsumer(deps)
}

const STEADY_MS = 60_000

class OneConsumer implements Member {
  readonly ended: Promise<ConsumerEnd>
  readonly settled: Promise<void>
  private readonly deps: MemberDeps
  private readonly made: NewConsumer
  private readonly watchdog: Watchdog
  private end: (end: ConsumerEnd) => void = () => undefined
  private settle: () => void = () => undefined
  private over = false
  private isJoined = false
  private joinedAt: number | null = null
  private cancelTick: Cancel = () => undefined
  private closing: Promise<void> | null = null

  constructor(deps: MemberDeps) {
    this.deps = deps
    this.watchdog = createWatchdog(() => deps.clock.monotonic(), deps.limits)
    this.ended = new Promise((resolve) => {
      this.end = resolve
    })
    this.settled = new Promise((resolve) => {
      this.settle = resolve
    })
    this.made = deps.create({
      revoking: () => this.revoking(),
      outOfRange: (at) => this.unlessOver(() => deps.events.outOfRange(at)),
      accepts: (batch) => !this.over && deps.events.accepts(batch),
    })
    this.listen(this.made.consumer)
    this.tick()
    this.run(this.made.consumer).catch((error) => this.finish({ kind: 'unreachable', cause: causeOf(error) }))
  }

  private async run(consumer: LibraryConsumer): Promise<void> {
    await consumer.connect()
    if (this.over) return
    await consumer.subscribe({ topics: [...this.deps.topics], fromBeginning: true })
    if (this.over) return
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: 64,
      eachBatch: async (payload) => this.unlessOver(() => this.deps.events.batch(payload)),
    })
  }

  private listen(consumer: LibraryConsumer): void {
    const { events } = consumer
    const told = this.deps.events
    consumer.on(events.GROUP_JOIN, ({ payload }) => this.assigned(payload.memberAssignment))
    consumer.on(events.HEARTBEAT, () =>
      this.unlessOver(() => {
        this.watchdog.heartbeat()
        told.heartbeat()
      }),
    )
    consumer.on(events.FETCH_START, ({ payload }) => {
      this.settle()
      this.watchdog.fetchMoved(payload.nodeId)
    })
    consumer.on(events.FETCH, ({ payload }) => this.watchdog.fetchMoved(payload.nodeId))
    consumer.on(events.END_BATCH_PROCESS, ({ payload: { topic, partition, lastOffset } }) =>
      this.unlessOver(() => told.position({ topic, partition }, Number(lastOffset) + 1)),
    )
    // The library has forgotten its group by now, and throws at whoever pauses.
    consumer.on(events.STOP, () => {
      this.isJoined = false
    })
    consumer.on(events.CRASH, ({ payload }) => this.finish({ kind: 'crash', cause: causeOf(payload.error) }))
  }

  private async revoking(): Promise<void> {
    if (this.over) return
    this.watchdog.joining()
    await this.deps.events.revoking()
  }

  private assigned(assignment: Readonly<Record<string, number[]>>): void {
    if (this.over) return
    this.watchdog.joined()
    this.isJoined = true
    this.joinedAt ??= this.deps.clock.monotonic()
    const { events, topics } = this.deps
    events.assigned(
      Object.entries(assignment).flatMap(([topic, list]) => list.map((partition) => ({ topic, partition }))),
      new Map(topics.map((topic) => [topic, this.made.partitionsOf?.(topic) ?? 0])),
    )
  }

  private tick(): void {
    const stuck = this.watchdog.tick()
    if (stuck !== null) {
      this.finish({ kind: stuck, cause: 'no answer' })
      return
    }
    if (this.joinedAt !== null && this.deps.clock.monotonic() - this.joinedAt > STEADY_MS) {
      this.joinedAt = null
      this.deps.events.steady()
    }
    this.cancelTick = this.deps.clock.after(TICK_MS, () => this.unlessOver(() => this.tick()))
  }

  private finish(end: ConsumerEnd): void {
    this.over = true
    this.cancelTick()
    this.settle()
    this.end(end)
  }

  private unlessOver(run: () => void): void {
    if (!this.over) run()
  }

  joined(): LibraryConsumer | null {
    return this.isJoined && !this.over ? this.made.consumer : null
  }

  close(limitMs: number): Promise<void> {
    this.closing ??= this.shut(limitMs)
    return this.closing
  }

  private async shut(limitMs: number): Promise<void> {
    this.over = true
    this.cancelTick()
    const { consumer, sockets } = this.made
    await withDeadline(limitMs, () => consumer.disconnect()).catch(() => undefined)
    sockets.close()
    this.finish({ kind: 'crash', cause: 'closed' })
  }
}
