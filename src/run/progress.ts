import type { Clock } from '../core/ports.js'
import { createSendMeter } from '../core/send-meter.js'

/** What was done in the last second. */
export interface Rates {
  readonly callsPerSecond: number
  /** Messages whose outcome was committed. */
  readonly eventsPerSecond: number
}

/** Tells how fast work moves, and that work waits and nothing moves. */
export interface Progress {
  /** A call has ended. */
  called(): void
  /** An outcome was committed. */
  concluded(): void
  /** Nothing that happened is to be taken for a standstill. */
  excuse(): void
  rates(): Rates
  /**
   * To be asked every second or so.
   *
   * In:     waits   whether work waits that nothing else explains the waiting of
   * Out:    true when nothing was made for `boundMs` although work waited all the time
   */
  isStalled(waits: boolean): boolean
}

/** Nothing that is alive takes longer, whatever the deadline of an event. */
const SHORTEST_BOUND_MS = 60_000
/** A deadline covers calls and back-off; waits for slots and commits come on top. */
const DEADLINES = 4

export function createProgress(clock: Clock, deadlineMs: number): Progress {
  const boundMs = Math.max(SHORTEST_BOUND_MS, DEADLINES * deadlineMs)
  const calls = createSendMeter()
  const outcomes = createSendMeter()
  let madeAt = clock.monotonic()
  const excuse = (): void => {
    madeAt = clock.monotonic()
  }
  const counted = (meter: typeof calls) => (): void => {
    excuse()
    meter.add(madeAt)
  }
  return {
    called: counted(calls),
    concluded: counted(outcomes),
    excuse,
    rates() {
      const now = clock.monotonic()
      return {
        callsPerSecond: rounded(calls.perSecond(now)),
        eventsPerSecond: rounded(outcomes.perSecond(now)),
      }
    },
    isStalled(waits) {
      if (!waits) excuse()
      return clock.monotonic() - madeAt > boundMs
    },
  }
}

const rounded = (rate: number): number => Math.round(rate * 10) / 10
