/** From the rows of a run to the counts of its line, and the doctored copies of the same rows that must be found wrong. */
import {
  describeViolations,
  type Evidence,
  type FoundRecord,
  type JudgeOptions,
  judge,
  placeOf,
  type Violation,
} from '../support/judge.js'
import type { Facts } from './reader.js'

/** The words of a line, each over the violations it stands for. */
const WORDS = {
  lost: ['lost', 'dead-letter-missing'],
  doubled: ['doubled', 'records-doubled', 'record-id-repeated', 'dead-letter-doubled'],
  torn: ['records-missing', 'records-scattered', 'records-split', 'dead-letter-split'],
  'out of order': ['out-of-order'],
  stray: ['stray-outcome', 'records-stray', 'dead-letter-stray'],
  chains: [
    'delay-missing',
    'delay-doubled',
    'delay-stray',
    'delay-split',
    'started-early',
    'chain-torn',
    'chain-miscounted',
  ],
  wrong: ['wrong-outcome', 'calls-unaccounted', 'calls-repeated'],
} as const satisfies Readonly<Record<string, readonly Violation['kind'][]>>

export type Word = keyof typeof WORDS

export interface Weighed {
  readonly counts: Readonly<Record<Word, number>>
  /** `lost 0`, `doubled 0`, ... */
  readonly figures: readonly string[]
  /** The first violations, a line each. */
  readonly wrong: readonly string[]
}

/** Judges the evidence and counts the violations by word. */
export function weigh(evidence: Evidence, options: JudgeOptions = {}): Weighed {
  const violations = judge(evidence, options)
  const words = Object.keys(WORDS) as Word[]
  const counts = Object.fromEntries(words.map((word) => [word, 0])) as Record<Word, number>
  for (const { kind } of violations) {
    const word = words.find((one) => (WORDS[one] as readonly string[]).includes(kind))
    if (word !== undefined) counts[word] += 1
  }
  return {
    counts,
    figures: words.map((word) => `${word} ${counts[word]}`),
    wrong: violations.length === 0 ? [] : describeViolations(violations).split('\n'),
  }
}

/** Rows that only one of two readers has seen. Both must have been at the ends. */
export function difference(one: Facts, other: Facts): number {
  const placesOf = ({ outcomes, records, deadLetters, delays }: Facts): Map<string, string> =>
    new Map([
      ...outcomes.map((row) => [placeOf(row.at), `${row.outcome} ${placeOf(row.source)}`] as const),
      ...records.map((row) => [placeOf(row.at), row.recordId] as const),
      ...deadLetters.map((row) => [placeOf(row.at), `${row.code} ${placeOf(row.source)}`] as const),
      ...delays.map((row) => [placeOf(row.at), `${row.attempt} ${placeOf(row.origin)}`] as const),
    ])
  const [first, second] = [placesOf(one), placesOf(other)]
  let differing = 0
  for (const [place, content] of first) if (second.get(place) !== content) differing += 1
  for (const place of second.keys()) if (!first.has(place)) differing += 1
  return differing + Math.abs(rowsOf(one) - first.size) + Math.abs(rowsOf(other) - second.size)
}

export const rowsOf = ({ outcomes, records, deadLetters, delays }: Facts): number =>
  outcomes.length + records.length + deadLetters.length + delays.length

/** What happened more than once, in at-least-once: allowed, if bounded and telling the same. */
export interface Repeats {
  /** Outcomes beyond the first of their event. */
  readonly outcomes: number
  /** Records beyond the first of their place. */
  readonly records: number
  /** Places whose records differ in their record id. */
  readonly unequal: number
}

export function repeatsOf({ outcomes, records }: Facts): Repeats {
  const sources = new Set(outcomes.map((row) => placeOf(row.source)))
  const ids = new Map<string, string>()
  const unequal = new Set<string>()
  for (const record of records) {
    const place = `${placeOf(record.origin)} ${record.attempt} ${record.replays} ${record.stageIndex}`
    const known = ids.get(place)
    if (known === undefined) ids.set(place, record.recordId)
    else if (known !== record.recordId) unequal.add(place)
  }
  return {
    outcomes: outcomes.length - sources.size,
    records: records.length - ids.size,
    unequal: unequal.size,
  }
}

