import type { Clock } from './ports.js'

export interface Throttle {
  /** No call for so many ms from now; a longer wait that runs already stays. */
  hold(delayMs: number): void
  /** Ms until calls are allowed; 0 when they are. */
  remainingMs(): number
}

/**
 * The wait the API asked for with a 429. It is about the account, so all calls share it.
 *
 * Source: product.md section 4, row 429
 */
export function createThrottle(clock: Clock): Throttle {
  let until = Number.NEGATIVE_INFINITY
  return {
    hold(delayMs) {
      until = Math.max(until, clock.monotonic() + delayMs)
    },
    remainingMs() {
      // The clock is read only after a 429: this is asked before each call.
      return until === Number.NEGATIVE_INFINITY ? 0 : Math.max(0, until - clock.monotonic())
    },
  }
}
