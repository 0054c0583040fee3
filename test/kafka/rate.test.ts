/** The configured rate is the group's: what the API sees of two processes that share it, over a rebalance. */
import { afterEach, expect, it } from 'vitest'
import { mostWithin } from '../core/rate-support.js'
import { createSite, type Site } from '../support/site.js'
import { until } from '../support/until.js'

const RATE = 25
const EVENTS = 400
const JITTER_MS = 50

let site: Site

afterEach(() => site.close())

it('is kept by the group while a second process joins, and used', async () => {
  site = await createSite({
    partitions: 4,
    settings: { fetch: { ratePerSecond: RATE } },
    simulator: { profile: 'small', ledgerCalls: 10_000 },
  })
  await site.send(
    Array.from({ length: EVENTS }, (_, n) => ({
      key: site.handshakeId(n),
      value: site.events.completed(site.handshakeId(n)),
    })),
  )
  const first = await site.here()
  await first.started
  const calls = (): readonly { readonly startedAt: number }[] => site.simulator.ledger.calls()
  await until('a quarter is fetched', () => calls().length > EVENTS / 4)
  const second = await site.here()
  await second.started
  await until('all are committed', () => site.caughtUp())

  const times = calls().map(({ startedAt }) => startedAt)
  // Here they arrive when the machine has time: sooner after one another than they were sent.
  expect(mostWithin(times, 1000 - JITTER_MS)).toBeLessThanOrEqual(RATE + 1)
  expect(await second.metric('attestr_api_calls_total{status="200"}')).toBeGreaterThan(20)
  const bounds = [await first.metric('attestr_rate_bound'), await second.metric('attestr_rate_bound')]
  expect(bounds.sort()).toEqual([12, 13])
  expect(await site.violations()).toBe('')
})
