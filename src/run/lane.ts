import type { SourceMessage, TopicPartition } from '../core/model.js'
import type { Cancel, Clock, Committer, EventSource, Metrics, StartOffset } from '../core/ports.js'
import { createReleaseOrder, type Slot } from '../core/release.js'
import type { CallSlot, EventEnd, Path, Ticket } from '../core/work.js'
import { type CommitLoop, createCommitLoop } from './commits.js'
import type { Gate, GateShare, Held } from './gate.js'
import { watchIdle } from './idle.js'
import { createPauseSet, type PauseSet } from './pauses.js'
import { createMessageQueue, sizeOf } from './queue.js'

export interface LaneDeps {
  readonly at: TopicPartition
  readonly gate: Gate
  readonly path: Path
  readonly source: Pick<EventSource, 'pause' | 'resume' | 'seek'>
  readonly clock: Clock
  readonly metrics: Metrics
  readonly commit: { readonly intervalMs: number; readonly maxEvents: number }
  /** Called once, when the lane can go on no more; it is closed already. */
  readonly onFailed: (error: Error) => void
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
  /** Epoch ms, of the oldest message that is not finished. */
  readonly oldestTimestamp: number | null
}

interface Entry extends Held {
  /** Epoch ms. The message itself is not kept: it may be large, and its bytes are no longer counted. */
  readonly timestamp: number
  /** Null when the work has ended: what hangs on the signal is to be freed before the commit. */
  controller: AbortController | null
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
  private readonly order = createReleaseOrder<Entry, EventEnd>()
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
      waitingBytes: () => this.waitingBytes(),
      admitNext: () => this.admitNext(),
      callEnded: (held) => this.callEnded(held),
      oldest: () => this.order.oldest(),
    })
  }

  get figures(): LaneFigures {
    const held = this.order.size() + (this.commits?.size() ?? 0)
    const oldest = this.order.oldest() ?? this.queue.first()
    const lag = Math.max(0, this.endOffset - this.committedTo)
    return { queued: this.queue.length(), held, lag, oldestTimestamp: oldest?.timestamp ?? null }
  }

  start(committer: Committer): void {
    const { clock, metrics, commit } = this.deps
    this.startOffset = committer.start
    this.commits = createCommitLoop({
      ...{ committer, order: this.order, clock, metrics, commit },
      onCommitted: (entries, next) => this.committed(entries, next),
      onFailed: (error) => this.fail(error),
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
    for (const message of batch) {
      // Control records and compaction leave gaps; what lies below the position was taken before.
      if (message.offset < this.position) continue
      this.queue.push(message)
      this.position = message.offset + 1
    }
    this.deps.metrics.add('attestr_events_total', batch.length)
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
    const controller = new AbortController()
    const entry: Entry = {
      offset: message.offset,
      account: null,
      timestamp: message.timestamp,
      controller,
    }
    const ticket: Ticket = { signal: controller.signal, calls: 0, callSlot: () => this.callSlot(entry) }
    const slot = this.order.add(entry)
    this.share.enter(entry, sizeOf(message))
    this.deps.path(message, ticket).then(
      (end) => this.finish(slot, end),
      (error) => this.fail(error),
    )
  }

  private callSlot(entry: Entry): Promise<CallSlot | null> {
    return this.state === 'running' ? this.share.callSlot(entry) : Promise.resolve(null)
  }

  private finish(slot: Slot<Entry, EventEnd>, end: EventEnd | 'aborted'): void {
    slot.item.controller = null
    if (this.state === 'closed' || slot.end !== null) return
    if (end === 'aborted') {
      if (this.state === 'draining') this.cut((entry) => entry === slot.item)
      else this.fail(new Error('a path gave up without being asked'))
      return
    }
    this.share.settle(
      slot.item,
      end.outputs.reduce((sum, output) => sum + output.value.length, 0),
    )
    if (this.order.finish(slot, end)) this.commits?.soon(this.state === 'draining')
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
    if (this.state !== 'running') {
      this.close()
      return done
    }
    this.state = 'draining'
    this.pauses.add('draining')
    this.queue.clear()
    // A call that ends without a result would wait before its next try: that wait is not worth the drain time.
    this.cut((entry) => entry.account?.calling !== true)
    return done
  }

  /** Gives up what answers the question, and what stands behind it. */
  private cut(isGivenUp: (entry: Entry) => boolean): void {
    const entries = this.order.cutAt(isGivenUp)
    for (const entry of entries) entry.controller?.abort()
    this.share.leave(entries)
    this.commits?.soon(true)
    this.watchDrain()
  }

  /** In a drain nobody waits for a next try: what is not finished right after its call is given up. */
  private callEnded(held: Held): void {
    if (this.state !== 'draining') return
    this.deps.clock.after(0, () => {
      if (this.state === 'draining') this.cut((entry) => entry === held && held.account?.calling !== true)
    })
  }

  private watchDrain(): void {
    if (this.state === 'draining' && this.order.size() === 0 && this.commits?.size() === 0) this.close()
  }

  private lastWorkAt(): number {
    const busy = this.order.size() > 0 || this.queue.length() > 0
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
    for (const entry of this.order.unfinished()) entry.controller?.abort()
    this.share.close()
    this.commits?.close()
    for (const resolve of this.closed) resolve()
  }
}
