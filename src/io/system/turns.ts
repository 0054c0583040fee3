import type { Turn } from '../../core/work.js'

/**
 * Hands out turns, one in each round of the event loop: between two turns whatever has arrived at sockets is served first.
 * So the next calls go out before the answers of the last ones are worked on, and slots do not stand empty meanwhile.
 */
export function createTurns(): Turn {
  const waiting: (() => void)[] = []
  const serve = (): void => {
    waiting.shift()?.()
    if (waiting.length > 0) setImmediate(serve)
  }
  return () =>
    new Promise((resolve) => {
      waiting.push(resolve)
      if (waiting.length === 1) setImmediate(serve)
    })
}
