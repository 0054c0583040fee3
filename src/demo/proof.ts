import type { SourceMessage } from '../core/model.js'
import type { DeadLetter, OutcomeRow, VerifiedStage } from '../core/records.js'
import type { ReaderOptions } from '../io/kafka/reader.js'
import { createRecordReaders, type RecordReader } from '../io/registry/records.js'
import type { SchemaRegistry } from '../io/registry/registry.js'
import { reconcile } from '../tools/reconcile/reconcile.js'
import { type Counts, violationLine } from '../tools/reconcile/tally.js'
import { endName } from './plan.js'
import { DEMO_CANARY, type DemoNames, demoTypedTopics } from './settings.js'

/** A row to show, with the place it was read from. */
export interface Sample<T> {
  readonly row: T
  readonly message: SourceMessage
}

export interface Proof {
  readonly counts: Counts
  /** The first violations, one line each. */
  readonly findings: readonly string[]
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
  readonly registry: SchemaRegistry
  readonly names: DemoNames
  readonly events: number
  readonly expected: ReadonlyMap<string, number>
}

const MAX_SHOWN = 20

/**
 * Reads what lies on the topics and judges it, without the connector: by `reconcile`, as an operator would, and by what is
 * known of a demo alone.
 *
 * Out: see Proof
 */
export async function prove(options: ProveOptions): Promise<Proof> {
  const { names, reader, registry } = options
  const watch = createWatch(registry, names)
  const found = await reconcile({
    ...{ reader, registry, groupId: names.groupId, delivery: 'exactly-once', startFrom: 'earliest' },
    // Every event was to be consumed; whether the group says so is not asked.
    ...{ since: null, settled: 'all' },
    topics: { ...names, typed: demoTypedTopics(names), events: [names.events], retry: [], replay: [] },
    onMessage: watch.see,
  })
  try {
    await watch.settled()
    const { ends, ...seen } = watch.found()
    return {
      ...{ ...seen, ends, counts: found.counts, unplanned: unplannedEnds(options, ends, found.counts) },
      findings: firstOf(found.violations(), MAX_SHOWN).map(violationLine),
    }
  } finally {
    found.close()
  }
}

/** One line for each kind of end that came otherwise than planned. */
function unplannedEnds(
  { events, expected }: ProveOptions,
  ends: ReadonlyMap<string, number>,
  { messages }: Counts,
): string[] {
  const unplanned = [...new Set([...expected.keys(), ...ends.keys()])]
    .filter((name) => expected.get(name) !== ends.get(name))
    .map((name) => `${name}: ${ends.get(name) ?? 0} events, ${expected.get(name) ?? 0} were planned`)
  if (messages !== events) unplanned.push(`${messages} events on the topic, ${events} were fed`)
  return unplanned
}

function firstOf<T>(items: Iterable<T>, most: number): T[] {
  const first: T[] = []
  for (const item of items) {
    if (first.length === most) break
    first.push(item)
  }
  return first
}

export const holds = (proof: Proof): boolean =>
  proof.counts.violations === 0 && proof.unplanned.length === 0 && proof.leaks === 0

/** Looks at every message of the output topics: samples, ends, calls, and what must not be in them. */
function createWatch(registry: SchemaRegistry, names: DemoNames) {
  const readers = createRecordReaders(registry)
  const samples = createSamples()
  const search = createSearch()
  const ends = new Map<string, number>()
  const waiting: Promise<void>[] = []
  let calls = 0
  const countEnd = (row: OutcomeRow): void => {
    ends.set(endName(row), (ends.get(endName(row)) ?? 0) + 1)
    calls += row.calls
  }
  function by<T>(read: RecordReader<T>, take: (row: T, message: SourceMessage) => void) {
    return (message: SourceMessage): void => {
      search.see(message)
      const row = message.value === null ? null : read(message.value)
      if (row instanceof Promise) waiting.push(row.then((late) => void (late && take(late, message))))
      else if (row !== null) take(row, message)
    }
  }
  const typed = new Set(demoTypedTopics(names))
  const lookers = new Map([
    [names.verified, by(readers.verified, samples.seeVerified)],
    [names.deadLetter, by(readers.deadLetter, samples.seeDeadLetter)],
    [names.outcomes, by(readers.outcome, countEnd)],
  ])
  return {
    see: (message: SourceMessage): void => {
      if (typed.has(message.topic)) search.see(message)
      else lookers.get(message.topic)?.(message)
    },
    settled: () => Promise.all(waiting),
    found: () => ({ ends, calls, ...search.found(), ...samples.chosen() }),
  }
}

/** Keeps the record with the most redactions and a dead letter whose signature was wrong, or any. */
function createSamples() {
  let verified: Sample<VerifiedStage> | null = null
  let deadLetter: Sample<DeadLetter> | null = null
  const redactions = ({ row }: Sample<VerifiedStage>): number => Object.keys(row.redactions).length
  return {
    seeVerified(row: VerifiedStage, message: SourceMessage): void {
      const sample = { row, message }
      if (verified === null || redactions(sample) > redactions(verified)) verified = sample
    },
    seeDeadLetter(row: DeadLetter, message: SourceMessage): void {
      if (deadLetter === null || row.code === 'signature-mismatch') deadLetter = { row, message }
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
