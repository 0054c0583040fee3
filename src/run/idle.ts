import type { Cancel, Clock } from '../core/ports.js'

/** After so long without work a lane closes its committer: an idle producer costs a socket and CPU. */
export const IDLE_MS = 60_000

/** Calls `onIdle` once, when there was no work for a minute. In: `lastWorkAt` in monotonic ms, or now while busy. */
export function watchIdle(clock: Clock, lastWorkAt: () => number, onIdle: () => void): Cancel {
  let cancel: Cancel = () => undefined
  const check = (): void => {
    const left = lastWorkAt() + IDLE_MS - clock.monotonic()
    if (left <= 0) onIdle()
    else cancel = clock.after(left, check)
  }
  check()
  return () => cancel()
}
