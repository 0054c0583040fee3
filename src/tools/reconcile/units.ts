import type { Coordinates } from '../../core/model.js'
import type { MessageFacts, OriginFacts, OutcomeFacts, RecordFacts } from './facts.js'
import { placeOf } from './places.js'

/** One attempt of one chain: its message, its outcome, the records that came with it. Replayed twice, it has two of each. */
export interface Unit {
  readonly attempt: number
  readonly replays: number
  readonly messages: MessageFacts[]
  readonly outcomes: OutcomeFacts[]
  readonly records: RecordFacts[]
}

export type Units = ReadonlyMap<string, Unit>

export const unitKey = (attempt: number, replays: number): string => `${replays}/${attempt}`

/** Sorts what is known of an origin by attempt and replay: records know no other way to the outcome they came with. */
export function unitsOf({ messages, outcomes, records }: OriginFacts): Units {
  const units = new Map<string, Unit>()
  const unitOf = (attempt: number, replays: number): Unit => {
    const key = unitKey(attempt, replays)
    const known = units.get(key)
    if (known !== undefined) return known
    const unit: Unit = { attempt, replays, messages: [], outcomes: [], records: [] }
    units.set(key, unit)
    return unit
  }
  for (const message of messages) unitOf(message.attempt, message.replays).messages.push(message)
  for (const outcome of outcomes) unitOf(outcome.attempt, outcome.replays).outcomes.push(outcome)
  for (const record of records) unitOf(record.attempt, record.replays).records.push(record)
  return units
}

/** The first outcome of each source: doubles are told elsewhere. */
export function onePerSource(outcomes: readonly OutcomeFacts[]): OutcomeFacts[] {
  if (outcomes.length < 2) return [...outcomes]
  const seen = new Map<string, OutcomeFacts>()
  for (const outcome of outcomes) {
    const place = placeOf(outcome.source)
    if (!seen.has(place)) seen.set(place, outcome)
  }
  return [...seen.values()]
}

export const nameOf = ({ attempt, replays }: Pick<Unit, 'attempt' | 'replays'>): string =>
  `attempt ${attempt} replay ${replays}`

export const sourcesOf = ({ messages, outcomes }: Unit): Coordinates[] => [
  ...messages.map(({ at }) => at),
  ...outcomes.map(({ source }) => source),
]
