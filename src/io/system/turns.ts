import type { Departures, Turn } from '../../core/work.js'

/** So many that wait make one turn more in a round. */
const QUEUE_PER_TURN = 16

/**
 * Hands out turns, one or a few in each round of the event loop: between two turns whatever has arrived at sockets is served first.
 * So the next calls go out before the answers of the last ones are worked on, and slots do not stand empty meanwhile.
 *
 * In:     departures   calls that go out in this round: they go first
 */
export function createTurns(departures?: Departures): Turn {
  const waiting: (() => void)[] = []

  function work(): void {
    // A long queue is served faster: a round may take long on a busy machine.
    const share = Math.ceil(waiting.length / QUEUE_PER_TURN)
    for (const next of waiting.splice(0, share)) next()
    if (waiting.length > 0) setImmediate(serve)
  }

  /** A call that finds no connection must not hold up the work: after one round the wait is over. */
  function serve(): void {
    if (departures?.pending() !== true) {
      work()
      return
    }
    const forget = departures.onceGone(() => {
      clearImmediate(limit)
      work()
    })
    const limit = setImmediate(() => {
      forget()
      work()
    })
  }

  return () =>
    new Promise((resolve) => {
      waiting.push(resolve)
      if (waiting.length === 1) setImmediate(serve)
    })
}
