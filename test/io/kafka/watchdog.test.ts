import { describe, expect, it } from 'vitest'
import { createWatchdog, type Stuck, TICK_MS } from '../../../src/io/kafka/watchdog.js'

const LIMITS = { joinMs: 20_000, fetchMs: 9000, heartbeatMs: 6000 }

function scene() {
  let now = 1000
  const watchdog = createWatchdog(() => now, LIMITS)
  /** Time goes by, tick by tick. Out: the first thing found stuck, and after how long. */
  const pass = (ms: number, between: () => void = () => undefined): [Stuck, number] | null => {
    for (let passed = TICK_MS; passed <= ms; passed += TICK_MS) {
      now += TICK_MS
      const stuck = watchdog.tick()
      if (stuck !== null) return [stuck, passed]
      between()
    }
    return null
  }
  const freeze = (ms: number): void => {
    now += ms
  }
  return { watchdog, pass, freeze }
}

describe('a consumer', () => {
  it('that fetches and is answered is left alone, whether it gets messages or not', () => {
    const { watchdog, pass } = scene()
    watchdog.joined()
    const works = (): void => {
      watchdog.fetchMoved(1)
      watchdog.heartbeat()
    }
    expect(pass(600_000, works)).toBeNull()
  })

  it('that never joins is stuck after the time of a join', () => {
    const { pass } = scene()
    expect(pass(60_000)).toEqual(['stuck-join', 20_500])
  })

  it('has the time of a join for each rejoin', () => {
    const { watchdog, pass } = scene()
    watchdog.joined()
    watchdog.joining()
    expect(pass(20_000)).toBeNull()
    watchdog.joined()
    expect(pass(6000)).toBeNull()
  })

  it('that never fetches after a join is stuck', () => {
    const { watchdog, pass } = scene()
    watchdog.joined()
    expect(pass(60_000, watchdog.heartbeat)).toEqual(['stuck-fetch', 9500])
  })

  it('of which one broker out of two gives no answer is stuck', () => {
    const { watchdog, pass } = scene()
    watchdog.joined()
    watchdog.fetchMoved(2)
    const half = (): void => {
      watchdog.fetchMoved(1)
      watchdog.heartbeat()
    }
    expect(pass(60_000, half)).toEqual(['stuck-fetch', 9500])
  })

  it('that fetches without an answered heartbeat is told apart', () => {
    const { watchdog, pass } = scene()
    watchdog.joined()
    expect(pass(60_000, () => watchdog.fetchMoved(1))).toEqual(['no-heartbeat', 6500])
  })

  it('that was frozen with its process is not stuck: nobody was there to fetch', () => {
    const { watchdog, pass, freeze } = scene()
    watchdog.joined()
    freeze(3_600_000)
    expect(pass(4500)).toBeNull()
  })
})
