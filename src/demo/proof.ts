import type { SourceMessage } from '../core/model.js'
import type { DeadLetter, VerifiedStage } from '../core/records.js'
import type { ReaderOptions } from '../io/kafka/reader.js'
import type { RecordReaders } from '../io/registry/records.js'
import { checkEvidence, type Evidence, type Finding } from '../tools/reconcile/check.js'
import { type GatheredRow, gatherEvidence } from '../tools/reconcile/gather.js'
import { endName } from './plan.js'
import { DEMO_CANARY, type DemoNames } from './settings.js'

/** A row to show, with the place it was read from. */
export interface Sample<T> {
  readonly row: T
  readonly message: SourceMessage
}

export interface Proof {
  readonly evidence: Evidence
  readonly findings: readonly Finding[]
  /** Events by `endName`, as the outcomes topic tells. */
  readonly ends: ReadonlyMap<string, number>
  /** Kinds of end that came otherwise than planned, one line each. */
  readonly unplanned: readonly string[]
  /** Messages on our topics that hold a planted secret or Aadhaar number. */
  readonly leaks: number
  readonly searchedBytes: number
  /** Calls as the outcomes tell of them. */
  readonly calls: number
  readonly verified: Sample<VerifiedStage> | null
  readonly deadLetter: Sample<DeadLetter> | null
}

export interface ProveOptions {
  readonly reader: ReaderOptions
  readonly readers: RecordReaders
  readonly names: DemoNames
  readonly events: number
  readonly expected: ReadonlyMap<string, number>
}

/**
 * Reads what lies on the topics and judges it, without the connector.
 *
 * Out: see Proof
 */
export async function prove(options: ProveOptions): Promise<Proof> {
  const { names, reader, readers, expected } = options
  const samples = createSamples()
  const search = createSearch()
  const evidence = await gatherEvidence({
    ...{ reader, readers },
    topics: { ...names, consumed: [names.events] },
    onRow: (row) => {
      samples.see(row)
      search.see(row.message)
    },
  })
  const ends = new Map<string, number>()
  for (const outcome of evidence.outcomes) ends.set(endName(outcome), (ends.get(endName(outcome)) ?? 0) + 1)
  const unplanned = [...new Set([...expected.keys(), ...ends.keys()])]
    .filter((name) => expected.get(name) !== ends.get(name))
    .map((name) => `${name}: ${ends.get(name) ?? 0} events, ${expected.get(name) ?? 0} were planned`)
  const lost = options.events - evidence.consumed.length
  if (lost !== 0)
    unplanned.push(`${evidence.consumed.length} events on the topic, ${options.events} were fed`)
  return {
    ...{ evidence, findings: checkEvidence(evidence), ends, unplanned },
    calls: evidence.outcomes.reduce((sum, { calls }) => sum + calls, 0),
    ...search.found(),
    ...samples.chosen(),
  }
}

export const holds = (proof: Proof): boolean =>
  proof.findings.length === 0 && proof.unplanned.length === 0 && proof.leaks === 0

/** Keeps the record with the most redactions and a dead letter whose signature was wrong, or any. */
function createSamples() {
  let verified: Sample<VerifiedStage> | null = null
  let deadLetter: Sample<DeadLetter> | null = null
  const redactions = ({ row }: Sample<VerifiedStage>): number => Object.keys(row.redactions).length
  return {
    see({ kind, row, message }: GatheredRow): void {
      if (kind === 'verified') {
        const sample = { row, message }
        if (verified === null || redactions(sample) > redactions(verified)) verified = sample
      } else if (kind === 'deadLetter') {
        if (deadLetter === null || row.code === 'signature-mismatch') deadLetter = { row, message }
      }
    },
    chosen: () => ({ verified, deadLetter }),
  }
}

/** Looks for what must never come out, in whole messages as they lie on the topics. */
function createSearch() {
  const forbidden = Object.values(DEMO_CANARY).map((text) => Buffer.from(text))
  let leaks = 0
  let searchedBytes = 0
  return {
    see({ key, value, headers }: SourceMessage): void {
      for (const part of [key, value, ...headers.map((header) => header.value)]) {
        if (part === null) continue
        searchedBytes += part.length
        if (forbidden.some((secret) => part.includes(secret))) leaks += 1
      }
    },
    found: () => ({ leaks, searchedBytes }),
  }
}
