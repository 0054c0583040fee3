import type { Cancel, Clock } from '../../src/core/ports.js'

/** The life of one simulated process: everything it ever does begins with a timer of its clock. */
export interface Life {
  readonly clock: Clock
  readonly state: 'running' | 'frozen' | 'dead'
  /** Timers that wait. */
  readonly timers: number
  /** How often it was frozen. */
  readonly freezes: number
  /** As SIGSTOP: the time goes on, nothing runs. */
  freeze(): void
  /** As SIGCONT: what fell due meanwhile runs now, in its order. */
  thaw(): void
  /** As SIGKILL: nothing ever runs again. What is on its way to a broker or an API still arrives there. */
  kill(): void
}

/**
 * Gives one process a clock of its own that can stand still or end. Edges that answer by this clock stop with it.
 *
 * In:     world   the clock of everything outside of the process
 */
export function createLife(world: Clock): Life {
  let state: Life['state'] = 'running'
  let timers = 0
  let freezes = 0
  const backlog: (() => void)[] = []

  function after(delayMs: number, run: () => void): Cancel {
    if (state === 'dead') return () => undefined
    let job: (() => void) | null = run
    timers += 1
    const take = (): (() => void) | null => {
      const taken = job
      if (taken !== null) timers -= 1
      job = null
      return taken
    }
    const fire = (): void => take()?.()
    const cancel = world.after(delayMs, () => {
      if (state === 'running') fire()
      else if (state === 'frozen') backlog.push(fire)
    })
    return () => {
      take()
      cancel()
    }
  }

  return {
    get state() {
      return state
    },
    get timers() {
      return timers
    },
    get freezes() {
      return freezes
    },
    clock: { now: () => world.now(), monotonic: () => world.monotonic(), after },
    freeze() {
      if (state !== 'running') return
      state = 'frozen'
      freezes += 1
    },
    thaw() {
      if (state !== 'frozen') return
      state = 'running'
      // Each has a turn of its own: promise jobs of one run before the next.
      for (const fire of backlog.splice(0)) after(0, fire)
    },
    kill() {
      state = 'dead'
      backlog.length = 0
    },
  }
}
