import type { Departures } from '../../core/work.js'

/** Counts the calls that were begun and are not on the wire yet. */
export function createDepartures(): Departures {
  let pending = 0
  let waiting: (() => void) | null = null
  return {
    begin() {
      let gone = false
      pending += 1
      return () => {
        if (gone) return
        gone = true
        pending -= 1
        if (pending > 0 || waiting === null) return
        // Not right here: the HTTP client is in the middle of writing.
        process.nextTick(waiting)
        waiting = null
      }
    },
    pending: () => pending > 0,
    onceGone(run) {
      waiting = run
      return () => {
        if (waiting === run) waiting = null
      }
    },
  }
}
