import { expect, it } from 'vitest'
import { createVirtualClock } from '../../src/io/memory/clock.js'
import { createHeadroom } from '../../src/run/headroom.js'

const HOUR = 3_600_000

async function scene(retention: Record<string, number | null>) {
  const clock = createVirtualClock({ start: 1000 * HOUR })
  const ending = new AbortController()
  let shown = 0
  let asked = 0
  const show = createHeadroom({
    ...{ clock, config: { topics: { events: Object.keys(retention) } }, signal: ending.signal },
    metrics: {
      set: (_, value) => {
        shown = value
      },
    },
    retentionOf: async (topic) => {
      asked += 1
      return retention[topic] ?? null
    },
  })
  await clock.advance(1)
  const hoursLeft = (oldest: Record<string, number>): number => {
    const lanes = Object.entries(oldest).map(([topic, hours]) => ({
      at: { topic, partition: 0 },
      figures: { oldestTimestamp: clock.now() - hours * HOUR } as never,
    }))
    show(lanes)
    return shown / 3600
  }
  return { clock, ending, hoursLeft, asked: () => asked, retention }
}

it('is what the topic keeps less the age of the oldest message that waits', async () => {
  const { hoursLeft } = await scene({ events: 24 * HOUR })
  expect(hoursLeft({})).toBe(24)
  expect(hoursLeft({ events: 5, 'attestr.retry.1h': 20 })).toBe(19)
  expect(hoursLeft({ events: 25 })).toBe(-1)
})

it('is that of the topic with the least, and without end where everything is kept', async () => {
  const { hoursLeft } = await scene({ one: 24 * HOUR, two: 10 * HOUR })
  expect(hoursLeft({ one: 20, two: 1 })).toBe(4)
  expect((await scene({ one: Number.POSITIVE_INFINITY })).hoursLeft({ one: 20 })).toBe(
    Number.POSITIVE_INFINITY,
  )
})

it('is no number where retention cannot be asked', async () => {
  expect((await scene({ one: null })).hoursLeft({ one: 1 })).toBeNaN()
})

it('follows a retention that is changed, and asks no more after the end', async () => {
  const { clock, ending, hoursLeft, retention, asked } = await scene({ events: 24 * HOUR })
  retention['events'] = 12 * HOUR
  await clock.advance(700_000)
  expect(hoursLeft({})).toBe(12)
  ending.abort()
  const before = asked()
  await clock.advance(2_000_000)
  expect([asked(), clock.pending()]).toEqual([before, 0])
})
