import type { DeadLetterFacts, OriginFacts, OutcomeFacts } from './facts.js'
import type { Judge } from './judge.js'
import { groupBy, placeOf, placesOf } from './places.js'
import { nameOf } from './units.js'

/** Every outcome DEAD has one dead letter that says the same, and every dead letter has such an outcome. */
export function checkDeadLetters(rows: OriginFacts, judge: Judge): void {
  const dead = rows.outcomes.filter(({ outcome }) => outcome === 'DEAD')
  if (dead.length === 0 && rows.deadLetters.length === 0) return
  const letters = groupBy(rows.deadLetters, ({ source }) => placeOf(source))
  for (const [place, outcomes] of groupBy(dead, ({ source }) => placeOf(source))) {
    checkDead(outcomes, letters.get(place) ?? [], judge)
    letters.delete(place)
  }
  for (const stray of letters.values()) checkStray(rows, stray, judge)
}

function checkDead(
  outcomes: readonly OutcomeFacts[],
  letters: readonly DeadLetterFacts[],
  judge: Judge,
): void {
  const [first] = outcomes
  if (first === undefined) return
  const { source } = first
  if (letters.length === 0) {
    if (!judge.isSettled(source)) return
    if (judge.mayLack('deadLetter', first.seconds)) judge.lacks('deadLetter-out-of-reach', source)
    else judge.found('dead-letter-missing', source, `the outcome at ${placeOf(first.at)} tells of one`)
  }
  if (letters.length > 1) {
    if (!judge.exact) judge.repeated(letters.length - 1)
    else judge.found('dead-letter-doubled', source, where(letters))
  }
  const pair = unmatched(outcomes, letters, judge.exact)
  if (pair === null) return
  const [outcome, letter] = pair
  const told = `${outcome.code} ${nameOf(outcome)} by the outcome at ${placeOf(outcome.at)}`
  judge.found('dead-letter-differs', letter.at, `${letter.code} ${nameOf(letter)}, ${told}`)
}

/** At least once, a dead letter may stand for an end that was never committed; but each outcome has its own. */
function unmatched(
  outcomes: readonly OutcomeFacts[],
  letters: readonly DeadLetterFacts[],
  exact: boolean,
): readonly [OutcomeFacts, DeadLetterFacts] | null {
  const [anyOutcome] = outcomes
  const [anyLetter] = letters
  if (anyOutcome === undefined || anyLetter === undefined) return null
  const outcome = outcomes.find((one) => !letters.some((letter) => isSame(one, letter)))
  if (outcome !== undefined) return [outcome, anyLetter]
  const letter = letters.find((one) => !outcomes.some((other) => isSame(other, one)))
  return exact && letter !== undefined ? [anyOutcome, letter] : null
}

const isSame = (outcome: OutcomeFacts, letter: DeadLetterFacts): boolean =>
  outcome.code === letter.code &&
  outcome.attempt === letter.attempt &&
  outcome.replays === letter.replays &&
  outcome.handshake === letter.handshake

function checkStray(rows: OriginFacts, letters: readonly DeadLetterFacts[], judge: Judge): void {
  const [first] = letters
  if (first === undefined || !judge.isSettled(first.source)) return
  const place = placeOf(first.source)
  const ended = rows.outcomes.some(({ source }) => placeOf(source) === place)
  const read = ended || rows.messages.some(({ at }) => placeOf(at) === place)
  if (!judge.exact && read) judge.repeated(letters.length)
  else if (!ended && judge.mayLack('outcome', first.seconds)) judge.lacks('outcome-out-of-reach', first.at)
  else judge.found('dead-letter-without-outcome', first.at, `for ${place}: ${where(letters)}`)
}

const where = (letters: readonly DeadLetterFacts[]): string => placesOf(letters.map(({ at }) => at))
