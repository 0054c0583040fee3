import type { Coordinates } from '../../core/model.js'
import type { MessageFacts, OutcomeFacts } from './facts.js'
import type { Judge } from './judge.js'
import { placeOf, placesOf } from './places.js'
import { onePerSource, type Unit, type Units, unitKey } from './units.js'

/** A message of a retry topic, or what its outcome tells of it. */
interface Continuation {
  readonly source: Coordinates
  readonly message: MessageFacts | null
}

/** Every DELAYED is continued by one retry message, and every retry message comes from one DELAYED. */
export function checkDelays(units: Units, judge: Judge): void {
  for (const unit of units.values()) {
    const before = units.get(unitKey(unit.attempt - 1, unit.replays))
    if (before === undefined) checkStep(null, unit, judge)
    checkStep(unit, units.get(unitKey(unit.attempt + 1, unit.replays)) ?? null, judge)
  }
}

function checkStep(from: Unit | null, to: Unit | null, judge: Judge): void {
  const delays =
    from === null ? [] : onePerSource(from.outcomes.filter(({ outcome }) => outcome === 'DELAYED'))
  const next = to === null ? [] : continuations(to, judge)
  // What is not settled may have been written after the ends of the retry topics were taken.
  const settled = delays.filter(({ source }) => judge.isSettled(source))
  if (next.length < settled.length) tellMissing(settled, next, judge)
  // Of a message that was not read the delay may be out of reach as well.
  const read = next.flatMap(({ message }) => message ?? [])
  const surplus = read.length - delays.length - openMessages(from, judge)
  if (surplus > 0) tellSurplus({ from, delays, read, surplus }, judge)
}

function continuations({ messages, outcomes }: Unit, judge: Judge): Continuation[] {
  const found = new Map<string, Continuation>()
  for (const message of messages) found.set(placeOf(message.at), { source: message.at, message })
  for (const { source } of outcomes) {
    const place = placeOf(source)
    if (!found.has(place)) found.set(place, { source, message: null })
  }
  return [...found.values()].filter(({ source }) => judge.kindOf(source.topic) === 'retry')
}

/** Messages whose DELAYED may have been written too late to be read. */
function openMessages(unit: Unit | null, judge: Judge): number {
  if (unit === null) return 0
  const done = new Set(unit.outcomes.map(({ source }) => placeOf(source)))
  return unit.messages.filter(({ at }) => !judge.isSettled(at) && !done.has(placeOf(at))).length
}

function tellMissing(delays: readonly OutcomeFacts[], next: readonly Continuation[], judge: Judge): void {
  const [first] = delays
  if (first === undefined) return
  if (delays.some(({ seconds }) => judge.mayLack('retry', seconds)))
    judge.lacks('retry-out-of-reach', first.source)
  else {
    const detail = `${next.length} of ${delays.length} retry messages, by the outcome at ${placeOf(first.at)}`
    judge.found('delay-not-continued', first.source, detail)
  }
}

interface Surplus {
  readonly from: Unit | null
  readonly delays: readonly OutcomeFacts[]
  readonly read: readonly MessageFacts[]
  readonly surplus: number
}

function tellSurplus({ from, delays, read, surplus }: Surplus, judge: Judge): void {
  const [first] = read
  if (first === undefined) return
  const known = from !== null && from.messages.length + from.outcomes.length > 0
  if (!judge.exact && known) judge.repeated(surplus)
  else if (read.some(({ seconds }) => judge.mayLack('outcome', seconds))) {
    judge.lacks('outcome-out-of-reach', first.at)
  } else if (delays.length > 0) {
    const places = placesOf(read.map(({ at }) => at))
    judge.found('retry-doubled', first.at, `${read.length} for ${delays.length} delays: ${places}`)
  } else for (const { at } of read) judge.found('retry-without-delay', at)
}
