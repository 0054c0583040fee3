import { createAdaptiveRate } from './adaptive-rate.js'
import { backoffMs } from './backoff.js'
import { createDayCount } from './day-count.js'
import type { Pace } from './pace.js'
import type { Cancel, Clock, Random } from './ports.js'
import { createSendLog } from './send-log.js'
import { createSendMeter } from './send-meter.js'
import { createThrottle } from './throttle.js'

/** What the answers of the API say about the rate. */
export interface RateFeedback {
  /** An answer 429 to the call sent at `sentAt` (monotonic ms); `askedMs`: its Retry-After. */
  refused(sentAt: number, askedMs: number | null): void
  /** No call for so many ms: the API asked for it without refusing for the rate. */
  hold(delayMs: number): void
  /** The API answered. */
  worked(): void
}

export interface Rate extends Pace, RateFeedback {
  /** In: the parts of the group's rates a second and a day that this process may use, 0 to 1; one holds for both. */
  share(part: number, ofDay?: number): void
  /** Calls a second allowed at this moment; null: no bound. */
  perSecond(): number | null
  /** Ends its timers. */
  close(): void
}

export interface RateOptions {
  readonly clock: Clock
  readonly random: Random
  /** Calls a second of the group; null: bounded by answers 429 alone. */
  readonly perSecond: number | null
  /** Calls in any 24 hours of the group; null: no bound. */
  readonly perDay: number | null
  /** The calls of the day are used up, and a call waits for it. */
  readonly onUsedUp?: () => void
  readonly onLowered?: (perSecond: number) => void
}

/** A process that gains partitions waits so long before it uses its new share: whoever lost them has stopped by then. */
export const SHARE_GAIN_MS = 1000
/** Calls that late timers kept back may be made up for over so long a time, never above the bound of a second. */
export const PACE_SLACK_MS = 50
/** A day that is used up goes on when so much of it is free again. */
export const DAY_FREE_PART = 0.01
const LONGEST_TIMER_MS = 3_600_000

/**
 * The rate of calls of one process, shared by all of them: Retry-After, the configured bounds and what answers 429 taught.
 *
 * In any window of one second at most `perSecond` calls go out, rounded up; they are spread evenly. A right that was taken
 * and not yet used counts as a call, so that the bound holds at the moment of sending.
 *
 * Source: product.md P6, section 4 (row 429) and section 10 (fetch.ratePerSecond, fetch.ratePerDay)
 */
export function createRate(options: RateOptions): Rate {
  return new SharedRate(options)
}

class SharedRate implements Rate {
  private readonly options: RateOptions
  private readonly throttle
  private readonly adaptive = createAdaptiveRate()
  private readonly log = createSendLog()
  private readonly meter = createSendMeter()
  private readonly day = createDayCount()
  private part = 0
  private partOfDay = 0
  /** Answers 429 have lowered it: else, without a configured rate, nothing need be looked at. */
  private lowered = false
  /** Rights taken and not yet used. */
  private reserved = 0
  /** Monotonic ms: the calls are spread. */
  private nextAt = Number.NEGATIVE_INFINITY
  private usedUp = false
  private toldUsedUp = false
  /** Answers 429 in a row, those to calls in flight together counted once. */
  private rounds = 0
  private roundAt = Number.NEGATIVE_INFINITY
  private waiter: (() => void) | null = null
  private cancelTimer: Cancel | null = null
  private cancelShare: Cancel = () => undefined
  private closed = false

  constructor(options: RateOptions) {
    this.options = options
    this.throttle = createThrottle(options.clock)
  }

  share(part: number, ofDay = part): void {
    this.cancelShare()
    const apply = (): void => {
      this.part = part
      this.partOfDay = ofDay
      this.rearm()
    }
    // Without a bound a second there is nothing that two processes could exceed together.
    if (part <= this.part || this.options.perSecond === null) apply()
    else this.cancelShare = this.options.clock.after(SHARE_GAIN_MS, apply)
  }

  perSecond(): number | null {
    const { perSecond, clock } = this.options
    if (perSecond === null && !this.lowered) return null
    const ceiling = perSecond === null ? null : perSecond * this.part
    const rate = this.adaptive.perSecond(ceiling, clock.monotonic())
    if (rate === null) this.lowered = false
    return rate
  }

