import { describe, expect, it } from 'vitest'
import type {
  DeadLetterFacts,
  Facts,
  MessageFacts,
  OutcomeFacts,
  RecordFacts,
} from '../../../src/tools/reconcile/facts.js'
import { VIOLATION_KINDS, type ViolationKind } from '../../../src/tools/reconcile/tally.js'
import { type ChainPlan, type Cut, factsOf, judgeRows, playHistory, scopeOf } from './history.js'

const plain = { delays: 0, stages: 2, replays: [] } as const
const verified: ChainPlan = { ...plain, end: 'VERIFIED' }
const both: ChainPlan = { ...verified, form: 'both' }
const dead: ChainPlan = { ...plain, end: 'DEAD' }
const skipped: ChainPlan = { ...plain, end: 'SKIPPED' }
const delayed: ChainPlan = { ...plain, delays: 2, end: 'VERIFIED' }
const replayed: ChainPlan = { ...plain, end: 'DEAD', replays: [verified] }

/** Events of every kind; none shares an origin. */
const RIGHT = factsOf(playHistory([verified, dead, skipped, delayed, replayed, both], [0, 1, 2]))

type Is<K extends Facts['kind']> = Extract<Facts, { readonly kind: K }>

/** The nth row of a kind that fits. */
function pick<K extends Facts['kind']>(kind: K, fits: (row: Is<K>) => boolean = () => true): Is<K> {
  const found = RIGHT.find((row): row is Is<K> => row.kind === kind && fits(row as Is<K>))
  if (found === undefined) throw new Error(`no such ${kind}`)
  return found
}

const outcomeOf = (outcome: OutcomeFacts['outcome']): OutcomeFacts =>
  pick('outcome', (row) => row.outcome === outcome)

const without = (row: Facts): Facts[] => RIGHT.filter((one) => one !== row)
const instead = <T extends Facts>(row: T, change: Partial<T>): Facts[] =>
  RIGHT.map((one) => (one === row ? { ...row, ...change } : one))
/** The row once more, further on. */
const again = <T extends Facts>(row: T, change: Partial<T> = {}): Facts => ({
  ...row,
  at: { ...row.at, offset: 900 },
  ...change,
})

const kindsOf = (rows: readonly Facts[], cut: Cut = {}): ViolationKind[] =>
  judgeRows(rows, scopeOf([...RIGHT, ...rows], cut)).violations.map(({ kind }) => kind)

const retry = (): MessageFacts => pick('message', ({ at }) => at.topic === 'retry')
const record = (): RecordFacts => pick('record', ({ attempt }) => attempt === 1)
const typed = (): RecordFacts => pick('record', ({ at }) => at.topic === 'verified.pan')
const letter = (): DeadLetterFacts => pick('deadLetter')

