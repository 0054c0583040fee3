import { describe, expect, test } from 'vitest'
import { createVirtualClock } from '../../../src/io/memory/clock.js'
import { createSeededRandom, randomInt } from '../../../src/io/memory/random.js'

const create = () => createVirtualClock({ start: 1_000_000 })

describe('the virtual clock', () => {
  test('time stands until it is moved, and moves exactly as far as told', async () => {
    const clock = create()
    expect([clock.now(), clock.monotonic()]).toEqual([1_000_000, 0])
    await clock.settle()
    expect(clock.monotonic()).toBe(0)
    await clock.advance(250)
    expect([clock.now(), clock.monotonic()]).toEqual([1_000_250, 250])
  })

  test('timers fire in order of time, then of creation, each at its own time', async () => {
    const clock = create()
    const random = createSeededRandom(7)
    const fired: [number, number][] = []
    const delays = Array.from({ length: 2000 }, () => randomInt(random, 0, 300))
    for (const [index, delay] of delays.entries()) {
      clock.after(delay, () => fired.push([clock.monotonic(), index]))
    }
    await clock.advance(300)
    const expected = delays.map((delay, index): [number, number] => [delay, index])
    expect(fired).toEqual(expected.sort((a, b) => a[0] - b[0] || a[1] - b[1]))
    expect(clock.pending()).toBe(0)
  })

  test('a cancelled timer never fires, however many are cancelled', async () => {
    const clock = create()
    const fired: number[] = []
    const cancels = Array.from({ length: 1000 }, (_, i) => clock.after(i, () => fired.push(i)))
    for (const [i, cancel] of cancels.entries()) if (i % 10 !== 0) cancel()
    expect(clock.pending()).toBe(100)
    await clock.advance(1000)
    expect(fired).toEqual(Array.from({ length: 100 }, (_, i) => 10 * i))
  })

  test('a timer made by a timer fires in the same run when it is due', async () => {
    const clock = create()
    const seen: number[] = []
    const again = (): void => {
      seen.push(clock.monotonic())
      clock.after(30, again)
    }
    clock.after(30, again)
    await clock.advance(100)
    expect(seen).toEqual([30, 60, 90])
  })

  test('a chain of ten thousand promise jobs is at its end before the next timer fires', async () => {
    const clock = create()
    let steps = 0
    let seen = -1
    clock.after(1, async () => {
      for (; steps < 10_000; steps += 1) await null
    })
    clock.after(1, () => {
      seen = steps
    })
    await clock.advance(1)
    expect(seen).toBe(10_000)
  })

  test('runUntil stops at the condition, at the limit, and when no timer is left', async () => {
    const clock = create()
    let count = 0
    const tick = (): void => {
      count += 1
      if (count < 10) clock.after(10, tick)
    }
    clock.after(10, tick)
    expect(await clock.runUntil(() => count === 3, 1000)).toBe(true)
    expect(clock.monotonic()).toBe(30)
    expect(await clock.runUntil(() => false, 25)).toBe(false)
    expect(count).toBe(5)
    expect(await clock.runUntil(() => count > 10, 1000)).toBe(false)
    expect(count).toBe(10)
  })

  test('drive returns what the promise gives, and says so when nothing could settle it', async () => {
    const clock = create()
    const waited = new Promise((resolve) => clock.after(5000, () => resolve('done')))
    expect(await clock.drive(waited)).toBe('done')
    await expect(clock.drive(new Promise(() => undefined))).rejects.toThrow('no timer is left')
  })

  test('what a timer throws comes out of the run', async () => {
    const clock = create()
    clock.after(1, () => {
      throw new Error('from a timer')
    })
    await expect(clock.advance(1)).rejects.toThrow('from a timer')
  })
})

describe('the seeded random', () => {
  test('gives the same sequence for a seed and another for another', () => {
    const sequence = (seed: number) => Array.from({ length: 5 }, createSeededRandom(seed))
    expect(sequence(3)).toEqual(sequence(3))
    expect(sequence(3)).not.toEqual(sequence(4))
  })

  test('is spread evenly, both ends of randomInt included', () => {
    const random = createSeededRandom(1)
    const counts = new Map<number, number>()
    for (let i = 0; i < 6000; i += 1) {
      const drawn = randomInt(random, 1, 6)
      counts.set(drawn, (counts.get(drawn) ?? 0) + 1)
    }
    expect([...counts.keys()].sort()).toEqual([1, 2, 3, 4, 5, 6])
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(150)
  })
})