  waitMs(): number {
    const heldMs = this.throttle.remainingMs()
    if (heldMs > 0) return heldMs
    const rate = this.perSecond()
    return Math.max(rate === null ? 0 : this.paceMs(rate), this.dayMs())
  }

  private paceMs(rate: number): number {
    // A share of whole calls may be off by the last bit of its fraction.
    const most = Math.max(1, Math.ceil(rate - 1e-9))
    // With a fraction the window is longer than a second: 3 calls in 1.2 s are 2.5 a second.
    const windowMs = (most / rate) * 1000
    const free = most - this.reserved
    if (rate <= 0 || free < 1) return Number.POSITIVE_INFINITY
    const now = this.options.clock.monotonic()
    return Math.max(0, this.nextAt - now, this.log.nth(free) + windowMs - now)
  }

  private dayMs(): number {
    const { perDay, clock } = this.options
    if (perDay === null) return 0
    if (this.partOfDay <= 0) return Number.POSITIVE_INFINITY
    const now = clock.monotonic()
    const most = Math.max(1, Math.floor(perDay * this.partOfDay))
    if (this.usedUp || this.day.used(now) >= most) {
      this.usedUp = true
      // Some of the day must be free again: else each minute would begin and end a pause.
      const waitMs = this.day.untilMs(now, most - Math.max(1, Math.floor(most * DAY_FREE_PART)))
      if (waitMs > 0) return waitMs
      this.usedUp = false
      this.toldUsedUp = false
    }
    return this.day.used(now) + this.reserved < most ? 0 : Number.POSITIVE_INFINITY
  }

  reserve(): boolean {
    if (this.waitMs() > 0) return false
    this.reserved += 1
    const rate = this.perSecond()
    if (rate !== null) {
      this.nextAt = Math.max(this.nextAt, this.options.clock.monotonic() - PACE_SLACK_MS) + 1000 / rate
    }
    return true
  }

  sent(): void {
    const now = this.options.clock.monotonic()
    this.reserved -= 1
    this.meter.add(now)
    if (this.options.perSecond !== null || this.lowered) this.log.add(now)
    if (this.options.perDay !== null) this.day.add(now)
    if (this.waiter !== null) this.rearm()
  }

  unused(): void {
    this.reserved -= 1
    const rate = this.perSecond()
    if (rate !== null && rate > 0) this.nextAt -= 1000 / rate
    this.rearm()
  }

  whenOpen(run: () => void): void {
    this.waiter = run
    this.arm()
    if (!this.usedUp || this.toldUsedUp) return
    this.toldUsedUp = true
    this.options.onUsedUp?.()
  }

  refused(sentAt: number, askedMs: number | null): void {
    const { clock, random, perSecond, onLowered } = this.options
    const now = clock.monotonic()
    if (sentAt >= this.roundAt) {
      this.rounds += 1
      this.roundAt = now
    }
    this.throttle.hold(Math.max(askedMs ?? 0, backoffMs(this.rounds - 1, random)))
    const ceiling = perSecond === null ? null : perSecond * this.part
    if (!this.adaptive.refused({ sentAt, now, ceiling, measured: this.meter.perSecond(now) })) return
    this.lowered = true
    onLowered?.(this.perSecond() ?? 0)
  }

  hold(delayMs: number): void {
    this.throttle.hold(delayMs)
  }

  worked(): void {
    this.rounds = 0
  }

  close(): void {
    this.closed = true
    this.waiter = null
    this.cancelShare()
    this.cancelTimer?.()
    this.cancelTimer = null
  }

  private rearm(): void {
    this.cancelTimer?.()
    this.cancelTimer = null
    this.arm()
  }

  private arm(): void {
    if (this.waiter === null || this.cancelTimer !== null || this.closed) return
    const waitMs = Math.min(Math.ceil(this.waitMs()), LONGEST_TIMER_MS)
    this.cancelTimer = this.options.clock.after(waitMs, () => {
      this.cancelTimer = null
      if (this.waitMs() > 0) {
        this.arm()
        return
      }
      const run = this.waiter
      this.waiter = null
      run?.()
    })
  }
}
