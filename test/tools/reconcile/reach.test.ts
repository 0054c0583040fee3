import { describe, expect, it } from 'vitest'
import type { TopicPartition } from '../../../src/core/model.js'
import type { Facts } from '../../../src/tools/reconcile/facts.js'
import { type ChainPlan, type Cut, factsOf, judgeRows, playHistory, scopeOf } from './history.js'

const plain = { delays: 0, stages: 1, replays: [] } as const
const plans: ChainPlan[] = Array.from({ length: 60 }, (_, n) =>
  n % 3 === 0 ? { ...plain, end: 'VERIFIED' } : { ...plain, end: n % 3 === 1 ? 'DEAD' : 'SKIPPED' },
)
/** Sixty events, twenty in each partition; consumed in turn. */
const rows = factsOf(playHistory(plans, [0, 1, 2]))

const summary = (read: readonly Facts[], cut: Cut) => {
  const { violations, unprovable } = judgeRows(read, scopeOf(rows, cut))
  return {
    violations: violations.map(({ kind }) => kind),
    unprovable: unprovable.map(({ reason, topic, partition, from, to, count }) => ({
      ...{ reason, at: `${topic}/${partition}@${from}..${to}`, count },
    })),
  }
}
const deleted = (low: (at: TopicPartition) => number) => rows.filter(({ at }) => at.offset >= low(at))
const only =
  (name: string, below: number) =>
  ({ topic, partition }: TopicPartition): number =>
    `${topic}/${partition}` === name ? below : 0

describe('what retention has deleted', () => {
  it('of the events is told by its range, and its outcomes are no violation', () => {
    const low = only('events/1', 4)
    expect(summary(deleted(low), { low })).toEqual({
      violations: [],
      unprovable: [{ reason: 'message-out-of-reach', at: 'events/1@0..3', count: 4 }],
    })
  })

  it('of the records is told by the events whose records are gone', () => {
    const low = only('verified/0', 3)
    const { violations, unprovable } = summary(deleted(low), { low })
    expect(violations).toEqual([])
    expect(new Set(unprovable.map(({ reason }) => reason))).toEqual(new Set(['record-out-of-reach']))
  })

  it('of the dead letters is told by the events whose dead letters are gone', () => {
    const low = only('dead/1', 3)
    const { violations, unprovable } = summary(deleted(low), { low })
    expect(violations).toEqual([])
    expect(new Set(unprovable.map(({ reason }) => reason))).toEqual(new Set(['deadLetter-out-of-reach']))
  })

  it('of a partition without a row left leaves nothing provable that may have been there', () => {
    const low = only('outcomes/2', 10_000)
    const { violations, unprovable } = summary(deleted(low), { low })
    expect(violations).toEqual([])
    expect(unprovable.length).toBeGreaterThan(0)
  })

  it('hides nothing that was lost after it', () => {
    const low = only('outcomes/0', 4)
    const last = rows.findLast(({ kind }) => kind === 'outcome')
    const read = deleted(low).filter((row) => row !== last)
    expect(summary(read, { low }).violations).toContain('message-without-outcome')
  })
})

describe('a group that began at the end of its topics', () => {
  const late = rows.filter(({ kind, origin }) => kind === 'message' || origin.offset >= 5)

  it('owes nothing for what lies before its first outcome', () => {
    const { violations, unprovable } = summary(late, { startsLate: true })
    expect(violations).toEqual([])
    expect(unprovable.map(({ reason }) => reason)).toEqual(Array(3).fill('outcome-out-of-reach'))
  })

  it('is not thought of where the configuration says earliest', () => {
    expect(summary(late, {}).violations).toHaveLength(15)
  })
})

describe('a message that was thrown away in the middle of its log', () => {
  const compacted = rows.filter(({ kind, at }) => kind !== 'message' || at.offset !== 7)

  it('is no violation where the topic is compacted', () => {
    const { violations, unprovable } = summary(compacted, { compacted: true })
    expect(violations).toEqual([])
    expect(unprovable.map(({ reason }) => reason)).toEqual(Array(3).fill('message-compacted'))
  })

  it('is one where it is not', () => {
    expect(summary(compacted, {}).violations).toEqual(Array(3).fill('outcome-without-message'))
  })
})

describe('a group without a committed offset', () => {
  it('proves nothing: every message waits, and those with an outcome are told', () => {
    const { violations, unprovable } = summary(rows, { settled: () => -1 })
    expect(violations).toEqual([])
    expect(unprovable.map(({ reason, count }) => [reason, count])).toEqual(
      Array(3).fill(['offset-missing', 20]),
    )
  })
})

describe('an outcome of a topic that is not read', () => {
  it('is told by topic, and what it tells of must be there all the same', () => {
    const former = { topic: 'former', partition: 0, offset: 3 }
    const first = rows.find(({ kind, origin }) => kind === 'outcome' && origin === rows[0]?.origin)
    if (first?.kind !== 'outcome') throw new Error('no outcome')
    const stranger: Facts = { ...first, source: former, origin: former, at: { ...first.at, offset: 5000 } }
    expect(summary([...rows, stranger], {})).toEqual({
      violations: ['handshake-torn'],
      unprovable: [{ reason: 'topic-not-read', at: 'former/0@3..3', count: 1 }],
    })
  })
})
