import type { Cancel, Clock } from './ports.js'

/** One listener a signal: a signal is shared by hundreds of waits, and adding to its own list is slow and warns. */
const waits = new WeakMap<AbortSignal, Set<() => void>>()

/**
 * Calls `run` when the signal aborts; for a signal that has aborted already it is never called, so ask that first.
 *
 * Out:    cancels; to be called when the wait is over
 */
export function onAbort(signal: AbortSignal, run: () => void): Cancel {
  const set = waits.get(signal) ?? listen(signal)
  set.add(run)
  return () => {
    set.delete(run)
  }
}

/** A function of its own: a listener made beside `run` would keep it, and all it holds, as long as the signal lives. */
function listen(signal: AbortSignal): Set<() => void> {
  const set = new Set<() => void>()
  waits.set(signal, set)
  signal.addEventListener('abort', () => runAll(set), { once: true })
  return set
}

function runAll(set: Set<() => void>): void {
  for (const run of set) {
    set.delete(run)
    run()
  }
}

/** Waits. Out: false when the signal ended the wait. */
export function sleep(clock: Clock, delayMs: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return Promise.resolve(false)
  return new Promise((resolve) => {
    const end = (whole: boolean): void => {
      cancel()
      deaf()
      resolve(whole)
    }
    const deaf = onAbort(signal, () => end(false))
    const cancel = clock.after(delayMs, () => end(true))
  })
}