interface Doctored {
  readonly name: string
  readonly shows: Word
  readonly facts: Facts
}

/** Copies of the rows with one thing changed each: what the faults that we fear would have left behind. */
export function doctored(facts: Facts): readonly Doctored[] {
  const { outcomes, records, deadLetters, delays } = facts
  const middle = <T>(rows: readonly T[]): T | undefined => rows[Math.floor(rows.length / 2)]
  const without = <T>(rows: readonly T[], victim: T | undefined): T[] => rows.filter((row) => row !== victim)
  const outcome = middle(outcomes)
  const record = middle(records.filter((row) => row.stageCount > 1))
  const letter = middle(deadLetters)
  const delay = middle(delays)
  const swapped = swapOrder(records)
  return [
    { name: 'an outcome left out', shows: 'lost', facts: { ...facts, outcomes: without(outcomes, outcome) } },
    {
      name: 'an outcome written twice',
      shows: 'doubled',
      facts: { ...facts, outcomes: outcome === undefined ? outcomes : [...outcomes, moved(outcome)] },
    },
    { name: 'a record left out', shows: 'torn', facts: { ...facts, records: without(records, record) } },
    {
      name: 'records written twice',
      shows: 'doubled',
      facts: {
        ...facts,
        records: record === undefined ? records : [...records, ...copyOf(records, record).map(moved)],
      },
    },
    ...(swapped === null
      ? []
      : [
          {
            name: 'two events of a key in reverse',
            shows: 'out of order' as const,
            facts: { ...facts, records: swapped },
          },
        ]),
    ...(delay === undefined
      ? []
      : [
          {
            name: 'a delay left out',
            shows: 'chains' as const,
            facts: { ...facts, delays: without(delays, delay) },
          },
        ]),
    ...(letter === undefined
      ? []
      : [
          {
            name: 'a dead letter left out',
            shows: 'lost' as const,
            facts: { ...facts, deadLetters: without(deadLetters, letter) },
          },
        ]),
  ]
}

const FAR = 1_000_000_000

const moved = <T extends { at: { topic: string; partition: number; offset: number } }>(row: T): T => ({
  ...row,
  at: { ...row.at, offset: row.at.offset + FAR },
})

const copyOf = <T extends FoundRecord>(records: readonly T[], of: T): T[] =>
  records.filter((row) => placeOf(row.origin) === placeOf(of.origin))

/** The records of the second event of a key stand where those of the first stood. Null: no key has two events. */
function swapOrder<T extends FoundRecord>(records: readonly T[]): T[] | null {
  const byHandshake = new Map<string, T[]>()
  for (const row of records) {
    const group = byHandshake.get(row.handshakeId)
    if (group === undefined) byHandshake.set(row.handshakeId, [row])
    else group.push(row)
  }
  for (const rows of byHandshake.values()) {
    const [first] = rows
    const second = rows.find((row) => first !== undefined && row.origin.offset !== first.origin.offset)
    if (first === undefined || second === undefined) continue
    const [early, late] = first.origin.offset < second.origin.offset ? [first, second] : [second, first]
    const places = rows.map((row) => row.at.offset)
    const base = Math.max(...places) + FAR
    return records.map((row) => {
      if (!rows.includes(row)) return row
      const isEarly = placeOf(row.origin) === placeOf(early.origin)
      const isLate = placeOf(row.origin) === placeOf(late.origin)
      if (!isEarly && !isLate) return row
      return { ...row, at: { ...row.at, offset: base + (isLate ? 0 : 100) + row.stageIndex } }
    })
  }
  return null
}

/** Judges each doctored copy. Out: how many, and the names of those that stayed green. */
export function tryDoctored(
  facts: Facts,
  evidenceOf: (facts: Facts) => Evidence,
  options: JudgeOptions = {},
): { readonly figure: string; readonly wrong: readonly string[] } {
  const copies = doctored(facts)
  const green = copies.filter(
    ({ shows, facts: copy }) => weigh(evidenceOf(copy), options).counts[shows] === 0,
  )
  return {
    figure: `doctored rows found ${copies.length - green.length} of ${copies.length}`,
    wrong: green.map(({ name }) => `the judge does not see ${name}`),
  }
}
