import { beforeEach, describe, expect, it } from 'vitest'
import { createRate, PACE_SLACK_MS, type Rate, type RateOptions, SHARE_GAIN_MS } from '../../src/core/rate.js'
import { createVirtualClock, type VirtualClock } from '../../src/io/memory/clock.js'
import { Greedy, mostWithin } from './rate-support.js'

const DAY_MS = 86_400_000

let clock: VirtualClock

beforeEach(() => {
  clock = createVirtualClock({ start: 0 })
})

function rateOf(options: Partial<RateOptions>, part = 1): Rate {
  const rate = createRate({ clock, random: () => 0.5, perSecond: null, perDay: null, ...options })
  rate.share(part)
  return rate
}

async function sendFor(rate: Rate, ms: number): Promise<number[]> {
  const greedy = new Greedy(rate, clock)
  greedy.run()
  await clock.advance(ms)
  greedy.stopped = true
  return greedy.sentAt
}

describe('without a bound', () => {
  it('every call may go out at once', () => {
    const rate = rateOf({})
    for (let n = 0; n < 10_000; n += 1) {
      expect(rate.reserve()).toBe(true)
      rate.sent()
    }
    expect([rate.waitMs(), rate.perSecond(), clock.pending()]).toEqual([0, null, 0])
  })
})

describe('a rate a second', () => {
  it('is kept, spread evenly, and used up', async () => {
    const rate = rateOf({ perSecond: 20 })
    await clock.advance(SHARE_GAIN_MS)
    const sentAt = await sendFor(rate, 10_000)
    expect(mostWithin(sentAt, 1000)).toBe(20)
    expect(sentAt.length).toBeGreaterThanOrEqual(199)
    expect(mostWithin(sentAt.slice(5), 100)).toBeLessThanOrEqual(3)
  })

  it('may have a fraction', async () => {
    for (const perSecond of [0.25, 2.5, 7.3]) {
      const rate = rateOf({ perSecond })
      await clock.advance(SHARE_GAIN_MS)
      const sentAt = await sendFor(rate, 100_000)
      expect(mostWithin(sentAt, 1000)).toBe(Math.ceil(perSecond))
      expect(Math.abs(sentAt.length - 100 * perSecond)).toBeLessThanOrEqual(1 + perSecond / 100)
    }
  })

  it('lets a quiet process send a little at once, never more than a second allows', async () => {
    const rate = rateOf({ perSecond: 100 })
    await clock.advance(60_000)
    const sentAt = await sendFor(rate, 1000)
    expect(sentAt.filter((at) => at === sentAt[0])).toHaveLength((PACE_SLACK_MS * 100) / 1000 + 1)
    expect(mostWithin(sentAt, 1000)).toBeLessThanOrEqual(100)
  })

  it('counts a right that is not used yet, and forgets one that was given back', async () => {
    const rate = rateOf({ perSecond: 2 })
    await clock.advance(60_000)
    expect([rate.reserve(), rate.reserve()]).toEqual([true, false])
    await clock.advance(500)
    expect([rate.reserve(), rate.reserve()]).toEqual([true, false])
    await clock.advance(60_000)
    expect(rate.waitMs()).toBe(Number.POSITIVE_INFINITY)
    rate.unused()
    expect(rate.reserve()).toBe(true)
    rate.sent()
    rate.sent()
    expect(rate.waitMs()).toBe(1000)
  })
})

describe('the share of a process', () => {
  it('that grows is used a second later, one that shrinks at once', async () => {
    const rate = rateOf({ perSecond: 10 }, 0)
    expect(rate.waitMs()).toBe(Number.POSITIVE_INFINITY)
    rate.share(0.5)
    await clock.advance(SHARE_GAIN_MS - 1)
    expect(rate.perSecond()).toBe(0)
    await clock.advance(1)
    expect(rate.perSecond()).toBe(5)
    rate.share(1)
    await clock.advance(SHARE_GAIN_MS - 1)
    expect(rate.perSecond()).toBe(5)
    rate.share(0.2)
    expect(rate.perSecond()).toBe(2)
    await clock.advance(60_000)
    expect(rate.perSecond()).toBe(2)
  })

  it('opens for who waits', async () => {
    const rate = rateOf({ perSecond: 10 }, 0)
    let opened = 0
    rate.whenOpen(() => {
      opened += 1
    })
    await clock.advance(60_000)
    expect(opened).toBe(0)
    rate.share(0.1)
    await clock.advance(SHARE_GAIN_MS)
    expect(opened).toBe(1)
  })
})

