import { describe, expect, test } from 'vitest'
import type { Coordinates } from '../../src/core/model.js'
import {
  describeViolations,
  type Evidence,
  type FoundDeadLetter,
  type FoundDelay,
  type FoundOutcome,
  type FoundRecord,
  type InputMessage,
  judge,
  VIOLATIONS,
} from './judge.js'

const place = (topic: string, offset: number, partition = 0): Coordinates => ({ topic, partition, offset })

/** Four events: two of one handshake with two stages each, a dead one, and one that is dead after a delay. */
interface Draft {
  inputs: InputMessage[]
  outcomes: FoundOutcome[]
  records: FoundRecord[]
  deadLetters: FoundDeadLetter[]
  delays: FoundDelay[]
  calls: Map<string, number>
}

const A = 'DS0aaaaaa'
const B = 'DS0bbbbbb'
const C = 'DS0cccccc'

function outcome(offset: number, over: Partial<FoundOutcome> = {}): FoundOutcome {
  const source = place('events', offset)
  return {
    ...{ at: place('outcomes', offset), transaction: offset, source, origin: source, handshakeId: A },
    ...{ outcome: 'VERIFIED', code: null, records: 2, calls: 1, attempt: 1, replays: 0 },
    startedAt: 10 * offset,
    ...over,
  }
}

function record(
  offset: number,
  eventOffset: number,
  stageIndex: number,
  over: Partial<FoundRecord> = {},
): FoundRecord {
  return {
    ...{ at: place('verified', offset), transaction: eventOffset, recordId: `${A}/FS0${stageIndex}@1` },
    ...{
      handshakeId: A,
      stageIndex,
      stageCount: 2,
      origin: place('events', eventOffset),
      attempt: 1,
      replays: 0,
    },
    ...over,
  }
}

function deadLetter(
  offset: number,
  eventOffset: number,
  over: Partial<FoundDeadLetter> = {},
): FoundDeadLetter {
  const source = place('events', eventOffset)
  return {
    ...{ at: place('dead', offset), transaction: eventOffset, code: 'result-archived', handshakeId: B },
    ...{ source, origin: source, attempt: 1, replays: 0, calls: 1, firstSeenAt: 10 * eventOffset },
    ...over,
  }
}

/** The event 3: delayed once, then dead. */
const NOT_READY = { handshakeId: C, code: 'result-not-ready', records: 0 } as const
const CHAIN = { origin: place('events', 3), replays: 0 }

const delayed = (over: Partial<FoundOutcome> = {}): FoundOutcome =>
  outcome(3, { ...NOT_READY, outcome: 'DELAYED', ...over })

const delay = (over: Partial<FoundDelay> = {}): FoundDelay => ({
  ...{ ...CHAIN, at: place('retry', 0), transaction: 3, attempt: 2, dueAt: 40 },
  ...over,
})

const ended = (over: Partial<FoundOutcome> = {}): FoundOutcome => ({
  ...outcome(4, { ...NOT_READY, ...CHAIN, outcome: 'DEAD', attempt: 2, startedAt: 41 }),
  ...{ source: place('retry', 0), ...over },
})

const lastLetter = (over: Partial<FoundDeadLetter> = {}): FoundDeadLetter =>
  deadLetter(1, 4, {
    ...{ ...CHAIN, code: NOT_READY.code, handshakeId: C, source: place('retry', 0), attempt: 2 },
    ...{ calls: 2, firstSeenAt: 30, ...over },
  })

const right = (): Draft => ({
  inputs: [0, 1, 2, 3].map((offset) => ({ at: place('events', offset) })),
  outcomes: [
    outcome(0),
    outcome(1),
    outcome(2, { handshakeId: B, outcome: 'DEAD', code: 'result-archived', records: 0 }),
    delayed(),
    ended(),
  ],
  records: [record(0, 0, 0), record(1, 0, 1), record(5, 1, 0), record(6, 1, 1)],
  deadLetters: [deadLetter(0, 2), lastLetter()],
  delays: [delay()],
  calls: new Map([
    [A, 2],
    [B, 1],
    [C, 2],
  ]),
})

const kindsOf = (evidence: Evidence, options = { callsOnce: true }) =>
  [...new Set(judge(evidence, options).map((violation) => violation.kind))].sort()

type Case = readonly [kind: (typeof VIOLATIONS)[number], name: string, spoil: (draft: Draft) => void]

