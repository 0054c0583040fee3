import { readyAt } from '../core/chain.js'
import type { SourceMessage } from '../core/model.js'
import type { Cancel, Clock } from '../core/ports.js'

export interface DueDeps {
  readonly clock: Clock
  /** How long messages of the topic wait at most; null: an events topic, where nothing waits. */
  readonly delayMs: number | null
  /** The message looked at must wait. */
  readonly onWait: () => void
  /** It must wait no longer. */
  readonly onDue: () => void
}

/** Watches the first message of a lane until it is due. Those behind it wait with it: it was written before them. */
export interface DueWatch {
  /** Looks at the first message, if it is another one than before. */
  look(first: SourceMessage | undefined): void
  /** The message that waits; null: none must. */
  waiting(): SourceMessage | null
  /** Ms until it is due; 0 when nothing waits. */
  leftMs(): number
  /** Epoch ms from which the age of a message counts: before it is due nothing is late. */
  since(message: SourceMessage): number
  /** Forgets everything; nothing is told any more. */
  stop(): void
}

/** In: see DueDeps. Out: a watch for one lane, which never sleeps: it sets a timer and tells. */
export function createDueWatch(deps: DueDeps): DueWatch {
  return deps.delayMs === null ? NOTHING_WAITS : new TopicDue(deps, deps.delayMs)
}

const NOTHING_WAITS: DueWatch = {
  look: () => undefined,
  waiting: () => null,
  leftMs: () => 0,
  since: (message) => message.timestamp,
  stop: () => undefined,
}

/** A timer does not notice that the wall clock was set, or that the machine slept: the clock is looked at so often. */
const LOOK_AGAIN_MS = 60_000

class TopicDue implements DueWatch {
  private readonly deps: DueDeps
  private readonly delayMs: number
  private first: SourceMessage | undefined
  /** Epoch ms; null: the first message does not wait. */
  private dueAt: number | null = null
  private cancel: Cancel = () => undefined

  constructor(deps: DueDeps, delayMs: number) {
    this.deps = deps
    this.delayMs = delayMs
  }

  look(first: SourceMessage | undefined): void {
    if (first === this.first) return
    this.first = first
    if (first === undefined) return
    const now = this.deps.clock.now()
    const dueAt = readyAt(first, this.delayMs, now)
    if (dueAt === null || dueAt <= now) return
    this.dueAt = dueAt
    this.deps.onWait()
    this.sleep()
  }

  private sleep(): void {
    this.cancel = this.deps.clock.after(Math.min(this.leftMs(), LOOK_AGAIN_MS), () => {
      if (this.leftMs() > 0) {
        this.sleep()
        return
      }
      this.dueAt = null
      this.deps.onDue()
    })
  }

  waiting(): SourceMessage | null {
    return this.dueAt === null ? null : (this.first ?? null)
  }

  leftMs(): number {
    return this.dueAt === null ? 0 : Math.max(0, this.dueAt - this.deps.clock.now())
  }

  since(message: SourceMessage): number {
    const dueAt = readyAt(message, this.delayMs, this.deps.clock.now())
    return dueAt === null ? message.timestamp : Math.max(dueAt, message.timestamp)
  }

  stop(): void {
    this.cancel()
    this.first = undefined
    this.dueAt = null
  }
}
