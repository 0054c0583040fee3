import type { VirtualClock } from '../../src/io/memory/clock.js'

export interface Pump {
  /** Lets so much virtual time go by. */
  wait(delayMs: number): Promise<void>
  /** Waits in virtual time; throws with `what` when it takes longer than `limitMs`. */
  until(what: string, condition: () => boolean, limitMs?: number): Promise<void>
  stop(): Promise<void>
}

/** Keeps a virtual clock going in the background, so that a test can await its edges as it would real ones. */
export function startPump(clock: VirtualClock): Pump {
  let stopped = false

  async function run(): Promise<void> {
    while (!stopped) {
      await clock.runUntil(() => stopped, 60_000)
      await clock.settle()
    }
  }
  const running = run()

  const wait = (delayMs: number): Promise<void> =>
    new Promise((resolve) => {
      clock.after(delayMs, resolve)
    })

  return {
    wait,
    async until(what, condition, limitMs = 120_000) {
      const limit = clock.monotonic() + limitMs
      while (!condition()) {
        if (clock.monotonic() > limit) throw new Error(`waited in vain for: ${what}`)
        await wait(5)
      }
    },
    async stop() {
      stopped = true
      await running
    },
  }
}
