/** Waits whose mean is what was asked for. */

export interface Timing {
  /** Calls back after about `delayMs`; the function it returns calls it off. */
  after(delayMs: number, then: () => void): () => void
}

/** What is made up for at most: more than this is a busy machine, not a coarse timer. */
const MAX_EARLY_MS = 2
const LEARNING = 0.02

/**
 * Node's timers are about a millisecond late, which at 50 ms is a fortieth of every figure measured
 * against this server. So timers are set earlier by how late the last ones were: single waits stay within
 * about a millisecond, and their mean is right.
 *
 * In:     nowMs   a clock with fractions of milliseconds
 */
export function createTiming(nowMs: () => number): Timing {
  let earlyMs = 0.5
  return {
    after(delayMs, then) {
      const due = nowMs() + delayMs
      const timer = setTimeout(
        () => {
          const lateMs = nowMs() - due
          earlyMs = Math.min(MAX_EARLY_MS, Math.max(0, earlyMs + LEARNING * lateMs))
          then()
        },
        Math.max(0, Math.round(delayMs - earlyMs)),
      )
      return () => clearTimeout(timer)
    },
  }
}
