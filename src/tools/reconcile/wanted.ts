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

/** More ways than that are not tried. */
const MOST_WAYS = 4096

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
  const told = verified.reduce((sum, outcome) => sum + outcome.records, 0)
  /** Records that are missing, and those that nobody told of. */
  const apart = (wanted: Wanted): number => {
    let sum = told
    for (const { stageCount, rows } of results) {
      const times = wanted.records(stageCount)
      sum += times === 0 ? rows.length : -Math.min(found(rows, wanted, isTyped), times)
    }
    return sum
  }
  let best = wantedBy(
    verified,
    choices.map(([first = 0]) => first),
  )
  if (choices.reduce((product, counts) => product * counts.length, 1) > MOST_WAYS) return best
  // Retention may have taken some of the records: the way that leaves the least apart, the simplest one first.
  let least = apart(best)
  for (const counts of waysOf(choices)) {
    if (least === 0) break
    const wanted = wantedBy(verified, counts)
    const distance = apart(wanted)
    if (distance < least) [best, least] = [wanted, distance]
  }
  return best
}

/** Every way to take one of each, the first ones first. */
function* waysOf(choices: readonly (readonly number[])[]): Generator<readonly number[]> {
  const [first, ...rest] = choices
  if (first === undefined) yield []
  else for (const count of first) for (const more of waysOf(rest)) yield [count, ...more]
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