describe('a rate a day', () => {
  it('is kept in any 24 hours, and then goes on by itself', async () => {
    const told: number[] = []
    const rate = rateOf({ perDay: 5, onUsedUp: () => told.push(clock.monotonic()) })
    const sentAt = await sendFor(rate, 3 * DAY_MS)
    expect(mostWithin(sentAt, DAY_MS)).toBe(5)
    expect(sentAt.length).toBe(15)
    expect(sentAt[5]).toBe(DAY_MS + 60_000)
    expect(told).toHaveLength(3)
  })

  it('is told to be used up only when somebody waits for it', () => {
    let told = 0
    const rate = rateOf({
      perDay: 1,
      onUsedUp: () => {
        told += 1
      },
    })
    rate.reserve()
    rate.sent()
    expect([rate.reserve(), told]).toEqual([false, 0])
    rate.whenOpen(() => undefined)
    rate.whenOpen(() => undefined)
    expect(told).toBe(1)
  })

  it('is shared as the other one, with one call at least', async () => {
    for (const [part, calls] of [
      [0.5, 50],
      [0.25, 25],
      [0.001, 1],
    ] as const) {
      expect(await sendFor(rateOf({ perDay: 100 }, part), 60_000)).toHaveLength(calls)
    }
  })

  it('that is used up goes on when a part of it is free again, not at each call', async () => {
    const rate = rateOf({ perDay: 1000 })
    const greedy = new Greedy(rate, clock)
    // One call a minute: 1000 minutes until it is used up, then one is free each minute.
    const tick = (): void => {
      if (rate.reserve()) {
        rate.sent()
        greedy.sentAt.push(clock.monotonic())
      } else rate.whenOpen(() => undefined)
      clock.after(60_000, tick)
    }
    tick()
    await clock.advance(2 * DAY_MS)
    expect(mostWithin(greedy.sentAt, DAY_MS)).toBeLessThanOrEqual(1000)
    const resumed = greedy.sentAt.filter((at, n) => at - (greedy.sentAt[n - 1] ?? at) > 60_000)
    expect(resumed.length).toBeLessThanOrEqual(1)
    expect(greedy.sentAt.length).toBeGreaterThan(1800)
  })
})

describe('an answer 429', () => {
  it('halves the rate at most once a second, and a fifth of the full rate comes back each second', async () => {
    const rate = rateOf({ perSecond: 40 })
    await clock.advance(5000)
    rate.refused(clock.monotonic(), null)
    rate.refused(clock.monotonic(), null)
    expect(rate.perSecond()).toBe(20)
    await clock.advance(1000)
    expect(rate.perSecond()).toBe(28)
    await clock.advance(60_000)
    expect(rate.perSecond()).toBe(40)
  })

  it('to a call that was sent before the rate was lowered lowers it no more', async () => {
    const rate = rateOf({ perSecond: 40 })
    await clock.advance(5000)
    const sentAt = clock.monotonic()
    await clock.advance(10)
    rate.refused(clock.monotonic(), null)
    await clock.advance(2000)
    rate.refused(sentAt, null)
    expect(rate.perSecond()).toBe(36)
  })

  it('never lowers it below one a second, nor below what is configured', async () => {
    for (const [perSecond, floor] of [
      [40, 1],
      [0.5, 0.5],
    ] as const) {
      const rate = rateOf({ perSecond })
      await clock.advance(5000)
      for (let n = 0; n < 20; n += 1) {
        rate.refused(clock.monotonic(), null)
        await clock.advance(1000)
      }
      rate.refused(clock.monotonic(), null)
      expect(rate.perSecond()).toBeLessThanOrEqual(Math.max(floor, perSecond * 0.25))
      expect(rate.perSecond()).toBeGreaterThanOrEqual(floor)
    }
  })

  it('begins from the measured rate where none is configured, and is forgotten after twice of it went well', async () => {
    const lowered: number[] = []
    const rate = rateOf({ onLowered: (perSecond) => lowered.push(perSecond) })
    for (let n = 0; n < 200; n += 1) {
      rate.reserve()
      rate.sent()
      await clock.advance(10)
    }
    rate.refused(clock.monotonic(), null)
    expect(lowered).toHaveLength(1)
    expect(lowered[0]).toBeGreaterThan(48)
    expect(lowered[0]).toBeLessThan(52)
    await clock.advance(5_000)
    expect(rate.perSecond()).toBeGreaterThan(140)
    await clock.advance(3_000)
    expect(rate.perSecond()).toBeNull()
  })

  it('holds all calls as long as it asks for, and a little longer with each round', async () => {
    const rate = rateOf({})
    rate.refused(0, 3000)
    expect(rate.waitMs()).toBe(3000)
    await clock.advance(3000)
    const waits: number[] = []
    for (let round = 0; round < 4; round += 1) {
      rate.refused(clock.monotonic(), null)
      rate.refused(clock.monotonic() - 1, null)
      waits.push(rate.waitMs())
      await clock.advance(waits.at(-1) ?? 0)
    }
    expect(waits).toEqual([250, 500, 1000, 2000])
    rate.worked()
    rate.refused(clock.monotonic(), null)
    expect(rate.waitMs()).toBe(125)
  })
})

it('leaves no timer behind when it is closed', async () => {
  const rate = rateOf({ perSecond: 1 }, 0.5)
  rate.whenOpen(() => undefined)
  rate.close()
  expect(clock.pending()).toBe(0)
})
