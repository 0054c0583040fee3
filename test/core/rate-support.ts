import type { Pace } from '../../src/core/pace.js'
import type { Clock } from '../../src/core/ports.js'

/** Sends whenever it may: what a backlog does. */
export class Greedy {
  /** Monotonic ms. */
  readonly sentAt: number[] = []
  private readonly pace: Pace
  private readonly clock: Clock
  /** What becomes of a right: ms until the call goes out, null: it is given back. */
  private readonly next: () => number | null
  stopped = false

  constructor(pace: Pace, clock: Clock, next: () => number | null = () => 0) {
    this.pace = pace
    this.clock = clock
    this.next = next
  }

  readonly run = (): void => {
    if (this.stopped) return
    while (this.pace.reserve()) this.use(this.next())
    this.pace.whenOpen(this.run)
  }

  private use(delayMs: number | null): void {
    if (delayMs === null) this.clock.after(1, () => this.pace.unused())
    else if (delayMs === 0) this.send()
    else this.clock.after(delayMs, () => this.send())
  }

  private send(): void {
    this.pace.sent()
    this.sentAt.push(this.clock.monotonic())
  }
}

/** The most that went out in any window of so many ms, its end left out. */
export function mostWithin(times: readonly number[], windowMs: number): number {
  const sorted = [...times].sort((a, b) => a - b)
  let most = 0
  let from = 0
  for (const [index, at] of sorted.entries()) {
    while ((sorted[from] ?? at) <= at - windowMs) from += 1
    most = Math.max(most, index - from + 1)
  }
  return most
}
