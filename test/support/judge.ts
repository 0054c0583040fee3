import type { Coordinates } from '../../src/core/model.js'
import type { OutcomeKind } from '../../src/core/outcome.js'
import { judgeChains } from './judge-chains.js'

/** A row of an output topic, as a read_committed reader finds it. */
interface Row {
  /** Where the row lies. */
  readonly at: Coordinates
  /** The transaction that wrote it, where the reader can know; null: unknown. */
  readonly transaction: number | string | null
}

/** One message of an events topic. Without `expected` any end of its chain is right. */
export interface InputMessage {
  readonly at: Coordinates
  readonly expected?: { readonly outcome: OutcomeKind; readonly code: string | null }
}

export interface FoundOutcome extends Row {
  readonly source: Coordinates
  readonly origin: Coordinates
  readonly handshakeId: string | null
  readonly outcome: string
  readonly code: string | null
  readonly records: number
  readonly calls: number
  readonly attempt: number
  readonly replays: number
  /** Epoch ms. */
  readonly startedAt: number
}

/** A message on a retry topic: what its headers say. */
export interface FoundDelay extends Row {
  readonly origin: Coordinates
  readonly attempt: number
  readonly replays: number
  /** Epoch ms. */
  readonly dueAt: number
}

export interface FoundRecord extends Row {
  readonly recordId: string
  readonly handshakeId: string
  readonly stageIndex: number
  readonly stageCount: number
  readonly origin: Coordinates
  readonly attempt: number
  readonly replays: number
}

export interface FoundDeadLetter extends Row {
  readonly code: string
  readonly handshakeId: string | null
  readonly source: Coordinates
  readonly origin: Coordinates
  readonly attempt: number
  readonly replays: number
  /** Of the chain. */
  readonly calls: number
  /** Epoch ms. */
  readonly firstSeenAt: number
}

export interface Evidence {
  /** Every message of the events topics. */
  readonly inputs: readonly InputMessage[]
  readonly outcomes: readonly FoundOutcome[]
  readonly records: readonly FoundRecord[]
  readonly deadLetters: readonly FoundDeadLetter[]
  /** Every message of the retry topics; they too were to be consumed. */
  readonly delays?: readonly FoundDelay[]
  /** Calls that reached the API, by handshake; without it calls are not judged. */
  readonly calls?: ReadonlyMap<string, number>
}

export interface JudgeOptions {
  readonly delivery?: 'exactly-once' | 'at-least-once'
  /** The run had no fault and no rebalance: one call for each event that was fetched, and none in vain. */
  readonly callsOnce?: boolean
  /** Calls may have got lost on their way to the API: outcomes tell of more than it saw. */
  readonly callsLost?: boolean
}

/** What can be wrong. Each word has a planted case in judge.test.ts. */
export const VIOLATIONS = [
  'lost',
  'doubled',
  'stray-outcome',
  'wrong-outcome',
  'records-missing',
  'records-doubled',
  'records-stray',
  'records-scattered',
  'records-split',
  'record-id-repeated',
  'dead-letter-missing',
  'dead-letter-doubled',
  'dead-letter-stray',
  'dead-letter-split',
  'out-of-order',
  'calls-unaccounted',
  'calls-repeated',
  'delay-missing',
  'delay-doubled',
  'delay-stray',
  'delay-split',
  'started-early',
  'chain-torn',
  'chain-miscounted',
] as const

export interface Violation {
  readonly kind: (typeof VIOLATIONS)[number]
  /** Coordinates and codes, no values. */
  readonly detail: string
}

export type Report = (kind: Violation['kind'], detail: string) => void

/**
 * Judges what a run has left in its topics.
 *
 * In:     decoded rows in any order; the simulation and the tests on a real broker use the same judge
 * Out:    every violation of P1, P2, P6 and P10 of product.md; none: the run was right
 */
export function judge(evidence: Evidence, options: JudgeOptions = {}): Violation[] {
  const violations: Violation[] = []
  const report: Report = (kind, detail) => violations.push({ kind, detail })
  const exact = options.delivery !== 'at-least-once'
  judgeOutcomes(evidence, exact, report)
  judgeRecords(evidence, exact, report)
  judgeDeadLetters(evidence, exact, report)
  judgeChains(evidence, exact, report)
  if (exact) {
    judgeOrder(evidence.records, 'record', report)
    judgeOrder(evidence.deadLetters, 'dead letter', report)
  }
  if (evidence.calls !== undefined) judgeCalls(evidence, evidence.calls, options, report)
  return violations
}

