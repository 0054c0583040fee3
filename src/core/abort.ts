import type { Cancel } from './ports.js'

/** One listener a signal: a signal is shared by hundreds of waits, and adding to its own list is slow and warns. */
const waits = new WeakMap<AbortSignal, Set<() => void>>()

/**
 * Calls `run` when the signal aborts; for a signal that has aborted already it is never called, so ask that first.
 *
 * Out:    cancels; to be called when the wait is over
 */
export function onAbort(signal: AbortSignal, run: () => void): Cancel {
  const known = waits.get(signal)
  const set = known ?? new Set()
  if (known === undefined) {
    waits.set(signal, set)
    signal.addEventListener('abort', () => runAll(set), { once: true })
  }
  set.add(run)
  return () => {
    set.delete(run)
  }
}

function runAll(set: Set<() => void>): void {
  for (const run of set) {
    set.delete(run)
    run()
  }
}
