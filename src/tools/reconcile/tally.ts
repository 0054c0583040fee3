import type { Coordinates } from '../../core/model.js'
import { createChunkStore } from './chunks.js'
import { placeOf } from './places.js'

/** What can be wrong. Each has a planted case in test/tools/reconcile. */
export const VIOLATION_KINDS = [
  'message-without-outcome',
  'outcome-doubled',
  'outcome-without-message',
  'outcome-differs',
  'outcome-malformed',
  'delay-not-continued',
  'retry-without-delay',
  'retry-doubled',
  'handshake-torn',
  'handshake-scattered',
  'handshake-mixed',
  'record-doubled',
  'record-without-outcome',
  'repeat-differs',
  'dead-letter-missing',
  'dead-letter-doubled',
  'dead-letter-differs',
  'dead-letter-without-outcome',
  'row-unreadable',
  'origin-overgrown',
] as const

export type ViolationKind = (typeof VIOLATION_KINDS)[number]

export interface Violation {
  readonly kind: ViolationKind
  /** Where to look. */
  readonly at: Coordinates
  /** The first event behind it; null where none can be told. */
  readonly origin: Coordinates | null
  /** Coordinates, codes and counts; no values. */
  readonly detail: string
}

/** Why something could be neither proved nor refuted. */
export type UnprovableReason =
  | 'outcome-out-of-reach'
  | 'record-out-of-reach'
  | 'deadLetter-out-of-reach'
  | 'retry-out-of-reach'
  | 'message-out-of-reach'
  | 'message-compacted'
  | 'topic-not-read'
  | 'offset-missing'

export interface Unprovable {
  readonly reason: UnprovableReason
  readonly topic: string
  readonly partition: number
  /** The first and the last offset of them. */
  readonly from: number
  readonly to: number
  readonly count: number
}

export interface Counts {
  /** Messages read on events, retry and replay topics. */
  readonly messages: number
  readonly events: number
  readonly retries: number
  readonly replays: number
  /** Outcomes read, by what they say. */
  readonly verified: number
  readonly dead: number
  readonly skipped: number
  readonly delayed: number
  /** Messages that are not consumed yet. */
  readonly waiting: number
  readonly records: number
  readonly deadLetters: number
  /** What was written again, with `delivery: at-least-once`. */
  readonly repeats: number
  readonly unprovable: number
  readonly violations: number
}

export type Tally = ReturnType<typeof createTally>

const SPOOL_BYTES = 262_144
const LENGTH_BYTES = 4
/** So many are put in order; more are told as they were found. */
const MAX_SORTED = 1000
/** Longer details are cut; a place has some 270 characters at most. */
const MAX_DETAIL = 4096

/** Counts, and lists what was found: violations in a file once they are many, unprovable ranges one a partition and reason. */
export function createTally() {
  const counts = {
    ...{ messages: 0, events: 0, retries: 0, replays: 0, verified: 0, dead: 0, skipped: 0, delayed: 0 },
    ...{ waiting: 0, records: 0, deadLetters: 0, repeats: 0, unprovable: 0, violations: 0 },
  }
  const spool = createChunkStore({ buckets: 1, chunkBytes: SPOOL_BYTES })
  const ranges = new Map<string, Unprovable>()
  function* readAll(): Iterable<Violation> {
    for (const chunk of spool.chunks(0)) {
      for (let at = 0; at < chunk.length; ) {
        const start = at + LENGTH_BYTES
        at = start + chunk.readUInt32LE(at)
        yield JSON.parse(chunk.toString('utf8', start, at)) as Violation
      }
    }
  }
  return {
    counts,
    found(violation: Violation): void {
      counts.violations += 1
      const detail = violation.detail.slice(0, MAX_DETAIL)
      const text = Buffer.from(JSON.stringify({ ...violation, detail }))
      const framed = Buffer.allocUnsafe(LENGTH_BYTES + text.length)
      framed.writeUInt32LE(text.length, 0)
      framed.set(text, LENGTH_BYTES)
      spool.append(0, framed)
    },
    lacks(reason: UnprovableReason, { topic, partition, offset }: Coordinates): void {
      counts.unprovable += 1
      const key = `${reason} ${topic}/${partition}`
      const range = ranges.get(key) ?? { reason, topic, partition, from: offset, to: offset, count: 0 }
      const [from, to] = [Math.min(range.from, offset), Math.max(range.to, offset)]
      ranges.set(key, { ...range, from, to, count: range.count + 1 })
    },
    unprovable: (): Unprovable[] => [...ranges.values()],
    violations: (): Iterable<Violation> =>
      counts.violations > MAX_SORTED ? readAll() : [...readAll()].sort(byPlace),
    close: (): void => spool.close(),
  }
}

function byPlace({ at: one }: Violation, { at: other }: Violation): number {
  if (one.topic !== other.topic) return one.topic < other.topic ? -1 : 1
  return one.partition - other.partition || one.offset - other.offset
}

/** A violation on one line. */
export function violationLine({ kind, at, origin, detail }: Violation): string {
  const place = placeOf(at)
  const from = origin === null || placeOf(origin) === place ? '' : ` (origin ${placeOf(origin)})`
  return `${kind} ${place}${from}${detail === '' ? '' : `: ${detail}`}`
}
