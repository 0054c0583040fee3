import { causeOf } from '../core/cause.js'
import type { SourceMessage, TopicPartition } from '../core/model.js'
import type { Clock, Committer, Delivery, EventSource, Log, Metrics, SourceListener } from '../core/ports.js'
import type { Path } from '../core/work.js'
import type { Gate } from './gate.js'
import { createLane, type Lane } from './lane.js'
import { createSystemPauses, type LaneSystem, type PausedLanes, type SystemPauses } from './system-pauses.js'

export interface LanesDeps extends LaneSystem {
  readonly source: EventSource
  readonly delivery: Delivery
  readonly gate: Gate
  readonly path: Path
  /** How long messages of a topic wait at most; null, or left out: nothing waits there. */
  readonly delayOf?: (topic: string) => number | null
  readonly clock: Clock
  readonly metrics: Metrics
  readonly log: Log
  readonly commit: { readonly intervalMs: number; readonly maxEvents: number }
  readonly sessionTimeoutMs: number
  readonly rebalanceDrainMs: number
}

/**
 * The lanes of the present assignment: opened when partitions come, drained before they go.
 *
 * A lane that failed is opened anew only after a heartbeat of the same generation was answered: a process that woke up
 * from a freeze would otherwise fence the rightful owner.
 * Source: kafkajs-exactly-once.md section 2
 */
export interface Lanes extends SourceListener {
  /** What all lanes are paused for, those included that are opened meanwhile. */
  readonly paused: PausedLanes
  list(): readonly Lane[]
  /** Monotonic ms of the last proof that the membership is alive; -Infinity before the first assignment. */
  aliveAt(): number
  /** Finishes what is in flight, at most `limitMs`, then drops the rest. No lane is opened afterwards. */
  drain(limitMs: number): Promise<void>
  /** Drops everything at once. No lane is opened afterwards. */
  abort(): void
  /** An operator accepts that events were lost. Out: how many partitions go on. */
  acceptLoss(): number
}

export function createLanes(deps: LanesDeps): Lanes {
  return new AssignedLanes(deps)
}

interface Wish {
  readonly at: TopicPartition
  readonly notBefore: number
}

const FIRST_REOPEN_MS = 100
const MAX_REOPEN_MS = 10_000
/** A lane that held so long before it failed again did not fail in a row. */
const FORGET_MS = 60_000

class AssignedLanes implements Lanes {
  private readonly deps: LanesDeps
  private readonly lanes = new Map<string, Lane>()
  /** Partitions to open at a heartbeat. */
  private readonly wishes = new Map<string, Wish>()
  private readonly failures = new Map<string, { readonly count: number; readonly at: number }>()
  /** Gaps that were told, by partition. */
  private readonly gaps = new Map<string, string>()
  private generation = 0
  private assignment = new AbortController()
  private heartbeatAt = Number.NEGATIVE_INFINITY
  private stopping = false
  readonly paused: SystemPauses

  constructor(deps: LanesDeps) {
    this.deps = deps
    this.paused = createSystemPauses(() => this.list())
  }

  list(): readonly Lane[] {
    return [...this.lanes.values()]
  }

  aliveAt(): number {
    return this.heartbeatAt
  }

  assigned(partitions: readonly TopicPartition[]): void {
    this.generation += 1
    this.closeAll()
    this.heartbeatAt = this.deps.clock.monotonic()
    this.deps.metrics.add('attestr_rebalances_total', 1)
    this.deps.log.info('partitions-assigned', { generation: this.generation, partitions: partitions.length })
    if (this.stopping) return
    const waits = ({ topic }: TopicPartition): boolean => (this.deps.delayOf?.(topic) ?? null) !== null
    // Most partitions of retry and replay topics are empty most of the time: they open nothing before a message comes.
    for (const at of partitions.filter(waits)) this.createLane(at).rest()
    this.open(partitions.filter((at) => !waits(at)))
  }

  messages(at: TopicPartition, batch: readonly SourceMessage[], endOffset: number): number {
    const lane = this.lanes.get(keyOf(at))
    if (lane === undefined) return 0
    const taken = lane.offer(batch, endOffset)
    this.paused.offered(lane)
    return taken
  }

  heartbeat(): void {
    const now = this.deps.clock.monotonic()
    this.heartbeatAt = now
    if (this.stopping || this.wishes.size === 0) return
    const due = [...this.wishes.values()].filter((wish) => wish.notBefore <= now)
    for (const { at } of due) this.wishes.delete(keyOf(at))
    if (due.length > 0) this.open(due.map((wish) => wish.at))
  }

