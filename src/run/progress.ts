import type { Clock } from '../core/ports.js'

/** Tells that work waits and nothing moves. */
export interface Progress {
  /** Something was committed, or a call has ended. */
  made(): void
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
  let madeAt = clock.monotonic()
  const made = (): void => {
    madeAt = clock.monotonic()
  }
  return {
    made,
    isStalled(waits) {
      if (!waits) made()
      return clock.monotonic() - madeAt > boundMs
    },
  }
}
