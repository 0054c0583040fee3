import type { SourceMessage } from '../core/model.js'
import type { Clock } from '../core/ports.js'
import { createDueWatch, type DueWatch } from './due.js'
import { IDLE_MS } from './idle.js'
import type { PauseSet } from './pauses.js'
import { createMessageQueue, sizeOf } from './queue.js'

export interface IntakeDeps {
  readonly pauses: PauseSet
  readonly clock: Clock
  /** How long messages of the topic wait at most; null: an events topic, where nothing waits. */
  readonly delayMs: number | null
  /** The first message is due; the partition is still paused for it. */
  readonly onDue: () => void
}

export interface IntakeFigures {
  readonly queued: number
  /** Epoch ms from which the first message counts as late; null without one. */
  readonly oldestTimestamp: number | null
  /** End of the partition as the broker last said. */
  readonly endOffset: number
  /** Messages that are not due yet. */
  readonly delayed: number
}

/** What a lane has read and not begun: pauses its partition while that is too much, or not due. */
export interface Intake {
  readonly figures: IntakeFigures
  /** Offset after the last message taken; -1 before the start. */
  readonly position: number
  beginAt(offset: number): void
  take(batch: readonly SourceMessage[], endOffset: number): void
  /** The partition ends there, as somebody asked who does not read it. */
  seeEnd(endOffset: number): void
  /** Bytes of the first message; null when there is none, or it is not due. */
  waitingBytes(): number | null
  shift(): SourceMessage | undefined
  /** Epoch ms from which the age of a message counts. */
  since(message: SourceMessage): number
  /** Whether there is work, or will be before it pays to close the committer. */
  hasWork(): boolean
  /** Nothing came for long. What waits until it is due is dropped, to be read again then; `onDue` still tells. */
  rest(): void
  /** Drops everything. */
  stop(): void
}

export function createIntake(deps: IntakeDeps): Intake {
  return new LaneIntake(deps)
}

class LaneIntake implements Intake {
  position = -1
  private readonly deps: IntakeDeps
  private readonly queue = createMessageQueue()
  private readonly due: DueWatch
  private endOffset = 0

  constructor(deps: IntakeDeps) {
    const { pauses, clock, delayMs, onDue } = deps
    this.deps = deps
    this.due = createDueWatch({ clock, delayMs, onDue, onWait: () => pauses.add('due') })
  }

  get figures(): IntakeFigures {
    const { queue, due, endOffset } = this
    const first = queue.first()
    const waiting = due.waiting()
    return {
      ...{ queued: queue.length(), endOffset },
      oldestTimestamp: first === undefined ? null : due.since(first),
      delayed: waiting === null ? 0 : Math.max(0, endOffset - waiting.offset),
    }
  }

  beginAt(offset: number): void {
    this.position = offset
  }

  take(batch: readonly SourceMessage[], endOffset: number): void {
    this.endOffset = endOffset
    for (const message of batch) {
      // Control records and compaction leave gaps; what lies below the position was taken before.
      if (message.offset < this.position) continue
      this.queue.push(message)
      this.position = message.offset + 1
    }
    if (this.queue.isFull()) this.deps.pauses.add('full')
    this.due.look(this.queue.first())
  }

  seeEnd(endOffset: number): void {
    this.endOffset = Math.max(this.endOffset, endOffset)
  }

  waitingBytes(): number | null {
    const first = this.due.waiting() === null ? this.queue.first() : undefined
    return first === undefined ? null : sizeOf(first)
  }

  shift(): SourceMessage | undefined {
    const message = this.queue.shift()
    if (this.queue.isLow()) this.deps.pauses.delete('full')
    this.due.look(this.queue.first())
    return message
  }

  since(message: SourceMessage): number {
    return this.due.since(message)
  }

  hasWork(): boolean {
    return this.queue.length() > 0 && this.due.leftMs() <= IDLE_MS
  }

  rest(): void {
    // Read to its end: what lies behind the last message are markers of transactions.
    if (this.queue.length() === 0 && this.deps.pauses.reasons().length === 0) this.endOffset = this.position
    this.queue.clear()
  }

  stop(): void {
    this.queue.clear()
    this.due.stop()
  }
}
