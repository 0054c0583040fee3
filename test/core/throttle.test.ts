import { describe, expect, it } from 'vitest'
import { createThrottle } from '../../src/core/throttle.js'
import { createVirtualClock } from '../../src/io/memory/clock.js'

describe('the throttle', () => {
  it('is open until it is told to hold, and again afterwards', async () => {
    const clock = createVirtualClock({ start: 0 })
    const throttle = createThrottle(clock)
    expect(throttle.remainingMs()).toBe(0)
    throttle.hold(1_000)
    expect(throttle.remainingMs()).toBe(1_000)
    await clock.advance(1_500)
    expect(throttle.remainingMs()).toBe(0)
  })

  it('keeps the longest wait that was asked for', async () => {
    const clock = createVirtualClock({ start: 0 })
    const throttle = createThrottle(clock)
    throttle.hold(5_000)
    await clock.advance(1_000)
    throttle.hold(100)
    expect(throttle.remainingMs()).toBe(4_000)
  })
})
