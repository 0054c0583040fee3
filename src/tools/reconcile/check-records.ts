import type { Coordinates } from '../../core/model.js'
import type { OutcomeFacts, RecordFacts } from './facts.js'
import type { Judge } from './judge.js'
import { groupBy, placeOf, placesOf } from './places.js'
import { nameOf, onePerSource, sourcesOf, type Unit } from './units.js'
import { found, stageOf, type Wanted, wantedOf } from './wanted.js'

/** All stages of one result, each once, in one partition, as its outcome tells; and no records without such an outcome. */
export function checkRecords(origin: Coordinates, unit: Unit, judge: Judge): void {
  const { records } = unit
  if (!isSettled(origin, unit, judge)) {
    checkDoubles(records, () => Math.max(1, unit.messages.length), judge)
    return
  }
  const verified = onePerSource(unit.outcomes.filter(({ outcome }) => outcome === 'VERIFIED'))
  if (verified.length === 0) checkStray(unit, judge)
  else checkHandshake(unit, verified, judge)
}

/** A transaction of the connector may have been read in part only when its offset is not committed yet. */
function isSettled(origin: Coordinates, unit: Unit, judge: Judge): boolean {
  const sources = sourcesOf(unit)
  if (sources.length === 0 && unit.attempt === 1 && unit.replays === 0) return judge.isSettled(origin)
  return sources.every((source) => judge.isSettled(source))
}

function checkStray(unit: Unit, judge: Judge): void {
  const [first] = unit.records
  if (first === undefined) return
  // At least once, records may be there whose outcome was written later, for another attempt, or never.
  if (!judge.exact && sourcesOf(unit).length > 0) judge.repeated(unit.records.length)
  else if (mayHaveLostOutcome(unit) && judge.mayLack('outcome', first.seconds)) {
    for (const { at } of unit.records) judge.lacks('outcome-out-of-reach', at)
  } else judge.found('record-without-outcome', first.at, `${unit.records.length} records of ${nameOf(unit)}`)
}

/** Only a chain that was replayed twice has two messages of one attempt, and so a second outcome. */
const mayHaveLostOutcome = ({ replays, outcomes }: Unit): boolean => replays > 0 || outcomes.length === 0

/** Records of the other message, whose outcome is gone. */
const mayBeOfAnother = ({ replays }: Unit, { seconds }: RecordFacts, judge: Judge): boolean =>
  replays > 0 && judge.mayLack('outcome', seconds)

function checkHandshake(unit: Unit, verified: readonly OutcomeFacts[], judge: Judge): void {
  const { records } = unit
  const wanted = wantedOf(verified, records, judge.isTyped)
  checkWhole(unit, verified, wanted, judge)
  checkDoubles(records, wanted.times, judge)
  checkForms(records, wanted, judge)
  const [first] = records
  if (first === undefined) return
  if (isScattered(records, judge)) judge.found('handshake-scattered', first.at, where(records))
  const results = new Set(records.map(({ result }) => result))
  const handshakes = new Set([...verified, ...records].map(({ handshake }) => handshake))
  const isMixed = judge.exact && results.size > verified.length && !mayBeOfAnother(unit, first, judge)
  if (handshakes.size > 1 || isMixed) judge.found('handshake-mixed', first.at, where(records))
}

/** Topics of as many partitions have a key in the same one. */
function isScattered(records: readonly RecordFacts[], judge: Judge): boolean {
  const alike = groupBy(records, ({ at }) => String(judge.partitionsOf(at.topic)))
  return [...alike.values()].some((rows) => new Set(rows.map(({ at }) => at.partition)).size > 1)
}

function checkWhole(unit: Unit, verified: readonly OutcomeFacts[], wanted: Wanted, judge: Judge): void {
  const { records } = unit
  const stages = groupBy(records, stageOf)
  const torn = verified.find((outcome) => {
    const stageCount = wanted.stageCountOf(outcome)
    for (let stageIndex = 0; stageIndex < stageCount; stageIndex += 1) {
      const stage = { stageCount, stageIndex }
      if ((stages.get(stageOf(stage))?.length ?? 0) < wanted.times(stage)) return true
    }
    const rows = records.filter((record) => record.stageCount === stageCount)
    return found(rows, wanted, judge.isTyped) < wanted.records(stageCount)
  })
  const foreign = records.find((record) => wanted.times(record) === 0 && !mayBeOfAnother(unit, record, judge))
  const one = torn ?? verified[0]
  if (one === undefined || (torn === undefined && foreign === undefined)) return
  if (foreign === undefined && judge.mayLack('record', one.seconds)) {
    judge.lacks('record-out-of-reach', one.source)
    return
  }
  const told = `${records.length} records of ${stages.size} stages are there, the outcome at ${placeOf(one.at)} tells of ${one.records}`
  const other = foreign === undefined ? '' : `, the record at ${placeOf(foreign.at)} of ${foreign.stageCount}`
  judge.found('handshake-torn', one.source, told + other)
}

/** No stage in two forms where the outcome tells of one. */
function checkForms(records: readonly RecordFacts[], wanted: Wanted, judge: Judge): void {
  for (const rows of groupBy(records, ({ stageCount }) => String(stageCount)).values()) {
    const [first] = rows
    const told = first === undefined ? 0 : wanted.records(first.stageCount)
    const over = found(rows, wanted, judge.isTyped) - told
    if (told === 0 || over <= 0) continue
    if (judge.exact) tellDoubled(rows, judge)
    else judge.repeated(over)
  }
}

/** No stage more often than wanted in either form, no id for two stages. */
function checkDoubles(
  records: readonly RecordFacts[],
  wanted: (record: RecordFacts) => number,
  judge: Judge,
): void {
  if (records.length < 2) return
  let surplus = 0
  const stageAndForm = (record: RecordFacts): string => `${judge.isTyped(record)} ${stageOf(record)}`
  for (const [first, ...more] of groupBy(records, stageAndForm).values()) {
    if (first === undefined) continue
    const same = [first, ...more]
    const over = same.length - Math.max(1, wanted(first))
    if (over > 0) surplus += over
    if (over > 0 && judge.exact) tellDoubled(same, judge)
    const ids = new Set(same.map(({ id }) => id))
    if (!judge.exact && ids.size > 1) judge.found('repeat-differs', first.at, where(same))
  }
  if (!judge.exact) judge.repeated(surplus)
  for (const same of groupBy(records, ({ id }) => String(id)).values()) {
    if (new Set(same.map(({ stageIndex }) => stageIndex)).size > 1) tellDoubled(same, judge)
  }
}

function tellDoubled(same: readonly RecordFacts[], judge: Judge): void {
  const [first] = same
  if (first === undefined) return
  // The chain may have been replayed twice, and one of the two outcomes be gone.
  if (same.some(({ seconds }) => judge.mayLack('outcome', seconds)))
    judge.lacks('outcome-out-of-reach', first.at)
  else judge.found('record-doubled', first.at, where(same))
}

const where = (records: readonly RecordFacts[]): string => placesOf(records.map(({ at }) => at))
