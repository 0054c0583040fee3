import type { Cancel, Clock } from '../core/ports.js'
import { createWaiters, type Waiters } from './waiters.js'

export interface PermitsDeps {
  readonly clock: Clock
  /** Calls in flight at which a slow start is over. */
  readonly concurrency: number
  /** A permit nobody has answered for so long counts as failed: whoever has it may hang. */
  readonly answerMs: number
  /** How long a failed call of a slow start keeps its permit, and a probe waits for somebody new. */
  readonly restMs: number
  /** Ms from the end of a probe to the next one. */
  readonly intervalMs: () => number
  /** Ms until a call may go out at all: no probe goes before. */
  readonly heldMs: () => number
  /** Events that others wait behind. */
  readonly heads: () => ReadonlySet<AbortSignal>
  /** A probe goes out. */
  readonly onProbe: () => void
  /** A probe is due and all who wait have probed already: somebody new is wanted. Out: whether one may come soon. */
  readonly seek: () => boolean
  /** The last one who waited was given up. */
  readonly onEmpty?: () => void
}

/** How the call of a permit ended: `released` says nothing about the other side. */
export type PermitEnd = 'success' | 'failure' | 'released'

/**
 * Says who may call. Open: everybody. Probing: one at a time, at intervals. Shut: nobody. After that a slow start: one call
 * in flight, twice as many with each success, until it is open again.
 *
 * Source: product.md sections 4 and 8
 */
export interface Permits {
  /** Null: nobody needs a permit. Else true for one call, false when aborted or closed. */
  wait(signal: AbortSignal): Promise<boolean> | null
  /** A call has ended: of a permit, as far as there is one out. */
  ended(end: PermitEnd): void
  probe(): void
  /** The interval has changed: the next probe is put off, never brought forward. */
  putOff(): void
  shut(): void
  /** Ends probing or being shut. In: `slowly` with a slow start, else for all at once. */
  open(slowly: boolean): void
  /** For good: whoever waits is given up. */
  close(): void
  /** A probe went out since probing began. */
  hasProbed(): boolean
  /** Ms until the next probe, 0 while one is due or out; null when there is no probing. */
  nextProbeMs(): number | null
  waiting(): ReadonlySet<AbortSignal>
}

export function createPermits(deps: PermitsDeps): Permits {
  return new OnePermits(deps)
}

class OnePermits implements Permits {
  private readonly deps: PermitsDeps
  private readonly waiters: Waiters
  private mode: 'open' | 'probing' | 'shut' | 'slow' | 'closed' = 'open'
  /** Of each permit that is out: ends the watch over it. Whose call ended is not known: the oldest is taken. */
  private out: Cancel[] = []
  private window = 1
  private due = false
  private probed = false
  private lastProber: AbortSignal | null = null
  /** Monotonic ms. */
  private nextAt = 0
  private cancelTimer: Cancel = () => undefined

  constructor(deps: PermitsDeps) {
    this.deps = deps
    this.waiters = createWaiters(() => deps.onEmpty?.())
  }

  wait(signal: AbortSignal): Promise<boolean> | null {
    if (this.mode === 'open') return null
    if (this.mode === 'closed') return Promise.resolve(false)
    const permit = this.waiters.join(signal)
    this.serve(this.lastProber)
    return permit
  }

  ended(end: PermitEnd): void {
    const permit = this.out.shift()
    permit?.()
    if (this.mode === 'probing' && permit !== undefined) this.planProbe()
    if (this.mode !== 'slow') return
    // Else an event that fails alone would call again and again without a pause.
    if (end === 'failure') this.watch(this.deps.restMs)
    if (end === 'success') this.window *= 2
    if (this.window >= this.deps.concurrency) this.open(false)
    else this.serve(null)
  }

  probe(): void {
    if (this.mode === 'closed') return
    this.reset('probing')
    this.waiters.countAnew()
    this.probed = false
    this.lastProber = null
    this.planProbe()
  }

  putOff(): void {
    if (this.mode !== 'probing' || this.due || this.out.length > 0) return
    const { clock, intervalMs } = this.deps
    if (clock.monotonic() + intervalMs() > this.nextAt) this.planProbe()
  }

  shut(): void {
    if (this.mode !== 'closed') this.reset('shut')
  }

  open(slowly: boolean): void {
    if (this.mode === 'closed') return
    this.window = 1
    const isSlow = slowly && this.window < this.deps.concurrency
    this.reset(isSlow ? 'slow' : 'open')
    if (isSlow) this.waiters.countAnew()
    else this.waiters.endAll(true)
    this.serve(null)
  }

  close(): void {
    this.reset('closed')
    this.waiters.endAll(false)
  }

  hasProbed(): boolean {
    return this.probed
  }

  nextProbeMs(): number | null {
    if (this.mode !== 'probing') return null
    if (this.due || this.out.length > 0) return 0
    const heldMs = this.deps.heldMs()
    const leftMs = this.nextAt - this.deps.clock.monotonic()
    return Math.max(0, leftMs, Number.isFinite(heldMs) ? heldMs : 0)
  }

  waiting(): ReadonlySet<AbortSignal> {
    return this.waiters.signals()
  }

  private reset(mode: OnePermits['mode']): void {
    this.mode = mode
    this.cancelTimer()
    for (const cancel of this.out.splice(0)) cancel()
    this.due = false
  }

  private planProbe(): void {
    this.planAfter(this.deps.intervalMs())
  }

  private planAfter(delayMs: number): void {
    const { clock } = this.deps
    this.due = false
    this.nextAt = clock.monotonic() + delayMs
    this.cancelTimer()
    this.cancelTimer = clock.after(delayMs, () => this.seekProber())
  }

  /** Each event that waits probes once, then new ones do: those that wait may all be such as fail by themselves. */
  private seekProber(): void {
    // It may be held back for ever, or be let go sooner than it says: asked again after each interval.
    const heldMs = Math.min(this.deps.heldMs(), this.deps.intervalMs())
    if (heldMs > 0) {
      this.planAfter(heldMs)
      return
    }
    this.due = true
    if (this.waiters.hasNew()) this.serve(null)
    if (this.due && !this.deps.seek()) this.serveAgain()
    if (!this.due) return
    this.cancelTimer = this.deps.clock.after(this.deps.restMs, () => {
      this.serveAgain()
      if (this.due) this.seekProber()
    })
  }

  /** The one that probed last only where there is nobody else. */
  private serveAgain(): void {
    this.serve(this.lastProber)
    this.serve(null)
  }

  /** Gives out what may be given out. */
  private serve(except: AbortSignal | null): void {
    while (this.mayGive()) {
      const signal = this.waiters.letGo(this.deps.heads(), this.mode === 'probing' ? except : null)
      if (signal === null) return
      this.watch(this.deps.answerMs)
      if (this.mode === 'probing') this.probeGoes(signal)
    }
  }

  private mayGive(): boolean {
    if (this.waiters.size() === 0) return false
    return this.mode === 'probing' ? this.due : this.mode === 'slow' && this.out.length < this.window
  }

  private probeGoes(signal: AbortSignal): void {
    this.cancelTimer()
    this.due = false
    this.probed = true
    this.lastProber = signal
    this.deps.onProbe()
  }

  /** Counts a permit as out until its call ends, at most so long. */
  private watch(limitMs: number): void {
    const cancel = this.deps.clock.after(limitMs, () => {
      this.out = this.out.filter((one) => one !== cancel)
      if (this.mode === 'probing') this.planProbe()
      else this.serve(null)
    })
    this.out.push(cancel)
  }
}
