import type { Coordinates, TopicPartition } from '../../core/model.js'
import type { Facts } from './facts.js'
import type { OutputKind, Scope } from './scope.js'

/** What rows may be missing of. */
export type RowKind = 'outcome' | 'record' | 'deadLetter' | 'retry'

/**
 * How far back the rows of each kind are complete. What retention has deleted, and what lies before `since`, is no
 * violation; whether a missing row is among it is told by the time when it must have been written.
 */
export interface Reach {
  /** To be told of every message that is read. In: its timestamp in seconds. */
  saw(at: Coordinates, seconds: number): void
  /** To be called when everything was read, before the questions below. In: all rows once more, when they are needed. */
  settle(rows: () => Iterable<Facts>): void
  /** A row that was written about then may be out of reach. In: seconds. */
  mayLack(kind: RowKind, seconds: number): boolean
  /** The outcome of this message may be out of reach, or it was never to have one. */
  mayLackOutcome(at: Coordinates): boolean
}

/** Timestamps come from the writers' clocks, and a transaction takes a while. */
const MARGIN_SECONDS = 60

const KINDS: Readonly<Record<OutputKind, RowKind>> = {
  verified: 'record',
  typed: 'record',
  deadLetter: 'deadLetter',
  outcome: 'outcome',
}

export function createReach(scope: Scope): Reach {
  /** Timestamp of the first row read, for partitions that are not read from offset 0; `cutOff` are those still to come. */
  const firstSeconds = new Map<string, number>()
  const cuts = new Map<RowKind, number>()
  const firstDone = new Map<string, number>()
  const cutOff = new Set(partitionsCutOff(scope))
  let isWhole = true
  const cut = (kind: RowKind): number => cuts.get(kind) ?? Number.NEGATIVE_INFINITY

  const raiseCuts = (topic: string, kind: RowKind, spans: Spans): void => {
    for (const [partition, span] of spans) {
      const known = firstSeconds.get(keyOf({ topic, partition }))
      cuts.set(kind, Math.max(cut(kind), cutOf(span, scope.since, known)))
    }
  }
  /** Where outcomes begin to be complete, for each partition of the input: they are written in the order of its offsets. */
  const findFirstDone = (rows: Iterable<Facts>): void => {
    const after = cut('outcome') + MARGIN_SECONDS
    for (const row of rows) {
      if (row.kind !== 'outcome' || row.seconds <= after) continue
      const key = keyOf(row.source)
      const first = firstDone.get(key)
      if (first === undefined || row.source.offset < first) firstDone.set(key, row.source.offset)
    }
  }
  return {
    saw(at, seconds) {
      if (cutOff.size === 0) return
      const key = keyOf(at)
      if (cutOff.delete(key)) firstSeconds.set(key, seconds)
    },
    settle(rows) {
      for (const [topic, { kind, partitions }] of scope.outputs) raiseCuts(topic, KINDS[kind], partitions)
      for (const [topic, { kind, partitions }] of scope.inputs) {
        if (kind === 'retry') raiseCuts(topic, 'retry', partitions)
      }
      isWhole = !scope.startsLate && cut('outcome') === Number.NEGATIVE_INFINITY
      if (!isWhole) findFirstDone(rows())
    },
    mayLack: (kind, seconds) => seconds <= cut(kind) + MARGIN_SECONDS,
    mayLackOutcome(at) {
      if (isWhole) return false
      return at.offset < (firstDone.get(keyOf(at)) ?? Number.POSITIVE_INFINITY)
    },
  }
}

type Spans = ReadonlyMap<number, { readonly low: number; readonly from: number }>

/** Rows of the partition written up to then may be missing. Out: seconds. */
function cutOf(
  { low, from }: { readonly low: number; readonly from: number },
  since: number | null,
  firstSeconds: number | undefined,
): number {
  if (from === 0) return Number.NEGATIVE_INFINITY
  if (from > low && since !== null) return since / 1000
  // All that was there is gone, and nothing tells how young it was.
  return firstSeconds ?? Number.POSITIVE_INFINITY
}

function* partitionsCutOff({ inputs, outputs }: Scope): Iterable<string> {
  for (const [topic, { partitions }] of [...inputs, ...outputs]) {
    for (const [partition, { from }] of partitions) if (from > 0) yield keyOf({ topic, partition })
  }
}

const keyOf = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}`