const cases: readonly Case[] = [
  ['lost', 'an input without an outcome', (d) => d.inputs.push({ at: place('events', 9) })],
  [
    'doubled',
    'two outcomes for one input',
    (d) => d.outcomes.push(outcome(2, { ...d.outcomes[2], at: place('outcomes', 9) })),
  ],
  ['lost', 'a retry message without an outcome', (d) => d.delays.push(delay({ at: place('retry', 9) }))],
  ['stray-outcome', 'an outcome for no input', (d) => void d.inputs.pop()],
  [
    'wrong-outcome',
    'another end of a chain than the one that was due',
    (d) => d.inputs.splice(3, 1, { at: place('events', 3), expected: { outcome: 'VERIFIED', code: null } }),
  ],
  [
    'wrong-outcome',
    'another end than the one that was due',
    (d) =>
      d.inputs.splice(0, 1, { at: place('events', 0), expected: { outcome: 'SKIPPED', code: 'no-stages' } }),
  ],
  [
    'wrong-outcome',
    'a dead event that counts records',
    (d) => d.outcomes.splice(2, 1, outcome(2, { ...d.outcomes[2], records: 1 })),
  ],
  ['records-missing', 'a stage that is not there', (d) => void d.records.pop()],
  ['records-missing', 'no record at all', (d) => void d.records.splice(2)],
  ['records-doubled', 'a stage that is there twice', (d) => d.records.push(record(7, 1, 1))],
  ['records-stray', 'records of a dead event', (d) => d.records.push(record(8, 2, 0), record(9, 2, 1))],
  [
    'records-scattered',
    'stages of another event in between',
    (d) => d.records.splice(1, 2, record(5, 0, 1), record(1, 1, 0)),
  ],
  [
    'records-scattered',
    'stages in the wrong order',
    (d) => d.records.splice(0, 2, record(1, 0, 0), record(0, 0, 1)),
  ],
  [
    'records-split',
    'a stage in another transaction',
    (d) => d.records.splice(1, 1, record(1, 0, 1, { transaction: 99 })),
  ],
  [
    'record-id-repeated',
    'one recordId for two stages',
    (d) => d.records.splice(1, 1, record(1, 0, 1, { recordId: `${A}/FS00@1` })),
  ],
  ['dead-letter-missing', 'a dead event without its letter', (d) => void d.deadLetters.shift()],
  [
    'dead-letter-missing',
    'a letter with another code',
    (d) => d.deadLetters.splice(0, 1, deadLetter(0, 2, { code: 'result-missing' })),
  ],
  ['dead-letter-doubled', 'two letters for one event', (d) => d.deadLetters.push(deadLetter(5, 2))],
  ['dead-letter-stray', 'a letter for a verified event', (d) => d.deadLetters.push(deadLetter(5, 0))],
  [
    'dead-letter-split',
    'a letter in another transaction',
    (d) => d.deadLetters.splice(0, 1, deadLetter(0, 2, { transaction: 99 })),
  ],
  [
    'out-of-order',
    'records of a later event first',
    (d) => d.records.splice(0, 4, record(0, 1, 0), record(1, 1, 1), record(5, 0, 0), record(6, 0, 1)),
  ],
  [
    'out-of-order',
    'records of one handshake in two partitions',
    (d) => d.records.splice(2, 2, ...[0, 1].map((i) => record(i, 1, i, { at: place('verified', i, 1) }))),
  ],
  ['calls-unaccounted', 'more calls told than made', (d) => d.calls.set(B, 0)],
  ['calls-repeated', 'a call that no outcome tells of', (d) => d.calls.set(A, 3)],
  ['calls-repeated', 'two calls for one event', (d) => d.outcomes.splice(0, 1, outcome(0, { calls: 2 }))],
  ['delay-missing', 'a delay without its message', (d) => void d.delays.pop()],
  ['delay-doubled', 'two messages of one delay', (d) => d.delays.push(delay({ at: place('retry', 1) }))],
  [
    'delay-stray',
    'a message of no delay',
    (d) => d.delays.push(delay({ at: place('retry', 1), origin: place('events', 0) })),
  ],
  [
    'delay-split',
    'a message in another transaction',
    (d) => d.delays.splice(0, 1, delay({ transaction: 99 })),
  ],
  ['started-early', 'a message that did not wait', (d) => d.outcomes.splice(4, 1, ended({ startedAt: 39 }))],
  ['chain-torn', 'an end before the last attempt', (d) => d.outcomes.splice(3, 1, ended({ attempt: 1 }))],
  ['chain-torn', 'an attempt left out', (d) => d.outcomes.splice(4, 1, ended({ attempt: 3 }))],
  ['chain-torn', 'a chain without an end', (d) => void d.outcomes.pop()],
  [
    'chain-miscounted',
    'a letter that knows its last attempt alone',
    (d) => d.deadLetters.splice(1, 1, lastLetter({ calls: 1 })),
  ],
  [
    'chain-miscounted',
    'a letter seen first at its last attempt',
    (d) => d.deadLetters.splice(1, 1, lastLetter({ firstSeenAt: 41 })),
  ],
]

