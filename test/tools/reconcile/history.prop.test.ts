import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { TopicPartition } from '../../../src/core/model.js'
import type { Facts } from '../../../src/tools/reconcile/facts.js'
import {
  type ChainPlan,
  FIRST_SECONDS,
  factsOf,
  type History,
  judgeRows,
  keyOf,
  place,
  playHistory,
  SECONDS_A_MOMENT,
  scopeOf,
} from './history.js'

const chain = (replays: fc.Arbitrary<readonly ChainPlan[]>): fc.Arbitrary<ChainPlan> =>
  fc.record({
    delays: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 3 })),
    end: fc.constantFrom('VERIFIED' as const, 'DEAD' as const, 'SKIPPED' as const),
    stages: fc.integer({ min: 1, max: 4 }),
    form: fc.constantFrom('long' as const, 'typed' as const, 'both' as const),
    replays,
  })
const leaf = chain(fc.constant([]))
/** A dead letter may be replayed, twice too, and the replay of it again. */
const plan = chain(fc.array(chain(fc.array(leaf, { maxLength: 1 })), { maxLength: 2 }))
const history = fc
  .tuple(fc.array(plan, { minLength: 1, maxLength: 8 }), fc.array(fc.nat(8), { minLength: 1, maxLength: 20 }))
  .map(([plans, picks]) => playHistory(plans, picks))

const linesOf = (rows: readonly Facts[], scope: Parameters<typeof judgeRows>[1]): string[] =>
  judgeRows(rows, scope).violations.map(({ kind, at, detail }) => `${kind} ${place(at)} ${detail}`)

const bump = (at: Facts['at']): Facts['at'] => ({ ...at, offset: at.offset + 5000 })
const turn = (at: Facts['at']): Facts['at'] => ({ ...at, partition: (at.partition + 1) % 3 })

/** All that can befall one row; null where it does not apply. */
const MUTATIONS: Readonly<Record<string, (row: Facts, rows: readonly Facts[]) => Facts[] | null>> = {
  drop: () => [],
  double: (row) => [row, { ...row, at: bump(row.at) }],
  'move to another origin': (row) =>
    row.kind === 'message' && row.at.topic === 'events' ? null : [{ ...row, origin: bump(row.origin) }],
  'move a message': (row) => (row.kind === 'message' ? [{ ...row, at: bump(row.at) }] : null),
  'move to another source': (row) => ('source' in row ? [{ ...row, source: bump(row.source) }] : null),
  'move a record to another partition': (row, rows) =>
    row.kind === 'record' && rows.some((one) => one !== row && isBeside(one, row))
      ? [{ ...row, at: turn(row.at) }]
      : null,
  'another code': (row) => {
    if (row.kind === 'deadLetter') return [{ ...row, code: 'result-missing' }]
    if (row.kind !== 'outcome') return null
    return [
      { ...row, code: row.outcome === 'DEAD' ? 'result-missing' : row.code === null ? 'no-stages' : null },
    ]
  },
  'another count': (row, rows) => {
    if (row.kind === 'outcome') return [{ ...row, records: row.records + 1 }]
    if (row.kind !== 'record') return null
    // Of two replays of one dead letter each outcome may be that of the other's result: another right history.
    const isTwofold = rows.filter((one) => one.kind === 'outcome' && isOfChain(one, row)).length > 1
    return isTwofold ? null : [{ ...row, stageCount: row.stageCount + 1 }]
  },
  'another stage': (row) => (row.kind === 'record' ? [{ ...row, stageIndex: row.stageIndex + 1 }] : null),
  'another attempt': (row) =>
    row.kind === 'message' && row.at.topic === 'events' ? null : [{ ...row, attempt: row.attempt + 1 }],
  'another replay': (row) =>
    row.kind === 'message' && row.at.topic === 'events' ? null : [{ ...row, replays: row.replays + 1 }],
  'another end': (row) => {
    if (row.kind !== 'outcome') return null
    return [
      { ...row, outcome: row.outcome === 'DEAD' ? 'DELAYED' : 'DEAD', code: 'result-archived', records: 0 },
    ]
  },
  'another handshake': (row) =>
    row.kind === 'deadLetter' || row.kind === 'record' ? [{ ...row, handshake: row.handshake + 1 }] : null,
}

