import type { OutcomeFacts, RecordFacts } from './facts.js'
import { groupBy } from './places.js'

/** A stage of a result, as a record tells of it. */
export type Stage = Pick<RecordFacts, 'stageCount' | 'stageIndex'>

/** What the outcomes of one attempt tell of its records. */
export interface Wanted {
  /** How often a stage must be there. */
  times(stage: Stage): number
  /** How many records, of either form, results with so many stages must have together. */
  records(stageCount: number): number
  stageCountOf(outcome: OutcomeFacts): number
}

export const stageOf = ({ stageCount, stageIndex }: Stage): string => `${stageCount}/${stageIndex}`

/** More outcomes of one attempt than that are not tried in every way. */
const MOST_TRIED = 8

/**
 * Finds the result that each outcome tells of. An outcome counts records: one for each stage, and where both forms are
 * written a typed one beside it for some of the stages; how many stages there are, the records say.
 *
 * In:     verified   the outcomes of one attempt: one, but for a dead letter that was replayed more than once
 *         isTyped    whether a record is one of the typed form
 */
export function wantedOf(
  verified: readonly OutcomeFacts[],
  records: readonly RecordFacts[],
  isTyped: (record: RecordFacts) => boolean,
): Wanted {
  const results = [...groupBy(records, ({ stageCount }) => String(stageCount)).values()].flatMap((rows) => {
    const [first] = rows
    return first === undefined ? [] : [{ stageCount: first.stageCount, rows }]
  })
  const choices = verified.map(({ records: told }) => {
    const fitting = results
      .map(({ stageCount }) => stageCount)
      .filter((count) => count <= told && told <= 2 * count)
    // A result of just so many stages is the simplest there is.
    const counts = fitting.sort((one, other) => other - one)
    return counts.length === 0 ? [told] : counts
  })
  const isMet = (counts: readonly number[]): boolean => {
    const wanted = wantedBy(verified, counts)
    return results.every(({ stageCount, rows }) => found(rows, wanted, isTyped) >= wanted.records(stageCount))
  }
  const simplest = choices.map(([first = 0]) => first)
  return wantedBy(verified, verified.length > MOST_TRIED ? simplest : (firstMet(choices, isMet) ?? simplest))
}

/** The first way to choose that is met; null where none is. */
function firstMet(
  choices: readonly (readonly number[])[],
  isMet: (counts: readonly number[]) => boolean,
  chosen: readonly number[] = [],
): readonly number[] | null {
  const next = choices[chosen.length]
  if (next === undefined) return isMet(chosen) ? chosen : null
  for (const count of next) {
    const met = firstMet(choices, isMet, [...chosen, count])
    if (met !== null) return met
  }
  return null
}

function wantedBy(verified: readonly OutcomeFacts[], counts: readonly number[]): Wanted {
  const of = (stageCount: number): OutcomeFacts[] => verified.filter((_, nth) => counts[nth] === stageCount)
  return {
    times: ({ stageCount, stageIndex }) => (stageIndex < stageCount ? of(stageCount).length : 0),
    records: (stageCount) => of(stageCount).reduce((sum, { records }) => sum + records, 0),
    stageCountOf: (outcome) => counts[verified.indexOf(outcome)] ?? outcome.records,
  }
}

/** How many of the records are wanted: in each form a stage no more often than there are results. */
export function found(
  rows: readonly RecordFacts[],
  wanted: Wanted,
  isTyped: (record: RecordFacts) => boolean,
): number {
  let sum = 0
  for (const [first, ...more] of groupBy(rows, (row) => `${isTyped(row)} ${stageOf(row)}`).values()) {
    if (first !== undefined) sum += Math.min(1 + more.length, wanted.times(first))
  }
  return sum
}