/** Each fault with what is found, in any order; together they show every word there is. */
const FAULTS: readonly [string, () => readonly Facts[], readonly ViolationKind[], Cut?][] = [
  ['an event lost its outcome', () => without(outcomeOf('SKIPPED')), ['message-without-outcome']],
  [
    'an event lost everything',
    () => RIGHT.filter(({ kind, origin }) => kind === 'message' || origin !== record().origin),
    ['message-without-outcome'],
  ],
  [
    'a retry message lost its outcome',
    () => without(pick('outcome', ({ source }) => source.topic === 'retry2')),
    ['message-without-outcome', 'record-without-outcome'],
  ],
  ['an outcome is there twice', () => [...RIGHT, again(outcomeOf('SKIPPED'))], ['outcome-doubled']],
  [
    'an event was done twice as a whole',
    () => {
      const { origin } = record()
      const whole = RIGHT.filter((row) => row.origin === origin && row.kind !== 'message')
      return [...RIGHT, ...whole.map((row, n) => ({ ...row, at: { ...row.at, offset: 900 + n } }))]
    },
    ['outcome-doubled', 'record-doubled', 'record-doubled'],
  ],
  [
    'an outcome of a message that nobody sent',
    () => {
      const source = { topic: 'events', partition: 0, offset: 800 }
      return [...RIGHT, again(outcomeOf('SKIPPED'), { source, origin: source })]
    },
    ['outcome-without-message'],
  ],
  [
    'an outcome of a partition that is not there',
    () => {
      const source = { topic: 'events', partition: 77, offset: 0 }
      return [...RIGHT, again(outcomeOf('SKIPPED'), { source, origin: source })]
    },
    ['outcome-without-message'],
  ],
  [
    'an outcome tells of another attempt than its message',
    () => instead(outcomeOf('SKIPPED'), { attempt: 2 }),
    ['outcome-differs'],
  ],
  [
    'a verified outcome has a code',
    () => instead(outcomeOf('VERIFIED'), { code: 'no-stages' }),
    ['outcome-malformed'],
  ],
  ['a skip has no code', () => instead(outcomeOf('SKIPPED'), { code: null }), ['outcome-malformed']],
  ['a skip tells of records', () => instead(outcomeOf('SKIPPED'), { records: 1 }), ['outcome-malformed']],
  ['a delay is not continued', () => RIGHT.filter(({ attempt }) => attempt === 1), ['delay-not-continued']],
  [
    'a retry message comes from nowhere',
    () => instead(outcomeOf('DELAYED'), { outcome: 'SKIPPED' }),
    ['retry-without-delay'],
  ],
  [
    'a delay is continued twice',
    () => [
      ...RIGHT,
      again(retry()),
      again(outcomeOf('SKIPPED'), { ...chainOf(retry()), source: again(retry()).at }),
    ],
    ['retry-doubled'],
  ],
  ['a stage is missing', () => without(record()), ['handshake-torn']],
  ['a typed record is missing', () => without(typed()), ['handshake-torn']],
  [
    'a long record is missing beside a typed one',
    () => without(pick('record', (row) => row.id === typed().id && row !== typed())),
    ['handshake-torn'],
  ],
  ['a typed record is there twice', () => [...RIGHT, again(typed())], ['record-doubled']],
  [
    'a typed record that no outcome tells of',
    () => [
      ...RIGHT,
      again(record(), { at: { topic: 'verified.pan', partition: record().at.partition, offset: 900 } }),
    ],
    ['record-doubled'],
  ],
  [
    'a typed record lies in another partition than its event',
    () => instead(typed(), { at: { ...typed().at, partition: (typed().at.partition + 1) % 3 } }),
    ['handshake-scattered'],
  ],
  [
    'no record of a handshake came out',
    () => RIGHT.filter((row) => row.kind !== 'record' || row.origin !== record().origin),
    ['handshake-torn'],
  ],
  [
    'an outcome tells of one record more',
    () => instead(outcomeOf('VERIFIED'), { records: 3 }),
    ['handshake-torn'],
  ],
  ['a record tells of one stage more', () => instead(record(), { stageCount: 3 }), ['handshake-torn']],
  [
    'a handshake lies in two partitions',
    () => instead(record(), { at: { ...record().at, partition: (record().at.partition + 1) % 3 } }),
    ['handshake-scattered'],
  ],
  ['a record is of another handshake', () => instead(record(), { handshake: 5 }), ['handshake-mixed']],
  ['a record is of another result', () => instead(record(), { result: 5 }), ['handshake-mixed']],
  ['a record is there twice', () => [...RIGHT, again(record())], ['record-doubled']],
  [
    'two stages have one record id',
    () =>
      instead(
        pick('record', (row) => row.origin === record().origin && row.stageIndex === 1),
        { id: record().id },
      ),
    ['record-doubled'],
  ],
  [
    'an event that was skipped has records',
    () => [...RIGHT, again(record(), chainOf(outcomeOf('SKIPPED')))],
    ['record-without-outcome'],
  ],
  ['a dead letter is missing', () => without(letter()), ['dead-letter-missing']],
  ['a dead letter is there twice', () => [...RIGHT, again(letter())], ['dead-letter-doubled']],
  [
    'a dead letter has another code',
    () => instead(letter(), { code: 'result-missing' }),
    ['dead-letter-differs'],
  ],
  ['a dead letter has another attempt', () => instead(letter(), { attempt: 4 }), ['dead-letter-differs']],
  [
    'an event that was skipped has a dead letter',
    () => [
      ...RIGHT,
      again(letter(), { ...chainOf(outcomeOf('SKIPPED')), source: outcomeOf('SKIPPED').source }),
    ],
    ['dead-letter-without-outcome'],
  ],
  [
    'a repeat has other record ids',
    () => [...RIGHT, again(record(), { id: 5 })],
    ['repeat-differs'],
    { exact: false },
  ],
]