const isOfChain = (one: Facts, row: Facts): boolean =>
  one.origin === row.origin && one.attempt === row.attempt && one.replays === row.replays

const isBeside = (one: Facts, row: Facts): boolean => one.kind === 'record' && isOfChain(one, row)

describe('a right history', () => {
  it('gives no violation, in whatever order its rows are read', () => {
    fc.assert(
      fc.property(history, fc.infiniteStream(fc.nat(1_000_000)), (played, order) => {
        const rows = factsOf(played)
          .map((row) => ({ row, rank: order.next().value as number }))
          .sort((a, b) => a.rank - b.rank)
          .map(({ row }) => row)
        const { violations, unprovable, counts } = judgeRows(rows, scopeOf(rows))
        expect({ violations, unprovable, waiting: counts.waiting }).toEqual({
          ...{ violations: [], unprovable: [], waiting: 0 },
        })
      }),
      { numRuns: 300 },
    )
  })

  it('gives none with at-least-once delivery either, and no repeats', () => {
    fc.assert(
      fc.property(history, (played) => {
        const { violations, counts } = judgeRows(factsOf(played), scopeOf(factsOf(played), { exact: false }))
        expect({ violations, repeats: counts.repeats }).toEqual({ violations: [], repeats: 0 })
      }),
    )
  })

  it.each(Object.keys(MUTATIONS))('with one row changed gives at least one: %s', (name) => {
    const mutate = MUTATIONS[name] ?? (() => null)
    let tried = 0
    fc.assert(
      fc.property(history, fc.nat(), (played, nth) => {
        const rows = factsOf(played)
        const choices = rows.flatMap((row, index) => {
          const changed = mutate(row, rows)
          return changed === null ? [] : [{ index, changed }]
        })
        const choice = choices[nth % (choices.length || 1)]
        if (choice === undefined) return
        tried += 1
        const wrong = rows.toSpliced(choice.index, 1, ...choice.changed)
        expect(linesOf(wrong, scopeOf([...rows, ...wrong]))).not.toEqual([])
      }),
      { numRuns: 300 },
    )
    expect(tried).toBeGreaterThan(100)
  })
})

/** What a reader finds who comes while the connector runs: committed offsets, then our outputs, then what is consumed. */
function readWhileRunning(
  played: History,
  moments: readonly [number, number, number],
  jitter: readonly number[],
) {
  const [committed, outputs, inputs] = moments
  const between = (from: number, to: number, nth: number): number =>
    from + ((jitter[nth % jitter.length] ?? 0) % (to - from + 1))
  const endOf = new Map<string, number>()
  // Ends are asked for one topic after the other: what is consumed from the last retry topic back to the events.
  let last = outputs
  for (const [nth, topic] of ['retry2', 'retry', 'replay', 'events'].entries()) {
    last = between(last, inputs, nth)
    for (const partition of [0, 1, 2]) endOf.set(keyOf({ topic, partition }), last)
  }
  const seen = played.rows.filter((row) => {
    const key = keyOf(row.facts.at)
    const end = endOf.get(key) ?? between(committed, outputs, endOf.size)
    endOf.set(key, end)
    // Of a transaction that is being written a part may lie below the end.
    return row.moment < end || (row.moment === end && (end <= committed || row.facts.at.offset % 2 === 0))
  })
  const settled = ({ topic, partition }: TopicPartition): number => {
    const done = played.rows.filter(
      ({ facts }) =>
        facts.kind === 'message' &&
        keyOf(facts.at) === keyOf({ topic, partition }) &&
        (played.consumedAt.get(place(facts.at)) ?? 0) <= committed,
    )
    return Math.max(0, ...done.map(({ facts }) => facts.at.offset + 1))
  }
  return { rows: seen.map(({ facts }) => facts), settled }
}

