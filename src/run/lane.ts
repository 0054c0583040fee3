import type { SourceMessage, TopicPartition } from '../core/model.js'
import type { Cancel, Clock, Committer, EventSource, Metrics, StartOffset } from '../core/ports.js'
import type { Path } from '../core/work.js'
import { type CommitLoop, createCommitLoop } from './commits.js'
import type { Gate, GateShare } from './gate.js'
import { watchIdle } from './idle.js'
import { createInFlight, type Entry, type InFlight } from './in-flight.js'
import { createPauseSet, type PauseSet } from './pauses.js'
import { createMessageQueue, sizeOf } from './queue.js'

export interface LaneDeps {
  readonly at: TopicPartition
  /** The partition is of an events topic; else its events have waited already. */
  readonly fresh: boolean
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
  /** Messages came for a lane that closed its committer for want of work. */
  readonly onWake: () => void
}

/** `lost`: the committed offset lies outside the log, an operator must decide. `idle`: no work for a while, committer closed. */
export type LaneState = 'opening' | 'running' | 'lost' | 'idle' | 'draining' | 'closed'

export interface LaneFigures {
  readonly queued: number
  readonly held: number
  /** Messages of the partition that are not committed yet. */
  readonly lag: number
  /** Epoch ms, of the oldest message that is not in a commit. */
  readonly oldestTimestamp: number | null
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
  start(committer: Committer): void
  /** An operator accepts that events were lost: go on at the start of the log. */
  acceptLoss(): void
  /** In: `endOffset`, end of the partition as the broker said. Out: how many messages were taken. */
  offer(batch: readonly SourceMessage[], endOffset: number): number
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
  position = -1
  private committedTo = 0
  private endOffset = 0
  private readonly deps: LaneDeps
  private readonly share: GateShare
  private readonly flight: InFlight
  private readonly queue = createMessageQueue()
  private commits: CommitLoop | null = null
  private startOffset: StartOffset | null = null
  private idleTimer: Cancel | null = null
  private closed: (() => void)[] = []

  constructor(deps: LaneDeps) {
    this.deps = deps
    this.at = deps.at
    this.pauses = createPauseSet(deps.source, deps.at)
    this.share = deps.gate.join({
      fresh: deps.fresh,
      waitingBytes: () => this.waitingBytes(),
      admitNext: () => this.admitNext(),
      callEnded: (held) => this.flight.callEnded(held),
      oldest: () => this.flight.order.oldest(),
    })
    this.flight = createInFlight({
      ...{ path: deps.path, share: this.share, clock: deps.clock },
      onReady: () => this.release(),
      onFailed: (error) => this.fail(error),
    })
  }

  get figures(): LaneFigures {
    const { order } = this.flight
    const held = order.size() + (this.commits?.size() ?? 0)
    const oldest = order.first() ?? this.queue.first()
    const lag = Math.max(0, this.endOffset - this.committedTo)
    return { queued: this.queue.length(), held, lag, oldestTimestamp: oldest?.timestamp ?? null }
  }

  start(committer: Committer): void {
    const { clock, metrics, commit } = this.deps
    this.startOffset = committer.start
    this.commits = createCommitLoop({
      ...{ committer, order: this.flight.order, clock, metrics, commit },
      onCommitted: (entries, next) => this.committed(entries, next),
      onFailed: (error) => this.fail(error),
      onLateFailure: this.deps.onLateFailure,
    })
    if (committer.start.kind === 'events-lost') {
      this.state = 'lost'
      this.pauses.add('events-lost')
      this.pauses.delete('opening')
      return
    }
    this.runFrom(committer.start.offset)
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
    this.position = offset
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
    this.endOffset = endOffset
    if (this.state === 'idle') {
      this.pauses.add('opening')
      this.deps.onWake()
      return 0
    }
    if (this.state !== 'running') return 0
    const before = this.queue.length()
    for (const message of batch) {
      // Control records and compaction leave gaps; what lies below the position was taken before.
      if (message.offset < this.position) continue
      this.queue.push(message)
      this.position = message.offset + 1
    }
    this.deps.metrics.add('attestr_events_total', this.queue.length() - before)
    if (this.queue.isFull()) this.pauses.add('full')
    this.share.wantEvents()
    return batch.length
  }

  private waitingBytes(): number | null {
    const first = this.state === 'running' ? this.queue.first() : undefined
    return first === undefined ? null : sizeOf(first)
  }

  private admitNext(): void {
    const message = this.queue.shift()
    if (message === undefined) return
    if (this.queue.isLow()) this.pauses.delete('full')
    this.flight.admit(message)
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
      this.queue.clear()
      this.flight.drain()
    } else this.close()
    return done
  }

  private watchDrain(): void {
    if (this.state === 'draining' && this.flight.order.size() === 0 && this.commits?.size() === 0)
      this.close()
  }

  private lastWorkAt(): number {
    const { held, queued } = this.figures
    const busy = held > 0 || queued > 0
    return busy ? this.deps.clock.monotonic() : (this.commits?.lastAt() ?? 0)
  }

  private fallIdle(): void {
    if (this.state !== 'running') return
    this.state = 'idle'
    this.commits?.close()
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
    this.queue.clear()
    this.flight.abort()
    this.share.close()
    this.commits?.close()
    for (const resolve of this.closed) resolve()
  }
}
