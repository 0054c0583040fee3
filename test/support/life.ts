import type { Cancel, Clock } from '../../src/core/ports.js'

/** The life of one simulated process: everything it ever does begins with a timer of its clock. */
export interface Life {
  readonly clock: Clock
  readonly state: 'running' | 'frozen' | 'dead'
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
  const backlog: { run: (() => void) | null }[] = []

  function after(delayMs: number, run: () => void): Cancel {
    if (state === 'dead') return () => undefined
    const due = { run: run as (() => void) | null }
    const fire = (): void => {
      const job = due.run
      due.run = null
      job?.()
    }
    const cancel = world.after(delayMs, () => {
      if (state === 'running') fire()
      else if (state === 'frozen') backlog.push({ run: fire })
    })
    return () => {
      due.run = null
      cancel()
    }
  }

  return {
    get state() {
      return state
    },
    clock: { now: () => world.now(), monotonic: () => world.monotonic(), after },
    freeze() {
      if (state === 'running') state = 'frozen'
    },
    thaw() {
      if (state !== 'frozen') return
      state = 'running'
      // Each has a turn of its own: promise jobs of one run before the next.
      for (const { run } of backlog.splice(0)) if (run !== null) after(0, run)
    },
    kill() {
      state = 'dead'
      backlog.length = 0
    },
  }
}
