import type { Coordinates } from '../../core/model.js'
import type { DeadLetter, OutcomeRow, VerifiedStage } from '../../core/records.js'
import { groupBy, placeOf } from './places.js'

export type OutcomeFacts = Pick<
  OutcomeRow,
  'source' | 'origin' | 'outcome' | 'code' | 'records' | 'calls' | 'attempt' | 'replays'
>

export interface RecordFacts
  extends Pick<VerifiedStage, 'recordId' | 'stageIndex' | 'stageCount' | 'origin' | 'attempt' | 'replays'> {
  /** Where the record lies. */
  readonly at: Coordinates
}

export type DeadLetterFacts = Pick<DeadLetter, 'code' | 'source' | 'attempt' | 'replays'>

/** What lies on the topics, read as `read_committed`. */
export interface Evidence {
  /** Where the messages lie that were to be consumed. */
  readonly consumed: readonly Coordinates[]
  readonly outcomes: readonly OutcomeFacts[]
  readonly records: readonly RecordFacts[]
  readonly deadLetters: readonly DeadLetterFacts[]
  /** Rows on our own topics that are not what belongs there. */
  readonly unreadable: readonly Coordinates[]
}

/** What can be wrong. */
export type FindingKind =
  | 'event-without-outcome'
  | 'outcome-doubled'
  | 'outcome-without-event'
  | 'handshake-torn'
  | 'record-doubled'
  | 'record-without-outcome'
  | 'dead-letter-missing'
  | 'dead-letter-doubled'
  | 'dead-letter-differs'
  | 'dead-letter-without-outcome'
  | 'row-unreadable'

export interface Finding {
  readonly kind: FindingKind
  /** Coordinates, codes and counts; no values. */
  readonly detail: string
}

type Report = (kind: FindingKind, detail: string) => void

/**
 * Proves that each consumed message has exactly one outcome, and that what lies on the topics is what the outcomes say.
 *
 * In:     rows in any order. All of it is in memory at once: some hundred bytes a row
 * Out:    every finding; none: P1 and P2 held
 * Source: product.md P1, P2 and section 7, Outcome
 */
export function checkEvidence(evidence: Evidence): Finding[] {
  const findings: Finding[] = []
  const report: Report = (kind, detail) => findings.push({ kind, detail })
  checkOutcomes(evidence, report)
  checkRecords(evidence, report)
  checkDeadLetters(evidence, report)
  for (const at of evidence.unreadable) report('row-unreadable', placeOf(at))
  return findings
}

function checkOutcomes({ consumed, outcomes }: Evidence, report: Report): void {
  const counts = new Map<string, number>(consumed.map((at) => [placeOf(at), 0]))
  for (const { source } of outcomes) {
    const place = placeOf(source)
    const before = counts.get(place)
    if (before === undefined) report('outcome-without-event', place)
    else counts.set(place, before + 1)
  }
  for (const [place, count] of counts) {
    if (count === 0) report('event-without-outcome', place)
    if (count > 1) report('outcome-doubled', `${place}: ${count} outcomes`)
  }
}

/** An attempt of a chain: what ties records, which know their origin alone, to the outcome they came with. */
const attemptOf = (row: Pick<OutcomeFacts, 'origin' | 'attempt' | 'replays'>): string =>
  `${placeOf(row.origin)} attempt ${row.attempt} replay ${row.replays}`

function checkRecords({ outcomes, records }: Evidence, report: Report): void {
  const byAttempt = groupBy(records, attemptOf)
  const owned = new Set<string>()
  for (const outcome of outcomes) {
    const attempt = attemptOf(outcome)
    const found = byAttempt.get(attempt) ?? []
    if (outcome.outcome === 'VERIFIED') {
      if (!owned.has(attempt)) checkHandshake(attempt, outcome.records, found, report)
      owned.add(attempt)
    } else if (outcome.records !== 0) {
      report('handshake-torn', `${attempt}: ${outcome.outcome} tells of ${outcome.records} records`)
    }
  }
  for (const [attempt, stray] of byAttempt) {
    if (!owned.has(attempt)) report('record-without-outcome', `${attempt}: ${stray.length} records`)
  }
}

/** All stages of one result, each once, in one partition. */
function checkHandshake(
  attempt: string,
  told: number,
  records: readonly RecordFacts[],
  report: Report,
): void {
  const stageCount = records[0]?.stageCount ?? told
  const stages = new Set(records.map(({ stageIndex }) => stageIndex))
  const ids = new Set(records.map(({ recordId }) => recordId))
  const whole =
    told > 0 &&
    told === stageCount &&
    stages.size === stageCount &&
    records.every((record) => record.stageCount === stageCount && record.stageIndex < stageCount)
  if (!whole) {
    report(
      'handshake-torn',
      `${attempt}: ${stages.size} of ${stageCount} stages, the outcome tells of ${told}`,
    )
  }
  if (records.length > stages.size || ids.size < records.length) {
    report('record-doubled', `${attempt}: ${records.length} records, ${ids.size} ids`)
  }
  const partitions = new Set(records.map(({ at }) => `${at.topic}/${at.partition}`))
  if (partitions.size > 1) report('handshake-torn', `${attempt}: in ${partitions.size} partitions`)
}

function checkDeadLetters({ outcomes, deadLetters }: Evidence, report: Report): void {
  const bySource = groupBy(deadLetters, ({ source }) => placeOf(source))
  const owned = new Set<string>()
  for (const { source, outcome, code } of outcomes) {
    const place = placeOf(source)
    if (outcome !== 'DEAD' || owned.has(place)) continue
    owned.add(place)
    const found = bySource.get(place) ?? []
    if (found.length === 0) report('dead-letter-missing', place)
    if (found.length > 1) report('dead-letter-doubled', `${place}: ${found.length} dead letters`)
    for (const letter of found) {
      if (letter.code !== code) report('dead-letter-differs', `${place}: ${letter.code}, not ${code}`)
    }
  }
  for (const [place, stray] of bySource) {
    if (!owned.has(place)) report('dead-letter-without-outcome', `${place}: ${stray.length} dead letters`)
  }
}
