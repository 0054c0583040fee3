import { expect, it } from 'vitest'
import { createVirtualClock } from '../../src/io/memory/clock.js'
import { createProgress } from '../../src/run/progress.js'

it('work that waits is stalled when nothing was made for four deadlines, a minute at least', async () => {
  for (const [deadlineMs, boundMs] of [
    [1000, 60_000],
    [30_000, 120_000],
  ] as const) {
    const clock = createVirtualClock({ start: 0 })
    const progress = createProgress(clock, deadlineMs)
    await clock.advance(boundMs)
    expect(progress.isStalled(true)).toBe(false)
    await clock.advance(1)
    expect(progress.isStalled(true)).toBe(true)
    progress.called()
    expect(progress.isStalled(true)).toBe(false)
  }
})

it('a wait begins when work comes, not when the last was done', async () => {
  const clock = createVirtualClock({ start: 0 })
  const progress = createProgress(clock, 1000)
  await clock.advance(3_600_000)
  expect(progress.isStalled(false)).toBe(false)
  await clock.advance(59_000)
  expect(progress.isStalled(true)).toBe(false)
})

it('tells what was called and concluded in the last second', async () => {
  const clock = createVirtualClock({ start: 0 })
  const progress = createProgress(clock, 1000)
  for (let n = 0; n < 20; n += 1) {
    progress.called()
    if (n % 2 === 0) progress.concluded()
    await clock.advance(100)
  }
  expect(progress.rates()).toEqual({ callsPerSecond: 10, eventsPerSecond: 5 })
  await clock.advance(2000)
  expect(progress.rates()).toEqual({ callsPerSecond: 0, eventsPerSecond: 0 })
})
