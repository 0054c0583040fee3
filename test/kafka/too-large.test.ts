/** Records that the broker stores no more, although kafka.maxRecordBytes allows them: a typed end, never an endless retry. */
import { afterEach, expect, it } from 'vitest'
import { createSite, type ExpectedEnd, type Site } from '../support/site.js'
import { until } from '../support/until.js'

const EVENTS = 200
/** Of the topic: a record of 3000 leaves has about 60,000 bytes, and all records of one transaction far more than this. */
const NARROW = { 'max.message.bytes': '20000' }

let site: Site

afterEach(() => site.close())

async function siteOf(tooLarge: readonly number[], narrow: 'verified' | 'deadLetter'): Promise<Site> {
  const made = await createSite({ partitions: 2, settings: { limits: { leaves: 5000 } } })
  await made.broker.createTopic({ exact: made.topics[narrow], partitions: 1, config: NARROW })
  const fault = { kind: 'many-leaves', leaves: 3000 } as const
  made.simulator.setScript({
    handshakes: Object.fromEntries(tooLarge.map((n) => [made.handshakeId(n), [{ fault, times: null }]])),
  })
  return made
}

it.each(['exactly-once', 'at-least-once'] as const)(
  '%s: one that is too large ends as record-too-large, and the events beside it are verified',
  async (delivery) => {
    const tooLarge = [3, 70, 71, 150]
    site = await siteOf(tooLarge, 'verified')
    const messages = Array.from({ length: EVENTS }, (_, n) => ({
      key: site.handshakeId(n),
      value: site.events.completed(site.handshakeId(n)),
    }))
    await site.send(messages)
    const here = await site.here(`delivery=${delivery}`)
    await here.started
    await until('all are committed', () => site.caughtUp())

    const outcomes = await site.outcomes()
    const dead = new Set(tooLarge.map((n) => site.handshakeId(n)))
    const expected = new Map<string, ExpectedEnd>(
      outcomes.map(({ source, handshakeId }) => [
        `${source.partition}@${source.offset}`,
        dead.has(handshakeId ?? '')
          ? { outcome: 'DEAD', code: 'record-too-large' }
          : { outcome: 'VERIFIED', code: null },
      ]),
    )
    expect(expected.size).toBe(EVENTS)
    expect(await site.violations({ delivery, callsOnce: true }, expected)).toBe('')
    expect(await here.metric('attestr_batches_refused_total')).toBeGreaterThan(0)
    expect(await here.metric('attestr_lane_failures_total')).toBe(0)
  },
)

it('a dead letter that is too large is written without its value', async () => {
  site = await siteOf([], 'deadLetter')
  await site.send(
    [
      { key: null, value: Buffer.alloc(50_000, 0xff) },
      { key: site.handshakeId(1), value: site.events.completed(site.handshakeId(1)) },
    ],
    0,
  )
  const here = await site.here('deadLetters.undecodable=keep')
  await here.started
  await until('both are committed', () => site.caughtUp())
  expect(await site.violations()).toBe('')
  expect((await site.outcomes()).map(({ outcome, code }) => [outcome, code])).toEqual([
    ['DEAD', 'event-undecodable'],
    ['VERIFIED', null],
  ])
  expect(await here.metric('attestr_lane_failures_total')).toBe(0)
})
