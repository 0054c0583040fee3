import type { Turn } from '../../core/work.js'

/** So many that wait make one turn more in a round. */
const QUEUE_PER_TURN = 16

/**
 * Hands out turns, one or a few in each round of the event loop: between two turns whatever has arrived at sockets is served first.
 * So the next calls go out before the answers of the last ones are worked on, and slots do not stand empty meanwhile.
 */
export function createTurns(): Turn {
  const waiting: (() => void)[] = []
  const serve = (): void => {
    // A long queue is served faster: a round may take long on a busy machine.
    const share = Math.ceil(waiting.length / QUEUE_PER_TURN)
    for (const next of waiting.splice(0, share)) next()
    if (waiting.length > 0) setImmediate(serve)
  }
  return () =>
    new Promise((resolve) => {
      waiting.push(resolve)
      if (waiting.length === 1) setImmediate(serve)
    })
}
