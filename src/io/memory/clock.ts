import type { Clock } from '../../core/ports.js'
import { createTimerQueue } from './timer-queue.js'

export interface VirtualClock extends Clock {
  /** Fires everything that is due within the next `delayMs`, in order, and leaves the time there. */
  advance(delayMs: number): Promise<void>
  /**
   * Fires timers in order until the condition holds. False: `limitMs` went by, or no timer is left.
   * The condition is asked before the first timer and after each.
   */
  runUntil(condition: () => boolean, limitMs: number): Promise<boolean>
  /** Lets every promise job run; the time stands. */
  settle(): Promise<void>
  /** Fires timers for as long as needed until the promise is settled. Throws when no timer is left that could do it. */
  drive<T>(promise: Promise<T>): Promise<T>
  /** Timers that wait. */
  pending(): number
}

/**
 * Time that moves only when it is told to.
 *
 * Each timer has a turn of the event loop for itself: node empties the queue of promise jobs, however long the chain,
 * before the next turn begins, so nothing that the timer set off is still pending when the next one fires.
 *
 * In:     start   epoch ms
 * Throws: what a timer's callback throws, out of the function that drove it
 */
export function createVirtualClock({ start }: { readonly start: number }): VirtualClock {
  const timers = createTimerQueue()
  let elapsed = 0

  /** False: nothing is due up to the limit. */
  function fireNext(limit: number): boolean {
    const timer = timers.peek()
    if (timer === undefined || timer.dueAt > limit) return false
    timers.drop()
    elapsed = Math.max(elapsed, timer.dueAt)
    const run = timer.run
    timer.run = null
    run?.()
    return true
  }

  function turns(done: () => boolean, limit: number): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const turn = (): void => {
        try {
          if (done()) resolve(true)
          else if (fireNext(limit)) setImmediate(turn)
          else resolve(false)
        } catch (error) {
          reject(error)
        }
      }
      setImmediate(turn)
    })
  }

  return {
    // Whole milliseconds, as of any wall clock; `monotonic` may have fractions.
    now: () => start + Math.floor(elapsed),
    monotonic: () => elapsed,
    after(delayMs, run) {
      const timer = timers.add(elapsed + Math.max(0, delayMs), run)
      return () => timers.cancel(timer)
    },
    async advance(delayMs) {
      const limit = elapsed + delayMs
      await turns(() => false, limit)
      elapsed = limit
    },
    runUntil: (condition, limitMs) => turns(condition, elapsed + limitMs),
    settle: () => new Promise((resolve) => setImmediate(resolve)),
    async drive(promise) {
      let settled = false
      const settle = (): void => {
        settled = true
      }
      promise.then(settle, settle)
      if (!(await turns(() => settled, Number.POSITIVE_INFINITY))) {
        throw new Error('no timer is left that could settle the promise')
      }
      return promise
    },
    pending: () => timers.size(),
  }
}
