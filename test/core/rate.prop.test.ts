import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createRate, SHARE_GAIN_MS } from '../../src/core/rate.js'
import { createVirtualClock } from '../../src/io/memory/clock.js'
import { createSeededRandom } from '../../src/io/memory/random.js'
import { type Share, shareOf } from '../../src/run/rate-share.js'
import { Greedy, mostWithin } from './rate-support.js'

const perSecond = fc.oneof(
  fc.double({ min: 0.2, max: 5, noNaN: true }),
  fc.double({ min: 5, max: 60, noNaN: true }),
  fc.integer({ min: 1, max: 60 }),
)

/** Late timers, rights used late, rights given back. */
const usage = fc.record({
  lateMs: fc.integer({ min: 0, max: 30 }),
  givenBack: fc.double({ min: 0, max: 0.5, noNaN: true }),
  seed: fc.nat(),
})

function useOf({ lateMs, givenBack, seed }: { lateMs: number; givenBack: number; seed: number }) {
  const random = createSeededRandom(seed)
  return (): number | null => (random() < givenBack ? null : Math.floor(random() * (lateMs + 1)))
}

it('lets no window of one second hold more calls than the rate and one', async () => {
  await fc.assert(
    fc.asyncProperty(perSecond, usage, async (rate, how) => {
      const clock = createVirtualClock({ start: 0 })
      const shared = createRate({ clock, random: () => 0.5, perSecond: rate, perDay: null })
      shared.share(1)
      const greedy = new Greedy(shared, clock, useOf(how))
      greedy.run()
      await clock.advance(20_000)
      expect(mostWithin(greedy.sentAt, 1000)).toBeLessThanOrEqual(Math.ceil(rate))
      if (how.givenBack === 0 && how.lateMs === 0)
        expect(greedy.sentAt.length).toBeGreaterThanOrEqual(Math.floor(19 * rate * 0.97) - 1)
    }),
    { numRuns: 150 },
  )
})

interface Rebalance {
  readonly atMs: number
  /** How many partitions each process gets; what is left over goes to the last one. */
  readonly cuts: readonly number[]
}

const PARTITIONS = 12
const TOPIC = 'events'

const rebalances = fc.array(
  fc.record({
    atMs: fc.integer({ min: 0, max: 15_000 }),
    cuts: fc.array(fc.integer({ min: 0, max: PARTITIONS }), { minLength: 2, maxLength: 2 }),
  }),
  { minLength: 1, maxLength: 5 },
)

function partsOf({ cuts }: Rebalance, perSecond: number): Share[] {
  const [low = 0, high = 0] = [...cuts].sort((a, b) => a - b)
  const group = { counts: new Map([[TOPIC, PARTITIONS]]), eventTopics: [TOPIC], perSecond }
  const ranges = [
    [0, low],
    [low, high],
    [high, PARTITIONS],
  ] as const
  return ranges.map(([first, end]) =>
    shareOf(
      Array.from({ length: end - first }, (_, n) => ({ topic: TOPIC, partition: first + n })),
      group,
    ),
  )
}

it('keeps all processes of a group together within the rate, over rebalances', async () => {
  await fc.assert(
    fc.asyncProperty(perSecond, rebalances, usage, async (rate, changes, how) => {
      const clock = createVirtualClock({ start: 0 })
      const processes = [0, 1, 2].map((n) => {
        const shared = createRate({ clock, random: () => 0.5, perSecond: rate, perDay: null })
        return { shared, greedy: new Greedy(shared, clock, useOf({ ...how, seed: how.seed + n })) }
      })
      for (const { greedy } of processes) greedy.run()
      for (const change of changes) {
        const parts = partsOf(change, rate)
        clock.after(change.atMs, () => {
          for (const [n, { shared }] of processes.entries())
            shared.share(parts[n]?.ofSecond ?? 0, parts[n]?.ofDay ?? 0)
        })
      }
      await clock.advance(20_000)
      const all = processes.flatMap(({ greedy }) => greedy.sentAt)
      // With fewer calls a second than partitions each process rounds its part up.
      const more = rate < PARTITIONS ? processes.length : 0
      expect(mostWithin(all, 1000)).toBeLessThanOrEqual(Math.ceil(rate) + more)
    }),
    { numRuns: 150 },
  )
})

it('never lowers, with answers 429, what the group may send to nothing, nor raises it above the rate', async () => {
  await fc.assert(
    fc.asyncProperty(
      perSecond,
      fc.array(fc.integer({ min: 0, max: 3000 }), { maxLength: 40 }),
      async (rate, gaps) => {
        const clock = createVirtualClock({ start: 0 })
        const shared = createRate({ clock, random: () => 0.5, perSecond: rate, perDay: null })
        shared.share(1)
        await clock.advance(SHARE_GAIN_MS)
        for (const gapMs of gaps) {
          await clock.advance(gapMs)
          shared.refused(clock.monotonic(), null)
          expect(shared.perSecond()).toBeGreaterThanOrEqual(Math.min(1, rate))
          expect(shared.perSecond()).toBeLessThanOrEqual(rate)
        }
        await clock.advance(10_000)
        expect(shared.perSecond()).toBeCloseTo(rate, 9)
      },
    ),
    { numRuns: 150 },
  )
})
