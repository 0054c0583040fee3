import { onAbort } from './abort.js'
import type { Clock, Random } from './ports.js'

/** The longest first wait of a retry in place. */
export const BACKOFF_BASE_MS = 250
/** No single wait of a retry in place is longer. */
export const BACKOFF_CAP_MS = 8_000

/**
 * Full jitter: anywhere between nothing and a bound that doubles with each wait.
 *
 * In:     waitsBefore   how many waits there were before this one, from 0
 * Out:    ms, in [0, min(cap, base * 2^waitsBefore))
 * Source: product.md section 8
 */
export function backoffMs(waitsBefore: number, random: Random): number {
  return random() * Math.min(BACKOFF_CAP_MS, BACKOFF_BASE_MS * 2 ** waitsBefore)
}

/**
 * Waits, and hears abort: the timer is cancelled then.
 *
 * Out:    true after `delayMs`, false when aborted
 */
export function pauseFor(clock: Clock, delayMs: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return Promise.resolve(false)
  return new Promise((resolve) => {
    const cancel = clock.after(delayMs, () => {
      deaf()
      resolve(true)
    })
    const deaf = onAbort(signal, () => {
      cancel()
      resolve(false)
    })
  })
}