function chainOf({ origin, attempt, replays }: Facts): Pick<Facts, 'origin' | 'attempt' | 'replays'> {
  return { origin, attempt, replays }
}

describe('the proof', () => {
  it('finds nothing where each chain ended once and everything is there', () => {
    const { violations, unprovable, counts } = judgeRows(RIGHT, scopeOf(RIGHT))
    expect({ violations, unprovable }).toEqual({ violations: [], unprovable: [] })
    expect(counts).toMatchObject({
      messages: 9,
      events: 6,
      retries: 2,
      replays: 1,
      waiting: 0,
      violations: 0,
    })
    expect(counts).toMatchObject({ verified: 4, dead: 2, skipped: 1, delayed: 2, records: 9, deadLetters: 2 })
  })

  it.each(FAULTS)('finds that %s', (_, rows, kinds, cut = {}) => {
    expect(kindsOf(rows(), cut).sort()).toEqual([...kinds].sort())
  })

  it('has a planted fault for every word of its list, but for what is no row', () => {
    const shown = new Set(FAULTS.flatMap(([, , kinds]) => kinds))
    const elsewhere = ['row-unreadable', 'origin-overgrown']
    expect(VIOLATION_KINDS.filter((kind) => !shown.has(kind))).toEqual(elsewhere)
  })

  it('names the place of what is wrong, and the first event behind it', () => {
    const row = outcomeOf('SKIPPED')
    const { violations } = judgeRows(without(row), scopeOf(RIGHT))
    expect(violations).toEqual([
      { kind: 'message-without-outcome', at: row.source, origin: row.origin, detail: '' },
    ])
  })
})

describe('with at-least-once delivery', () => {
  const cut = { exact: false }

  it('an event done again is counted as a repeat', () => {
    const { origin } = record()
    const whole = RIGHT.filter((row) => row.origin === origin && row.kind !== 'message')
    const rows = [...RIGHT, ...whole.map((row, n) => ({ ...row, at: { ...row.at, offset: 900 + n } }))]
    const { violations, counts } = judgeRows(rows, scopeOf(rows, cut))
    expect(violations).toEqual([])
    expect(counts.repeats).toBe(whole.length)
  })

  it('an event that ended otherwise the second time is counted as repeats', () => {
    const [event, source] = [outcomeOf('SKIPPED'), outcomeOf('SKIPPED').source]
    const rows = [...RIGHT, again(record(), chainOf(event)), again(letter(), { ...chainOf(event), source })]
    const { violations, counts } = judgeRows(rows, scopeOf(rows, cut))
    expect(violations).toEqual([])
    expect(counts.repeats).toBe(2)
  })

  it.each([
    ['message-without-outcome', () => without(outcomeOf('SKIPPED'))],
    ['handshake-torn', () => without(record())],
    ['dead-letter-missing', () => without(letter())],
    ['dead-letter-differs', () => instead(letter(), { code: 'result-missing' })],
  ] as const)('nothing may be lost all the same: %s', (kind, rows) => {
    expect(kindsOf(rows(), cut)).toEqual([kind])
  })
})