/** One line a violation, the first ones only. */
export function describeViolations(violations: readonly Violation[], limit = 12): string {
  const lines = violations.slice(0, limit).map(({ kind, detail }) => `${kind}: ${detail}`)
  const more = violations.length - lines.length
  return [...lines, ...(more > 0 ? [`and ${more} more`] : [])].join('\n')
}

function judgeOutcomes({ inputs, outcomes, delays = [] }: Evidence, exact: boolean, report: Report): void {
  const bySource = groupBy(outcomes, (outcome) => placeOf(outcome.source))
  const ends = groupBy(
    outcomes.filter(({ outcome }) => outcome !== 'DELAYED'),
    (outcome) => placeOf(outcome.origin),
  )
  const known = new Set<string>()
  for (const { at, expected } of [...inputs, ...delays.map(({ at }): InputMessage => ({ at }))]) {
    const place = placeOf(at)
    known.add(place)
    const found = bySource.get(place) ?? []
    if (found.length === 0) report('lost', place)
    if (exact && found.length > 1) report('doubled', `${place} has ${found.length} outcomes`)
    for (const { outcome, code } of ends.get(place) ?? []) {
      if (expected === undefined || (expected.outcome === outcome && expected.code === code)) continue
      report('wrong-outcome', `${place} ended ${outcome} ${code}, not ${expected.outcome} ${expected.code}`)
    }
  }
  for (const place of bySource.keys()) if (!known.has(place)) report('stray-outcome', place)
}

function judgeRecords({ outcomes, records }: Evidence, exact: boolean, report: Report): void {
  const chains = groupBy(records, attemptOf)
  const positions = positionsOf(records)
  const owned = new Set<string>()
  for (const outcome of outcomes) {
    const attempt = attemptOf(outcome)
    if (outcome.outcome !== 'VERIFIED') {
      if (outcome.records !== 0) report('wrong-outcome', `${attempt} ended ${outcome.outcome} with records`)
      continue
    }
    owned.add(attempt)
    judgeChain(outcome, chains.get(attempt) ?? [], { exact, positions, report })
  }
  for (const [attempt, stray] of chains) {
    // At least once, records of a batch may be there whose offset and outcome were written later, or never.
    if (!owned.has(attempt) && exact) report('records-stray', `${attempt}: ${stray.length} records`)
  }
}

interface ChainContext {
  readonly exact: boolean
  readonly positions: ReadonlyMap<FoundRecord, number>
  readonly report: Report
}

function judgeChain(
  outcome: FoundOutcome,
  found: readonly FoundRecord[],
  { exact, positions, report }: ChainContext,
): void {
  const attempt = attemptOf(outcome)
  const stageCount = found[0]?.stageCount ?? outcome.records
  const indexes = new Set(found.map((record) => record.stageIndex))
  if (indexes.size !== stageCount || outcome.records !== stageCount) {
    report(
      'records-missing',
      `${attempt}: ${indexes.size} of ${stageCount}, the outcome says ${outcome.records}`,
    )
  }
  if (!exact) return
  if (found.length > indexes.size) report('records-doubled', `${attempt}: ${found.length} records`)
  if (new Set(found.map((record) => record.recordId)).size !== indexes.size) {
    report('record-id-repeated', attempt)
  }
  if (found.some((record) => apart(record, outcome))) report('records-split', attempt)
  const inOrder = [...found].sort((a, b) => (positions.get(a) ?? 0) - (positions.get(b) ?? 0))
  const first = inOrder[0]
  const together = inOrder.every(
    (record, index) =>
      record.at.partition === first?.at.partition &&
      record.stageIndex === index &&
      (positions.get(record) ?? 0) === (positions.get(first) ?? 0) + index,
  )
  if (!together && found.length === stageCount) report('records-scattered', attempt)
}

