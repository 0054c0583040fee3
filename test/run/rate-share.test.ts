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
  shareOf(assigned, { counts, eventTopics: EVENTS, perSecond: null }).ofSecond

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
  const of12 = (assigned: readonly TopicPartition[], perSecond: number) =>
    shareOf(assigned, { counts: COUNTS, eventTopics: EVENTS, perSecond })
  const all = [...of('events', 12), ...of('more', 6), ...of('retry', 12)]
  /** Whose partition each one is. */
  const owners = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 30, maxLength: 30 })
  const membersOf = (list: readonly number[]) =>
    [0, 1, 2, 3, 4].map((member) => all.filter((_, index) => list[index] === member))

  it('has whole calls for each member, which are the rate together', () => {
    fc.assert(
      fc.property(owners, fc.integer({ min: 18, max: 200 }), (list, perSecond) => {
        const members = membersOf(list).filter((assigned) => assigned.some(({ topic }) => topic !== 'retry'))
        const calls = members.map((assigned) => perSecond * of12(assigned, perSecond).ofSecond)
        for (const one of calls) expect(one).toBeCloseTo(Math.round(one), 6)
        expect(calls.reduce((sum, one) => sum + one, 0)).toBeCloseTo(perSecond, 6)
      }),
    )
  })

  it('differs by one call between members that have partitions in turn', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 12, max: 60 }), (count, perSecond) => {
        const events = of('events', 12)
        const group = { counts: new Map([['events', 12]]), eventTopics: ['events'], perSecond }
        const calls = Array.from({ length: count }, (_, member) => {
          const mine = events.filter((_one, index) => index % count === member)
          return (perSecond * shareOf(mine, group).ofSecond) / mine.length
        })
        expect(Math.max(...calls) - Math.min(...calls)).toBeLessThanOrEqual(1 + 1e-9)
      }),
    )
  })

  it('is the part that goes with the partitions for the day, and for a second with too few calls', () => {
    fc.assert(
      fc.property(owners, fc.double({ min: 0.1, max: 200, noNaN: true }), (list, perSecond) => {
        const parts = membersOf(list).map((assigned) => [share(assigned), of12(assigned, perSecond)] as const)
        for (const [exact, { ofDay, ofSecond }] of parts) {
          expect(ofDay).toBe(exact)
          if (perSecond < 18) expect(ofSecond).toBe(exact)
        }
      }),
    )
  })

  it('gives a fraction of a call to one partition', () => {
    expect(20.5 * of12(all, 20.5).ofSecond).toBeCloseTo(20.5, 9)
    expect(20.5 * of12(from('events', 2, 1), 20.5).ofSecond).toBeCloseTo(1.5, 9)
    expect(20.5 * of12(from('events', 3, 1), 20.5).ofSecond).toBeCloseTo(1, 9)
  })

  it('is not nothing for a process that reads retry topics alone', () => {
    expect(of12(of('retry', 1), 100).ofSecond).toBeGreaterThan(0)
    expect(of12(of('retry', 1), 100).ofSecond).toBeLessThan(0.001)
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
