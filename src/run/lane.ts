import type { SourceMessage, TopicPartition } from '../core/model.js'
import type { Cancel, Clock, Committer, EventSource, Metrics, StartOffset } from '../core/ports.js'
import type { Path } from '../core/work.js'
import { type Admission, createAdmission } from './admission.js'
import { type CommitLoop, createCommitLoop } from './commits.js'
import type { Gate, GateShare } from './gate.js'
import { watchIdle } from './idle.js'
import { createInFlight, type Entry, type InFlight } from './in-flight.js'
import { createIntake, type Intake } from './intake.js'
import type { LaneFigures, LaneState } from './lane-figures.js'
import { createPauseSet, type PauseSet } from './pauses.js'
import type { LaneSystem } from './system-pauses.js'

export interface LaneDeps extends LaneSystem {
  readonly at: TopicPartition
  /** How long messages of this topic wait at most; null: an events topic, where nothing waits. */
  readonly delayMs: number | null
  readonly gate: Gate
  readonly path: Path
  readonly source: Pick<EventSource, 'pause' | 'resume' | 'seek'>
  readonly clock: Clock
  readonly metrics: Metrics
  readonly commit: { readonly intervalMs: number; readonly maxEvents: number }
  /** Called once, when the lane can go on no more; it is closed already. */
  readonly onFailed: (error: Error) => void
  /** A commit failed that was under way when the lane was closed. */
  readonly onLateFailure: (error: unknown) => void
  /** There is work for a lane that closed its committer for want of it. */
  readonly onWake: () => void
}

/**
 * One lane owns one partition for one assignment: order, work in flight, the batch being built, why it is paused.
 * It is never used again after `close`. It knows a path and a committer, not Kafka.
 *
 * Source: house.md section 1; kafkajs-exactly-once.md section 2
 */
export interface Lane {
  readonly at: TopicPartition
  readonly state: LaneState
  readonly pauses: PauseSet
  /** Offset after the last message taken; -1 before the start. */
  readonly position: number
  readonly figures: LaneFigures
  /** Signals of the events that are not finished, in order. */
  working(): readonly AbortSignal[]
  readonly admission: Admission
  start(committer: Committer): void
  /** Begins idle, without a committer: its first message wakes it. */
  rest(): void
  /** An operator accepts that events were lost: go on at the start of the log. */
  acceptLoss(): void
  /** In: `endOffset`, end of the partition as the broker said. Out: how many messages were taken. */
  offer(batch: readonly SourceMessage[], endOffset: number): number
  readonly seeEnd: Intake['seeEnd']
  /** Finishes what is in flight and commits it; drops the rest. Resolves when the lane is closed. */
  drain(): Promise<void>
  /** Drops everything; the committer is closed when its last call has settled. */
  close(): void
}

export function createLane(deps: LaneDeps): Lane {
  return new PartitionLane(deps)
}

class PartitionLane implements Lane {
  readonly at: TopicPartition
  readonly pauses: PauseSet
  state: LaneState = 'opening'
  readonly admission: Admission
  readonly working = (): readonly AbortSignal[] => this.flight.working()
  private readonly lets = (): boolean => this.state === 'running' && this.admission.lets()
  readonly seeEnd = (endOffset: number): void => this.intake.seeEnd(endOffset)
  private committedTo = 0
  private readonly deps: LaneDeps
  private readonly share: GateShare
  private readonly flight: InFlight
  private readonly intake: Intake
  private commits: CommitLoop | null = null
  private startOffset: StartOffset | null = null
  private idleTimer: Cancel | null = null
  private closed: (() => void)[] = []

  constructor(deps: LaneDeps) {
    this.deps = deps
    this.at = deps.at
    this.pauses = createPauseSet(deps.source, deps.at)
    const { clock, delayMs } = deps
    this.intake = createIntake({ pauses: this.pauses, clock, delayMs, onDue: () => this.fallDue() })
    this.share = deps.gate.join({
      fresh: delayMs === null,
      waitingBytes: () => (this.lets() ? this.intake.waitingBytes() : null),
      admitNext: () => this.admitNext(),
      callEnded: (held) => this.flight.callEnded(held),
      oldest: () => this.flight.order.oldest(),
    })
    this.admission = createAdmission(this.share, { length: () => this.intake.figures.queued })
    this.flight = createInFlight({
      ...deps,
      share: this.share,
      onReady: () => this.release(),
      onFailed: (error) => this.fail(error),
    })
  }

