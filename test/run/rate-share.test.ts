import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { TopicPartition } from '../../src/core/model.js'
import type { SourceListener } from '../../src/core/ports.js'
import { shareOf, withRateShare } from '../../src/run/rate-share.js'

const of = (topic: string, count: number): TopicPartition[] =>
  Array.from({ length: count }, (_, partition) => ({ topic, partition }))

const from = (topic: string, first: number, count: number): TopicPartition[] =>
  Array.from({ length: count }, (_, n) => ({ topic, partition: first + n }))

const COUNTS = new Map([
  ['events', 12],
  ['more', 6],
  ['retry', 12],
])
const EVENTS = ['events', 'more']
const share = (assigned: readonly TopicPartition[], counts: ReadonlyMap<string, number> = COUNTS): number =>
  shareOf(assigned, { counts, eventTopics: EVENTS, perSecond: null })

describe('the share of the rate', () => {
  it('goes with the partitions of events topics', () => {
    const counts = new Map([['events', 12]])
    expect(share(of('events', 12), counts)).toBe(1)
    expect(share(of('events', 3), counts)).toBe(0.25)
    expect(share([], counts)).toBe(0)
  })

  it('counts several events topics together, and retry topics next to nothing', () => {
    const part = share([...of('events', 3), ...of('more', 6), ...of('retry', 12)])
    expect(part).toBeGreaterThan(0.49)
    expect(part).toBeLessThan(0.51)
  })

  it('is not nothing for a process that reads retry topics alone', () => {
    const part = share(of('retry', 1))
    expect(part).toBeGreaterThan(0)
    expect(part).toBeLessThan(0.001)
  })

  it('is 1 for all members together', () => {
    const members = [
      [...from('events', 0, 5), ...from('retry', 0, 1)],
      [...from('events', 5, 7), ...from('more', 0, 2)],
      [...from('more', 2, 4), ...from('retry', 1, 11)],
    ]
    const sum = members.reduce((total, assigned) => total + share(assigned), 0)
    expect(sum).toBeCloseTo(1, 12)
  })

  it('takes what is assigned for the whole where the number of partitions is not known', () => {
    expect(share(of('events', 2), new Map())).toBe(1)
  })
})

describe('the share of a rate that is bounded', () => {
  const callsOf = (assigned: readonly TopicPartition[], perSecond: number): number =>
    perSecond * shareOf(assigned, { counts: COUNTS, eventTopics: EVENTS, perSecond })
  /** Whose partition each one is. */
  const owners = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 30, maxLength: 30 })
  const all = [...of('events', 12), ...of('more', 6), ...of('retry', 12)]

  it('has whole calls for each member, which are the rate together, or at most one', () => {
    fc.assert(
      fc.property(owners, fc.integer({ min: 1, max: 200 }), (list, perSecond) => {
        const members = [0, 1, 2, 3, 4].map((member) => all.filter((_, index) => list[index] === member))
        const calls = members.map((assigned) => callsOf(assigned, perSecond))
        const more = calls.filter((one) => one > 1 + 1e-9)
        for (const one of more) expect(one).toBeCloseTo(Math.round(one), 6)
        for (const [index, one] of calls.entries()) if (members[index]?.length) expect(one).toBeGreaterThan(0)
        const total = calls.reduce((sum, one) => sum + one, 0)
        expect(total).toBeGreaterThan(perSecond - 1e-6)
        // Eighteen partitions of events topics: with as many calls each of them has one.
        const idle = members.filter(
          (assigned, index) =>
            assigned.length > 0 &&
            (calls[index] ?? 0) <= 1 &&
            assigned.every(({ topic }) => topic === 'retry'),
        ).length
        expect(total).toBeLessThan(perSecond + (perSecond < 19 ? members.length : idle) + 1e-6)
      }),
    )
  })

  it('is near the part that goes with the partitions', () => {
    fc.assert(
      fc.property(owners, fc.integer({ min: 1, max: 200 }), (list, perSecond) => {
        const mine = all.filter((_, index) => list[index] === 0)
        // A call for each stretch of partitions that lie together, at most.
        expect(Math.abs(callsOf(mine, perSecond) - perSecond * share(mine))).toBeLessThan(mine.length + 1)
      }),
    )
  })

  it('gives a fraction of a call to the last partition', () => {
    expect(callsOf(all, 2.5)).toBe(2.5)
    expect(callsOf(from('retry', 11, 1), 2.5)).toBeCloseTo(0.5, 9)
  })
})

it('is told before the lanes are, and everything else is passed on', async () => {
  const seen: string[] = []
  const listener: SourceListener = {
    revoking: async () => void seen.push('revoking'),
    assigned: (partitions) => void seen.push(`assigned ${partitions.length}`),
    messages: () => {
      seen.push('messages')
      return 5
    },
    heartbeat: () => void seen.push('heartbeat'),
    outOfRange: () => void seen.push('outOfRange'),
  }
  const SETTINGS = { topics: { events: ['events'] }, fetch: { ratePerSecond: 8 } }
  const wrapped = withRateShare(listener, { share: (part) => void seen.push(`share ${part}`) }, SETTINGS)
  const at = { topic: 'events', partition: 0 }
  wrapped.assigned(of('events', 3), new Map([['events', 12]]))
  await wrapped.revoking()
  expect(wrapped.messages(at, [], 0)).toBe(5)
  wrapped.heartbeat()
  wrapped.outOfRange(at)
  expect(seen).toEqual(['share 0.25', 'assigned 3', 'revoking', 'messages', 'heartbeat', 'outOfRange'])
})
