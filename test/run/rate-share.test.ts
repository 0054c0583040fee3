import { describe, expect, it } from 'vitest'
import type { TopicPartition } from '../../src/core/model.js'
import type { SourceListener } from '../../src/core/ports.js'
import { shareOf, withRateShare } from '../../src/run/rate-share.js'

const of = (topic: string, count: number): TopicPartition[] =>
  Array.from({ length: count }, (_, partition) => ({ topic, partition }))

const COUNTS = new Map([
  ['events', 12],
  ['more', 6],
  ['retry', 12],
])
const EVENTS = ['events', 'more']

describe('the share of the rate', () => {
  it('goes with the partitions of events topics', () => {
    const counts = new Map([['events', 12]])
    expect(shareOf(of('events', 12), counts, EVENTS)).toBe(1)
    expect(shareOf(of('events', 3), counts, EVENTS)).toBe(0.25)
    expect(shareOf([], counts, EVENTS)).toBe(0)
  })

  it('counts several events topics together, and retry topics next to nothing', () => {
    const share = shareOf([...of('events', 3), ...of('more', 6), ...of('retry', 12)], COUNTS, EVENTS)
    expect(share).toBeGreaterThan(0.49)
    expect(share).toBeLessThan(0.51)
  })

  it('is not nothing for a process that reads retry topics alone', () => {
    const share = shareOf(of('retry', 1), COUNTS, EVENTS)
    expect(share).toBeGreaterThan(0)
    expect(share).toBeLessThan(0.001)
  })

  it('is 1 for all members together', () => {
    const members = [
      [...of('events', 5), ...of('retry', 1)],
      [...of('events', 7), ...of('more', 2)],
      [...of('more', 4), ...of('retry', 11)],
    ]
    const sum = members.reduce((total, assigned) => total + shareOf(assigned, COUNTS, EVENTS), 0)
    expect(sum).toBeCloseTo(1, 12)
  })

  it('takes what is assigned for the whole where the number of partitions is not known', () => {
    expect(shareOf(of('events', 2), new Map(), EVENTS)).toBe(1)
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
  const wrapped = withRateShare(listener, { share: (part) => void seen.push(`share ${part}`) }, ['events'])
  const at = { topic: 'events', partition: 0 }
  wrapped.assigned(of('events', 3), new Map([['events', 12]]))
  await wrapped.revoking()
  expect(wrapped.messages(at, [], 0)).toBe(5)
  wrapped.heartbeat()
  wrapped.outOfRange(at)
  expect(seen).toEqual(['share 0.25', 'assigned 3', 'revoking', 'messages', 'heartbeat', 'outOfRange'])
})