  get position(): number {
    return this.intake.position
  }

  get figures(): LaneFigures {
    const { order } = this.flight
    const { queued, delayed, endOffset, oldestTimestamp } = this.intake.figures
    const held = order.size() + (this.commits?.size() ?? 0)
    const isEmpty = this.state === 'idle' && this.pauses.reasons().length === 0
    const lag = isEmpty ? 0 : Math.max(0, endOffset - this.committedTo)
    return { queued, held, lag, delayed, oldestTimestamp: order.first()?.since ?? oldestTimestamp }
  }

  start(committer: Committer): void {
    this.startOffset = committer.start
    this.commits = createCommitLoop({
      ...{ ...this.deps, committer, order: this.flight.order },
      onCommitted: (entries, next) => this.committed(entries, next),
      onFailed: (error) => this.fail(error),
    })
    if (committer.start.kind === 'events-lost') {
      this.state = 'lost'
      this.committedTo = committer.start.to
      this.pauses.add('events-lost')
      this.pauses.delete('opening')
      return
    }
    this.runFrom(committer.start.offset)
    this.pauses.delete('opening')
  }

  rest(): void {
    this.state = 'idle'
    this.pauses.delete('opening')
  }

  acceptLoss(): void {
    const start = this.startOffset
    if (this.state !== 'lost' || start?.kind !== 'events-lost') return
    // Else the next owner would ask again, and for ever while nothing comes behind the gap.
    this.commits?.moveTo(start.to)
    this.runFrom(start.to)
    this.pauses.delete('events-lost')
  }

  private runFrom(offset: number): void {
    this.intake.beginAt(offset)
    this.committedTo = offset
    this.deps.source.seek(this.at, offset)
    this.state = 'running'
    const begin = this.deps.clock.monotonic()
    this.idleTimer = watchIdle(
      this.deps.clock,
      () => Math.max(begin, this.lastWorkAt()),
      () => this.fallIdle(),
    )
  }

  offer(batch: readonly SourceMessage[], endOffset: number): number {
    if (this.state === 'idle') this.wake()
    if (this.state !== 'running') return 0
    this.intake.take(batch, endOffset)
    this.share.wantEvents()
    return batch.length
  }

  private wake(): void {
    this.pauses.add('opening')
    this.deps.onWake()
  }

  private fallDue(): void {
    if (this.state !== 'idle') {
      this.pauses.delete('due')
      this.share.wantEvents()
    } else this.wake()
  }

  private admitNext(): void {
    const message = this.intake.shift()
    if (message === undefined) return
    this.deps.metrics.add('attestr_events_total', 1)
    this.admission.used()
    this.flight.admit(message, this.intake.since(message))
  }

  private release(): void {
    this.commits?.soon(this.state === 'draining')
    this.watchDrain()
  }

  private committed(entries: readonly Entry[], next: number): void {
    if (this.state === 'closed') return
    this.committedTo = next
    this.share.leave(entries)
    this.watchDrain()
  }

  drain(): Promise<void> {
    if (this.state === 'closed') return Promise.resolve()
    const done = new Promise<void>((resolve) => this.closed.push(resolve))
    if (this.state === 'draining') return done
    this.pauses.add('draining')
    if (this.state === 'running') {
      this.state = 'draining'
      this.intake.stop()
      this.flight.drain()
    } else this.close()
    return done
  }

  private watchDrain(): void {
    if (this.state === 'draining' && this.flight.order.size() === 0 && this.commits?.size() === 0)
      this.close()
  }

  private lastWorkAt(): number {
    if (this.figures.held > 0 || this.intake.hasWork()) return this.deps.clock.monotonic()
    return this.commits?.lastAt() ?? 0
  }

  private fallIdle(): void {
    if (this.state !== 'running') return
    this.state = 'idle'
    this.commits?.close()
    this.intake.rest()
  }

  private fail(error: unknown): void {
    if (this.state === 'closed') return
    this.close()
    this.deps.onFailed(error instanceof Error ? error : new Error('a path threw something that is no error'))
  }

  close(): void {
    if (this.state === 'closed') return
    this.state = 'closed'
    this.idleTimer?.()
    this.intake.stop()
    this.flight.abort()
    this.share.close()
    this.commits?.close()
    for (const resolve of this.closed) resolve()
  }
}
