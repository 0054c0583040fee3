import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createTiming } from '../../src/simulator/timing.js'

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

describe('waits', () => {
  it.each([0, 0.4, 1, 1.6])('last as long as asked on average, when timers are %d ms late', (lateMs) => {
    let late = 0
    const timing = createTiming(() => Date.now() + late)
    const waited: number[] = []
    for (let i = 0; i < 2000; i += 1) {
      late = 0
      const begin = Date.now()
      timing.after(50, () => waited.push(Date.now() + late - begin))
      late = lateMs
      vi.runAllTimers()
    }
    const settled = waited.slice(500)
    expect(settled).toHaveLength(1500)
    expect(Math.abs(settled.reduce((sum, ms) => sum + ms, 0) / settled.length - 50)).toBeLessThan(0.1)
    for (const ms of settled) expect(Math.abs(ms - 50)).toBeLessThan(1.1)
  })

  it('are called off', () => {
    const timing = createTiming(() => Date.now())
    const then = vi.fn()
    timing.after(5, then)()
    vi.runAllTimers()
    expect(then).not.toHaveBeenCalled()
  })
})