describe('the judge', () => {
  test('finds nothing in a run that is right', () => {
    expect(judge(right(), { callsOnce: true })).toEqual([])
  })

  test.each(cases)('reports %s: %s', (kind, _, spoil) => {
    const draft = right()
    spoil(draft)
    expect(kindsOf(draft)).toContain(kind)
  })

  test('every kind of violation has a case here', () => {
    expect(new Set(cases.map(([kind]) => kind))).toEqual(new Set(VIOLATIONS))
  })

  test('other events are not blamed for a spoiled one', () => {
    const draft = right()
    draft.records.pop()
    const found = judge(draft)
    expect(found.map((violation) => violation.kind)).toEqual(['records-missing'])
    expect(describeViolations(found)).toBe(
      'records-missing: events/0@1 attempt 1 replay 0: 1 of 2, the outcome says 2',
    )
  })

  test('a delay or a replay is an attempt of its own, and need not keep the order', () => {
    const draft = right()
    draft.inputs.push({ at: place('replay', 0) })
    draft.delays.push(delay({ at: place('retry', 7), origin: place('events', 0), transaction: 0, dueAt: 50 }))
    draft.outcomes.splice(0, 1, outcome(0, { outcome: 'DELAYED', code: 'retries-exhausted', records: 0 }))
    draft.records.splice(0, 2)
    const [source, at] = [place('retry', 7), place('outcomes', 8)]
    draft.outcomes.push(
      outcome(0, { at, source, attempt: 2, transaction: 9, startedAt: 50 }),
      outcome(0, { at: place('outcomes', 9), source: place('replay', 0), replays: 1, transaction: 10 }),
    )
    for (const [at, over] of [
      [20, { attempt: 2, transaction: 9 }],
      [30, { replays: 1, transaction: 10 }],
    ] as const) {
      draft.records.push(record(at, 0, 0, over), record(at + 1, 0, 1, over))
    }
    draft.calls.set(A, 4)
    expect(judge(draft, { callsOnce: true })).toEqual([])
  })

  test('calls are judged only with callsOnce when more were made, always when fewer', () => {
    const draft = right()
    draft.calls.set(A, 7)
    expect(judge(draft)).toEqual([])
    draft.calls.set(A, 1)
    expect(judge(draft).map((violation) => violation.kind)).toEqual(['calls-unaccounted'])
    expect(judge(draft, { callsLost: true })).toEqual([])
  })

  test('rows without a known transaction are judged by their places', () => {
    const draft = right()
    const blind = <T extends object>(rows: T[]): T[] => rows.map((row) => ({ ...row, transaction: null }))
    const evidence = {
      ...draft,
      delays: blind(draft.delays),
      outcomes: blind(draft.outcomes),
      records: blind(draft.records),
      deadLetters: blind(draft.deadLetters),
    }
    expect(judge(evidence)).toEqual([])
  })

  test('at least once, doubles pass and losses do not', () => {
    const draft = right()
    draft.outcomes.push(outcome(0, { at: place('outcomes', 9), transaction: 77 }))
    draft.records.push(record(10, 0, 0, { transaction: 77 }), record(11, 0, 1, { transaction: 77 }))
    draft.deadLetters.push(deadLetter(4, 2), deadLetter(5, 0))
    draft.delays.push(delay({ at: place('retry', 1) }))
    draft.outcomes.push(ended({ source: place('retry', 1) }))
    draft.deadLetters.push(lastLetter({ source: place('retry', 1) }))
    const options = { delivery: 'at-least-once' } as const
    expect(
      judge(
        {
          ...draft,
          calls: new Map([
            [A, 3],
            [B, 2],
            [C, 3],
          ]),
        },
        options,
      ),
    ).toEqual([])
    draft.inputs.push({ at: place('events', 9) })
    draft.deadLetters.length = 0
    draft.records.splice(2, 1)
    const kinds = judge(
      {
        ...draft,
        calls: new Map([
          [A, 3],
          [B, 2],
          [C, 3],
        ]),
      },
      options,
    ).map((violation) => violation.kind)
    expect([...new Set(kinds)]).toEqual(['lost', 'records-missing', 'dead-letter-missing'])
  })
})
