import { BatchTooLarge, type Cancel, type Clock, type Committer, type Metrics } from '../core/ports.js'
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
/** The broker may take less; it is never asked for less than so much. */
const MIN_BATCH_BYTES = 4_096

export function createCommitLoop<T extends { readonly offset: number }>(deps: CommitLoopDeps<T>): CommitLoop {
  return new Loop(deps)
}

type Batch<T> = readonly Slot<T, EventEnd>[]

class Loop<T extends { readonly offset: number }> implements CommitLoop {
  private readonly deps: CommitLoopDeps<T>
  private timer: Cancel | null = null
  /** Items of the commit under way; null: there is none. */
  private underWay: number | null = null
  private startedAt = 0
  /** Of the last commit: the next one waits from there, since the broker needs time after an end as well. */
  private endedAt: number
  private hurried = false
  private maxBytes = MAX_BATCH_BYTES
  /** The last batch left some behind that were ready. */
  private cutByBytes = false
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
    // Small batches make up for it by their number.
    const isBehind = this.cutByBytes && this.maxBytes < MAX_BATCH_BYTES
    const wait = this.hurried || isBehind ? 0 : this.endedAt + commit.intervalMs - clock.monotonic()
    if (wait <= 0 || order.ready() >= commit.maxEvents) this.run()
    else this.timer ??= clock.after(wait, () => this.run())
  }

  moveTo(next: number): void {
    if (this.closed) return
    this.begin(0)
    this.deps.committer.commit({ outputs: [], next }).then(
      () => this.committed([], next),
      (error) => this.failed(error),
    )
  }

  private run(): void {
    this.timer?.()
    this.timer = null
    const batch = this.take()
    if (batch.length === 0) return
    this.begin(batch.length)
    this.write(batch).catch((error) => this.failed(error))
  }

  private begin(size: number): void {
    this.underWay = size
    this.startedAt = this.deps.clock.monotonic()
  }

  private async write(batch: Batch<T>): Promise<void> {
    if (await this.isTaken(batch, false)) this.committed(batch)
    else await this.commitInParts(batch)
  }

  /** The broker stores no batch so large: halves of it, and of those, say which event it is, or that they were too many. */
  private async commitInParts(batch: Batch<T>): Promise<void> {
    let isOneTooLarge = false
    let largest = 0
    let left = batch.length
    const parts = halvesOf(batch)
    for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
      this.underWay = left
      const only = part.length === 1 ? part[0] : undefined
      if (only !== undefined) {
        if (await this.commitAlone(only, batch.length === 1)) isOneTooLarge = true
      } else if (!(await this.isTaken(part, false))) {
        parts.unshift(...halvesOf(part))
        continue
      }
      largest = Math.max(largest, bytesOf(part))
      left -= part.length
      // Nobody is too large alone: all together were.
      if (left === 0 && !isOneTooLarge) this.maxBytes = Math.max(MIN_BATCH_BYTES, largest)
      this.committed(part)
      if (!this.closed) continue
      // What is left is read again by whoever has the partition next.
      if (this.underWay !== null) this.closeCommitter()
      this.underWay = null
      return
    }
  }

  /** Whole, then record by record, then as it ends instead. Out: whether it had to end in another way. */
  private async commitAlone(slot: Slot<T, EventEnd>, wasRefused: boolean): Promise<boolean> {
    let changed = false
    for (let apart = wasRefused; !(await this.isTaken([slot], apart)); apart = true) {
      if (this.closed) throw new BatchTooLarge()
      if (!apart) continue
      if (slot.end?.instead === undefined) throw new BatchTooLarge()
      slot.end = slot.end.instead()
      changed = true
    }
    return changed
  }

  /** Out: false when the broker stores nothing so large. */
  private async isTaken(batch: Batch<T>, apart: boolean): Promise<boolean> {
    const outputs = batch.flatMap((slot) => slot.end?.outputs ?? [])
    try {
      await this.deps.committer.commit({ outputs, next: nextOf(batch), apart })
      return true
    } catch (error) {
      if (!(error instanceof BatchTooLarge)) throw error
      this.deps.metrics.add('attestr_batches_refused_total', 1)
      return false
    }
  }

  private take(): Slot<T, EventEnd>[] {
    const { maxEvents } = this.deps.commit
    let bytes = 0
    this.cutByBytes = false
    return this.deps.order.takeReady((slot, taken) => {
      this.cutByBytes = bytes >= this.maxBytes
      if (taken >= maxEvents || this.cutByBytes) return false
      for (const output of slot.end?.outputs ?? []) bytes += output.value.length
      return true
    })
  }

  private committed(batch: Batch<T>, next = nextOf(batch)): void {
    const { metrics, clock, onCommitted, onOutcome } = this.deps
    metrics.add('attestr_commits_total', 1)
    this.endedAt = clock.monotonic()
    metrics.observe('attestr_commit_seconds', (this.endedAt - this.startedAt) / 1000)
    this.startedAt = this.endedAt
    for (const { end } of batch) {
      if (end === null) continue
      metrics.add('attestr_outcomes_total', 1, { outcome: end.outcome, code: end.code ?? '' })
      onOutcome?.(end.outcome)
    }
    const isLast = this.underWay === batch.length
    if (isLast || this.closed) this.underWay = null
    if (this.closed) {
      this.closeCommitter()
      return
    }
    onCommitted(
      batch.map((slot) => slot.item),
      next,
    )
    if (isLast) this.soon(false)
  }

  private failed(error: unknown): void {
    this.underWay = null
    if (this.closed) {
      this.closeCommitter()
      this.deps.onLateFailure(error)
    } else this.deps.onFailed(error)
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

const nextOf = (batch: Batch<{ readonly offset: number }>): number => (batch.at(-1)?.item.offset ?? -1) + 1

function halvesOf<B>(batch: readonly B[]): (readonly B[])[] {
  const middle = Math.ceil(batch.length / 2)
  return [batch.slice(0, middle), batch.slice(middle)].filter((half) => half.length > 0)
}

function bytesOf(batch: Batch<unknown>): number {
  return batch.reduce(
    (sum, { end }) => (end?.outputs ?? []).reduce((bytes, output) => bytes + output.value.length, sum),
    0,
  )
}