describe('a right history that goes on while it is read', () => {
  const moments = fc
    .tuple(fc.nat(60), fc.nat(20), fc.nat(20))
    .map(([first, second, third]) => [first, first + second, first + second + third] as const)

  it('gives no violation, and what is not consumed is waiting', () => {
    fc.assert(
      fc.property(history, moments, fc.array(fc.nat(50), { minLength: 1 }), (played, at, jitter) => {
        const { rows, settled } = readWhileRunning(played, at, jitter)
        const { violations, counts } = judgeRows(rows, scopeOf(rows, { settled }))
        expect(violations).toEqual([])
        const outcomes = rows.filter(({ kind }) => kind === 'outcome').length
        expect(counts.waiting).toBe(counts.messages - outcomes)
      }),
      { numRuns: 500 },
    )
  })
})

/** Writers' clocks differ, by less than the margin in all. */
const jittered = (rows: readonly Facts[]): Facts[] =>
  rows.map((row, n) => ({ ...row, seconds: row.seconds + ((n * 7 + row.at.offset * 13) % 50) - 25 }))

describe('a right history of which retention has deleted the beginning', () => {
  it('gives no violation, whichever partitions it was', () => {
    fc.assert(
      fc.property(history, fc.array(fc.nat(12), { minLength: 1 }), fc.boolean(), (played, cuts, exact) => {
        const lows = new Map<string, number>()
        const low = (at: TopicPartition): number => {
          const key = keyOf(at)
          const known = lows.get(key)
          if (known !== undefined) return known
          // Nothing that has to be consumed goes away before that.
          const value = cuts[lows.size % cuts.length] ?? 0
          lows.set(key, value)
          return value
        }
        const rows = jittered(factsOf(played)).filter(({ at }) => at.offset >= low(at))
        expect(linesOf(rows, scopeOf(rows, { low, exact }))).toEqual([])
      }),
      { numRuns: 500 },
    )
  })

  it('shows what is lost in the rest', () => {
    const plans: ChainPlan[] = Array.from({ length: 40 }, () => ({
      ...{ delays: 0, end: 'SKIPPED', stages: 1, replays: [] },
    }))
    const played = playHistory(plans, [0, 1, 2])
    const low = ({ topic }: TopicPartition): number => (topic === 'outcomes' ? 4 : 0)
    const kept = factsOf(played).filter(({ at }) => at.offset >= low(at))
    const last = kept.findLast(({ kind }) => kind === 'outcome')
    const rows = kept.filter((row) => row !== last)
    const { violations, unprovable } = judgeRows(rows, scopeOf(kept, { low }))
    expect(violations.map(({ kind }) => kind)).toEqual(['message-without-outcome'])
    expect(new Set(unprovable.map(({ reason }) => reason))).toEqual(new Set(['outcome-out-of-reach']))
  })
})

describe('a right history read from some time on', () => {
  it('gives no violation, and asks for nothing that lies before', () => {
    fc.assert(
      fc.property(history, fc.nat(60), (played, moment) => {
        const seconds = FIRST_SECONDS + moment * SECONDS_A_MOMENT
        const all = jittered(factsOf(played))
        const from = (at: TopicPartition): number => {
          const young = all.filter((row) => keyOf(row.at) === keyOf(at) && row.seconds >= seconds)
          return Math.min(...young.map((row) => row.at.offset), 100_000)
        }
        const rows = all.filter(({ at }) => at.offset >= from(at))
        const scope = scopeOf(all, { from, since: seconds * 1000 })
        const { violations, unprovable } = judgeRows(rows, scope)
        expect(violations).toEqual([])
        expect(unprovable.map(({ reason }) => reason)).not.toContain('message-out-of-reach')
      }),
      { numRuns: 500 },
    )
  })
})
