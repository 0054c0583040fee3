import { onAbort } from '../core/abort.js'

interface Waiter {
  readonly signal: AbortSignal
  readonly resolve: (permitted: boolean) => void
  readonly deaf: () => void
}

/** Events that wait for a permit, and how many each has had since the count began. Bounded by the events held. */
export interface Waiters {
  /** Out: true for one permit, false when aborted or dropped. */
  join(signal: AbortSignal): Promise<boolean>
  /**
   * Lets one of them go: who had the fewest permits, then those that hold up their lane, then who came first.
   *
   * In:  heads    signals of events that others wait behind
   *      except   not this one
   * Out: the signal of who went; null when there is nobody
   */
  letGo(heads: ReadonlySet<AbortSignal>, except: AbortSignal | null): AbortSignal | null
  /** Ends all waits: with permits, or without. */
  endAll(permitted: boolean): void
  /** From now on nobody has had a permit. */
  countAnew(): void
  signals(): ReadonlySet<AbortSignal>
  size(): number
  /** Whether somebody waits who had no permit yet. */
  hasNew(): boolean
}

/** In: `onEmpty`, called when the last one has left without a permit. */
export function createWaiters(onEmpty: () => void): Waiters {
  const waiting = new Set<Waiter>()
  let permits = new WeakMap<AbortSignal, number>()

  const rank = ({ signal }: Waiter, heads: ReadonlySet<AbortSignal>): number =>
    2 * (permits.get(signal) ?? 0) + (heads.has(signal) ? 0 : 1)

  function end(waiter: Waiter, permitted: boolean): void {
    waiting.delete(waiter)
    waiter.deaf()
    waiter.resolve(permitted)
  }

  return {
    join(signal) {
      if (signal.aborted) return Promise.resolve(false)
      return new Promise((resolve) => {
        const deaf = onAbort(signal, () => {
          end(waiter, false)
          if (waiting.size === 0) onEmpty()
        })
        const waiter: Waiter = { signal, resolve, deaf }
        waiting.add(waiter)
      })
    },
    letGo(heads, except) {
      let next: Waiter | null = null
      for (const waiter of waiting) {
        if (waiter.signal === except) continue
        if (next === null || rank(waiter, heads) < rank(next, heads)) next = waiter
      }
      if (next === null) return null
      permits.set(next.signal, (permits.get(next.signal) ?? 0) + 1)
      end(next, true)
      return next.signal
    },
    endAll(permitted) {
      for (const waiter of [...waiting]) end(waiter, permitted)
    },
    countAnew() {
      permits = new WeakMap()
    },
    signals: () => new Set([...waiting].map(({ signal }) => signal)),
    size: () => waiting.size,
    hasNew: () => [...waiting].some(({ signal }) => !permits.has(signal)),
  }
}
