import { describe, expect, it } from 'vitest'
import type { Coordinates } from '../../../src/core/model.js'
import {
  checkEvidence,
  type DeadLetterFacts,
  type Evidence,
  type OutcomeFacts,
  type RecordFacts,
} from '../../../src/tools/reconcile/check.js'

const event = (offset: number): Coordinates => ({ topic: 'events', partition: 0, offset })

function outcome(offset: number, more: Partial<OutcomeFacts> = {}): OutcomeFacts {
  return {
    source: event(offset),
    origin: event(offset),
    ...{ outcome: 'VERIFIED', code: null, records: 2, calls: 1, attempt: 1, replays: 0 },
    ...more,
  }
}

function record(offset: number, stageIndex: number, more: Partial<RecordFacts> = {}): RecordFacts {
  return {
    ...{ recordId: `DS0abc${offset}/FS0${stageIndex}@0123456789ab`, stageIndex, stageCount: 2 },
    ...{ origin: event(offset), attempt: 1, replays: 0 },
    at: { topic: 'verified', partition: 1, offset: offset * 2 + stageIndex },
    ...more,
  }
}

const deadLetter = (offset: number, code: DeadLetterFacts['code'] = 'result-archived'): DeadLetterFacts => ({
  ...{ code, source: event(offset), attempt: 1, replays: 0 },
})

const dead = { outcome: 'DEAD', code: 'result-archived', records: 0 } as const
const skipped = { outcome: 'SKIPPED', code: 'null-value', records: 0, calls: 0 } as const

/** Event 0 verified, 1 dead, 2 skipped, 3 verified. */
const WHOLE: Evidence = {
  consumed: [0, 1, 2, 3].map(event),
  outcomes: [outcome(0), outcome(1, dead), outcome(2, skipped), outcome(3)],
  records: [record(0, 0), record(0, 1), record(3, 0), record(3, 1)],
  deadLetters: [deadLetter(1)],
  unreadable: [],
}

const kinds = (change: Partial<Evidence>): string[] =>
  checkEvidence({ ...WHOLE, ...change }).map(({ kind }) => kind)

describe('the check of what lies on the topics', () => {
  it('finds nothing where every event has one outcome and everything it tells of', () => {
    expect(checkEvidence(WHOLE)).toEqual([])
  })

  it('names the message of an event that lost its outcome', () => {
    const outcomes = WHOLE.outcomes.filter(({ source }) => source.offset !== 2)
    expect(checkEvidence({ ...WHOLE, outcomes })).toEqual([
      { kind: 'event-without-outcome', detail: 'events/0@2' },
    ])
  })

  it('finds an outcome that is there twice', () => {
    expect(kinds({ outcomes: [...WHOLE.outcomes, outcome(2, skipped)] })).toEqual(['outcome-doubled'])
  })

  it('finds an event done twice as a whole: outcome and records doubled', () => {
    const again = [record(0, 0), record(0, 1)]
    expect(
      kinds({ outcomes: [...WHOLE.outcomes, outcome(0)], records: [...WHOLE.records, ...again] }),
    ).toEqual(['outcome-doubled', 'record-doubled'])
  })

  it('finds an outcome of a message that nobody sent', () => {
    expect(kinds({ outcomes: [...WHOLE.outcomes, outcome(9, skipped)] })).toEqual(['outcome-without-event'])
  })

  it('finds a handshake that is torn: a stage is missing', () => {
    expect(kinds({ records: WHOLE.records.slice(1) })).toEqual(['handshake-torn'])
  })

  it('finds a handshake none of whose records came out', () => {
    expect(kinds({ records: WHOLE.records.slice(2) })).toEqual(['handshake-torn'])
  })

  it('finds a handshake that is torn over two partitions', () => {
    const away = record(0, 1, { at: { topic: 'verified', partition: 2, offset: 0 } })
    expect(kinds({ records: WHOLE.records.with(1, away) })).toEqual(['handshake-torn'])
  })

  it('finds an outcome that tells of another number of records than there are', () => {
    expect(kinds({ outcomes: WHOLE.outcomes.with(0, outcome(0, { records: 3 })) })).toEqual([
      'handshake-torn',
    ])
  })

  it('finds a stage whose record is there twice', () => {
    expect(kinds({ records: [...WHOLE.records, record(3, 1)] })).toEqual(['record-doubled'])
  })

  it('finds two stages of one event under the same record id', () => {
    const twin = record(0, 1, { recordId: record(0, 0).recordId })
    expect(kinds({ records: WHOLE.records.with(1, twin) })).toEqual(['record-doubled'])
  })

  it('takes the same record ids for two events about one handshake as right', () => {
    const again = [0, 1].map((stage) => record(3, stage, { recordId: record(0, stage).recordId }))
    expect(kinds({ records: [...WHOLE.records.slice(0, 2), ...again] })).toEqual([])
  })

  it('finds records without an outcome', () => {
    const outcomes = WHOLE.outcomes.filter(({ source }) => source.offset !== 0)
    expect(kinds({ outcomes })).toEqual(['event-without-outcome', 'record-without-outcome'])
  })

  it('finds records of an event that was skipped', () => {
    expect(kinds({ records: [...WHOLE.records, record(2, 0), record(2, 1)] })).toEqual([
      'record-without-outcome',
    ])
  })

  it('finds a dead letter that is missing', () => {
    expect(kinds({ deadLetters: [] })).toEqual(['dead-letter-missing'])
  })

  it('finds a dead letter that is there twice', () => {
    expect(kinds({ deadLetters: [deadLetter(1), deadLetter(1)] })).toEqual(['dead-letter-doubled'])
  })

  it('finds a dead letter with another code than its outcome', () => {
    expect(kinds({ deadLetters: [deadLetter(1, 'result-missing')] })).toEqual(['dead-letter-differs'])
  })

  it('finds a dead letter of an event that was skipped', () => {
    expect(kinds({ deadLetters: [...WHOLE.deadLetters, deadLetter(2)] })).toEqual([
      'dead-letter-without-outcome',
    ])
  })

  it('finds a row that cannot be read', () => {
    expect(kinds({ unreadable: [{ topic: 'verified', partition: 0, offset: 7 }] })).toEqual([
      'row-unreadable',
    ])
  })

  it('keeps a replay and a delayed attempt of an event apart from its first attempt', () => {
    const retry: Coordinates = { topic: 'retry', partition: 0, offset: 0 }
    const delayed = outcome(0, { outcome: 'DELAYED', code: 'result-not-ready', records: 0 })
    const second = outcome(0, { source: retry, attempt: 2 })
    const records = [0, 1].map((stage) => record(0, stage, { attempt: 2 }))
    expect(
      kinds({
        consumed: [...WHOLE.consumed, retry],
        outcomes: [...WHOLE.outcomes.with(0, delayed), second],
        records: [...records, ...WHOLE.records.slice(2)],
      }),
    ).toEqual([])
  })
})
