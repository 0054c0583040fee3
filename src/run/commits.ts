import type { Cancel, Clock, Committer, Metrics } from '../core/ports.js'
import type { ReleaseOrder, Slot } from '../core/release.js'
import type { EventEnd } from '../core/work.js'
import type { LaneSystem } from './system-pauses.js'

export interface CommitLoopDeps<T extends { readonly offset: number }> extends Pick<LaneSystem, 'onOutcome'> {
  readonly committer: Committer
  readonly order: ReleaseOrder<T, EventEnd>
  readonly clock: Clock
  readonly metrics: Metrics
  readonly commit: { readonly intervalMs: number; readonly maxEvents: number }
  readonly onCommitted: (items: readonly T[], next: number) => void
  readonly onFailed: (error: unknown) => void
  /** The commit under way when the loop was closed failed: whoever has the partition now does its work again. */
  readonly onLateFailure: (error: unknown) => void
}

/** Commits what is finished at the front of an order: one batch at a time, by time or by count. */
export interface CommitLoop {
  /** Something may be ready. `hurry`: from now on, do not wait for the interval. */
  soon(hurry: boolean): void
  /** Commits an offset alone, ahead of everything else: for a loop that has nothing under way. */
  moveTo(next: number): void
  /** Items of the commit under way. */
  size(): number
  /** Monotonic ms of the last commit's end. */
  lastAt(): number
  /** Begins no commit any more; the committer is closed once the one under way has settled. */
  close(): void
}

/** One transaction holds at most so many bytes of outputs, give or take one event. */
const MAX_BATCH_BYTES = 8_388_608

export function createCommitLoop<T extends { readonly offset: number }>(deps: CommitLoopDeps<T>): CommitLoop {
  return new Loop(deps)
}

class Loop<T extends { readonly offset: number }> implements CommitLoop {
  private readonly deps: CommitLoopDeps<T>
  private timer: Cancel | null = null
  /** Items of the commit under way; null: there is none. */
  private underWay: number | null = null
  private startedAt = 0
  /** Of the last commit: the next one waits from there, since the broker needs time after an end as well. */
  private endedAt: number
  private hurried = false
  private closed = false

  constructor(deps: CommitLoopDeps<T>) {
    this.deps = deps
    this.endedAt = deps.clock.monotonic() - deps.commit.intervalMs
  }

  size(): number {
    return this.underWay ?? 0
  }

  lastAt(): number {
    return this.endedAt
  }

  soon(hurry: boolean): void {
    const { order, commit, clock } = this.deps
    if (hurry) this.hurried = true
    if (this.closed || this.underWay !== null || order.ready() === 0) return
    const wait = this.hurried ? 0 : this.endedAt + commit.intervalMs - clock.monotonic()
    if (wait <= 0 || order.ready() >= commit.maxEvents) this.run()
    else this.timer ??= clock.after(wait, () => this.run())
  }

  moveTo(next: number): void {
    if (!this.closed) this.write([], next)
  }

  private run(): void {
    this.timer?.()
    this.timer = null
    const batch = this.take()
    const last = batch.at(-1)
    if (last !== undefined) this.write(batch, last.item.offset + 1)
  }

  private write(batch: readonly Slot<T, EventEnd>[], next: number): void {
    const { committer, clock, onFailed, onLateFailure } = this.deps
    this.underWay = batch.length
    this.startedAt = clock.monotonic()
    committer.commit({ outputs: batch.flatMap((slot) => slot.end?.outputs ?? []), next }).then(
      () => this.committed(batch, next),
      (error) => {
        this.underWay = null
        if (this.closed) {
          this.closeCommitter()
          onLateFailure(error)
        } else onFailed(error)
      },
    )
  }

  private take(): Slot<T, EventEnd>[] {
    const { maxEvents } = this.deps.commit
    let bytes = 0
    return this.deps.order.takeReady((slot, taken) => {
      if (taken >= maxEvents || bytes >= MAX_BATCH_BYTES) return false
      for (const output of slot.end?.outputs ?? []) bytes += output.value.length
      return true
    })
  }

  private committed(batch: readonly Slot<T, EventEnd>[], next: number): void {
    const { metrics, clock, onCommitted, onOutcome } = this.deps
    this.underWay = null
    metrics.add('attestr_commits_total', 1)
    this.endedAt = clock.monotonic()
    metrics.observe('attestr_commit_seconds', (this.endedAt - this.startedAt) / 1000)
    for (const { end } of batch) {
      if (end === null) continue
      metrics.add('attestr_outcomes_total', 1, { outcome: end.outcome, code: end.code ?? '' })
      onOutcome?.(end.outcome)
    }
    if (this.closed) {
      this.closeCommitter()
      return
    }
    onCommitted(
      batch.map((slot) => slot.item),
      next,
    )
    this.soon(false)
  }

  close(): void {
    if (this.closed) return
    this.closed = true
    this.timer?.()
    if (this.underWay === null) this.closeCommitter()
  }

  private closeCommitter(): void {
    // What a committer says on closing is of no use: the next owner of the partition fences it.
    this.deps.committer.close().catch(() => undefined)
  }
}