/** Place among the committed records of the same partition: aborted records and markers do not count. */
function positionsOf(records: readonly FoundRecord[]): Map<FoundRecord, number> {
  const positions = new Map<FoundRecord, number>()
  for (const partition of groupBy(records, ({ at }) => `${at.topic}/${at.partition}`).values()) {
    const sorted = [...partition].sort((a, b) => a.at.offset - b.at.offset)
    for (const [index, record] of sorted.entries()) positions.set(record, index)
  }
  return positions
}

function judgeDeadLetters({ outcomes, deadLetters }: Evidence, exact: boolean, report: Report): void {
  const bySource = groupBy(deadLetters, (letter) => placeOf(letter.source))
  const owned = new Set<string>()
  for (const outcome of outcomes) {
    const place = placeOf(outcome.source)
    if (outcome.outcome !== 'DEAD') continue
    owned.add(place)
    const found = bySource.get(place) ?? []
    if (!found.some((letter) => letter.code === outcome.code)) report('dead-letter-missing', place)
    if (!exact) continue
    if (found.length > 1) report('dead-letter-doubled', `${place}: ${found.length}`)
    if (found.some((letter) => apart(letter, outcome))) report('dead-letter-split', place)
  }
  for (const [place, stray] of bySource) {
    if (exact && !owned.has(place)) report('dead-letter-stray', `${place}: ${stray.length}`)
  }
}

/** Rows of one handshake that come from one input partition lie in the order of their events: product.md P10. */
function judgeOrder(rows: readonly (FoundRecord | FoundDeadLetter)[], name: string, report: Report): void {
  const first = rows.filter((row) => row.attempt === 1 && row.replays === 0 && row.handshakeId !== null)
  const byKey = groupBy(
    first,
    ({ handshakeId, origin }) => `${handshakeId} of ${origin.topic}/${origin.partition}`,
  )
  for (const [key, group] of byKey) {
    const sorted = [...group].sort((a, b) => a.at.partition - b.at.partition || a.at.offset - b.at.offset)
    if (new Set(sorted.map((row) => row.at.partition)).size > 1) {
      report('out-of-order', `${name}s of ${key} lie in several partitions`)
    }
    for (const [index, row] of sorted.entries()) {
      const before = sorted[index - 1]
      if (before !== undefined && before.origin.offset > row.origin.offset) {
        report('out-of-order', `${name} of ${key}: ${row.origin.offset} after ${before.origin.offset}`)
      }
    }
  }
}

/** Ends that take several calls without any fault. */
const ASKED_AGAIN: ReadonlySet<string | null> = new Set([
  'result-not-ready',
  'result-missing',
  'handshake-not-found',
])

function judgeCalls(
  { outcomes }: Evidence,
  calls: ReadonlyMap<string, number>,
  { callsOnce: once = false, callsLost = false }: JudgeOptions,
  report: Report,
): void {
  const told = new Map<string, number>()
  for (const outcome of outcomes) {
    if (outcome.handshakeId === null) continue
    told.set(outcome.handshakeId, (told.get(outcome.handshakeId) ?? 0) + outcome.calls)
    if (once && outcome.calls > 1 && !ASKED_AGAIN.has(outcome.code)) {
      report('calls-repeated', `${placeOf(outcome.source)} took ${outcome.calls} calls`)
    }
  }
  for (const handshakeId of new Set([...told.keys(), ...calls.keys()])) {
    const made = calls.get(handshakeId) ?? 0
    const said = told.get(handshakeId) ?? 0
    if (made < said && !callsLost)
      report('calls-unaccounted', `${handshakeId}: ${made} made, outcomes tell of ${said}`)
    if (once && made > said)
      report('calls-repeated', `${handshakeId}: ${made} made, outcomes tell of ${said}`)
  }
}

export const apart = (row: Row, other: Row): boolean =>
  row.transaction !== null && other.transaction !== null && row.transaction !== other.transaction

export const placeOf = (at: Coordinates): string => `${at.topic}/${at.partition}@${at.offset}`

export const attemptOf = (row: { origin: Coordinates; attempt: number; replays: number }): string =>
  `${placeOf(row.origin)} attempt ${row.attempt} replay ${row.replays}`

export function groupBy<T>(rows: readonly T[], keyOf: (row: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const row of rows) {
    const key = keyOf(row)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [row])
    else group.push(row)
  }
  return groups
}