  outOfRange(at: TopicPartition): void {
    const lane = this.lanes.get(keyOf(at))
    if (lane?.state !== 'running' && lane?.state !== 'idle') return
    const { topic, partition } = at
    this.deps.log.warn('position-out-of-range', { topic, partition, position: lane.position })
    this.reopen(lane)
  }

  async revoking(): Promise<void> {
    await this.drainAll(this.deps.rebalanceDrainMs)
    this.closeAll()
  }

  async drain(limitMs: number): Promise<void> {
    this.stopping = true
    await this.drainAll(limitMs)
    this.closeAll()
  }

  abort(): void {
    this.stopping = true
    this.closeAll()
  }

  acceptLoss(): number {
    const lost = this.list().filter((lane) => lane.state === 'lost')
    for (const lane of lost) lane.acceptLoss()
    return lost.length
  }

  private async drainAll(limitMs: number): Promise<void> {
    const lanes = this.list()
    if (lanes.length === 0) return
    let cancel = (): void => undefined
    const limit = new Promise<void>((resolve) => {
      cancel = this.deps.clock.after(limitMs, resolve)
    })
    await Promise.race([Promise.all(lanes.map((lane) => lane.drain())), limit])
    cancel()
  }

  private closeAll(): void {
    // What is still being opened would fence the next owner.
    this.assignment.abort()
    this.assignment = new AbortController()
    this.wishes.clear()
    this.failures.clear()
    for (const lane of this.lanes.values()) lane.close()
    this.lanes.clear()
  }

  /** In: partitions that the source has paused. */
  private open(partitions: readonly TopicPartition[]): void {
    const opening = partitions.map((at) => this.createLane(at))
    const opened = this.deps.delivery.open(partitions, this.assignment.signal)
    for (const [index, lane] of opening.entries()) {
      const missing = new Error('delivery opened nothing')
      void (opened[index] ?? Promise.resolve(missing)).then((result) => this.opened(lane, result))
    }
  }

  private createLane(at: TopicPartition): Lane {
    const lane: Lane = createLane({
      ...this.deps,
      at,
      delayMs: this.deps.delayOf?.(at.topic) ?? null,
      onFailed: (error) => this.failed(lane, error),
      onLateFailure: (error) =>
        this.deps.log.info('late-commit-failed', {
          topic: at.topic,
          partition: at.partition,
          cause: causeOf(error),
        }),
      onWake: () => this.wake(lane),
    })
    this.lanes.set(keyOf(at), lane)
    this.paused.joined(lane)
    return lane
  }

  private opened(lane: Lane, result: Committer | Error): void {
    if (result instanceof Error) {
      const closed = lane.state === 'closed'
      lane.close()
      if (!closed) this.failed(lane, result)
      return
    }
    if (lane.state !== 'opening') {
      result.close().catch(() => undefined)
      return
    }
    lane.start(result)
    if (result.start.kind === 'start') return
    const { from, to } = result.start
    const key = keyOf(lane.at)
    const gap = `${from}-${to}`
    // A lane is opened again at each rebalance: a gap is told once.
    if (this.gaps.get(key) === gap) return
    this.gaps.set(key, gap)
    this.deps.metrics.add('attestr_events_lost_total', Math.max(0, to - from), { topic: lane.at.topic })
    this.deps.log.error('events-lost', { topic: lane.at.topic, partition: lane.at.partition, from, to })
  }

  private failed(lane: Lane, error: Error): void {
    const key = keyOf(lane.at)
    if (this.lanes.get(key) !== lane) return
    const now = this.deps.clock.monotonic()
    const last = this.failures.get(key)
    const failures = last !== undefined && now - last.at < FORGET_MS ? last.count + 1 : 1
    const waitMs = Math.min(FIRST_REOPEN_MS * 2 ** (failures - 1), MAX_REOPEN_MS)
    this.failures.set(key, { count: failures, at: now })
    this.wishes.set(key, { at: lane.at, notBefore: now + waitMs })
    this.deps.source.pause(lane.at)
    this.deps.metrics.add('attestr_lane_failures_total', 1)
    const { topic, partition } = lane.at
    this.deps.log.warn('lane-failed', { topic, partition, failures, cause: causeOf(error) })
  }

  private wake(lane: Lane): void {
    if (!this.stopping && this.lanes.get(keyOf(lane.at)) === lane) this.reopen(lane)
  }

  /** At once when the membership is known to be alive, else at the next heartbeat. */
  private reopen(lane: Lane): void {
    lane.close()
    const alive = this.deps.clock.monotonic() - this.heartbeatAt < this.deps.sessionTimeoutMs / 2
    if (alive) this.open([lane.at])
    else this.wishes.set(keyOf(lane.at), { at: lane.at, notBefore: 0 })
  }
}

const keyOf = (at: TopicPartition): string => `${at.topic}/${at.partition}`
