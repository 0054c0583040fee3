import type { Coordinates } from '../../core/model.js'
import { type ChunkStore, createChunkStore } from './chunks.js'
import type { Facts, OriginFacts } from './facts.js'
import { placeOf } from './places.js'
import { createRowBytes, MAX_ROW_BYTES, type RowBytes } from './row-bytes.js'

export interface OriginLimits {
  readonly buckets: number
  readonly chunkBytes: number
  /** A bucket with more is split; one with less is read into memory at once. */
  readonly maxBucketBytes: number
  /** An origin with more rows than this is not looked at. */
  readonly maxRows: number
}

/** 32 MiB for writing; a bucket of 4 MiB is some 100,000 rows. */
export const ORIGIN_LIMITS: OriginLimits = {
  buckets: 1024,
  chunkBytes: 32_768,
  maxBucketBytes: 4_194_304,
  maxRows: 50_000,
}

export type OriginEntry =
  | { readonly kind: 'origin'; readonly rows: OriginFacts }
  | { readonly kind: 'overgrown'; readonly origin: Coordinates; readonly rows: number }

/** Collects rows in any order and gives them back origin by origin. */
export interface OriginStore {
  /** Out: false when the row cannot be kept: it names one topic or code too many. */
  add(facts: Facts): boolean
  rows(): Iterable<Facts>
  origins(): Iterable<OriginEntry>
  close(): void
}

const SPLIT_BUCKETS = 64
/** A bucket that is still too large after so many splits holds very few origins. */
const MAX_SPLITS = 3

/**
 * Makes a store whose memory does not grow with the rows: they are spread over buckets by a hash of their origin, so that
 * all rows of an origin are in one bucket, and a bucket is small enough to be read whole.
 *
 * Throws: errors of the file system
 */
export function createOriginStore(limits: OriginLimits = ORIGIN_LIMITS): OriginStore {
  const store = createChunkStore(limits)
  const codec = createRowBytes()
  const scratch = Buffer.allocUnsafe(MAX_ROW_BYTES)
  const put = (into: ChunkStore, buckets: number, facts: Facts, level: number): boolean => {
    const end = codec.write(facts, scratch, 0)
    if (end === null) return false
    into.append(bucketOf(facts.origin, level) % buckets, scratch.subarray(0, end))
    return true
  }

  function* originsOf(from: ChunkStore, bucket: number, level: number): Iterable<OriginEntry> {
    if (from.bytesOf(bucket) <= limits.maxBucketBytes) yield* grouped(rowsOf(from, bucket, codec))
    else if (level === MAX_SPLITS) yield* withoutOvergrown(() => rowsOf(from, bucket, codec), limits.maxRows)
    else {
      const parts = createChunkStore({ buckets: SPLIT_BUCKETS, chunkBytes: limits.chunkBytes })
      try {
        for (const facts of rowsOf(from, bucket, codec)) put(parts, SPLIT_BUCKETS, facts, level + 1)
        for (let part = 0; part < SPLIT_BUCKETS; part += 1) yield* originsOf(parts, part, level + 1)
      } finally {
        parts.close()
      }
    }
  }

  return {
    add: (facts) => put(store, limits.buckets, facts, 0),
    *rows() {
      for (let bucket = 0; bucket < limits.buckets; bucket += 1) yield* rowsOf(store, bucket, codec)
    },
    *origins() {
      for (let bucket = 0; bucket < limits.buckets; bucket += 1) yield* originsOf(store, bucket, 0)
    },
    close: store.close,
  }
}

function* rowsOf(store: ChunkStore, bucket: number, codec: RowBytes): Iterable<Facts> {
  for (const chunk of store.chunks(bucket)) yield* codec.rows(chunk)
}

function* grouped(rows: Iterable<Facts>): Iterable<OriginEntry> {
  const groups = new Map<string, OriginFacts>()
  for (const facts of rows) {
    const place = placeOf(facts.origin)
    let group = groups.get(place)
    if (group === undefined) {
      group = { origin: facts.origin, messages: [], outcomes: [], records: [], deadLetters: [] }
      groups.set(place, group)
    }
    if (facts.kind === 'message') group.messages.push(facts)
    else if (facts.kind === 'outcome') group.outcomes.push(facts)
    else if (facts.kind === 'record') group.records.push(facts)
    else group.deadLetters.push(facts)
  }
  for (const group of groups.values()) yield { kind: 'origin', rows: group }
}

function* withoutOvergrown(rows: () => Iterable<Facts>, maxRows: number): Iterable<OriginEntry> {
  const counts = new Map<string, { readonly origin: Coordinates; rows: number }>()
  for (const { origin } of rows()) {
    const count = counts.get(placeOf(origin))
    if (count === undefined) counts.set(placeOf(origin), { origin, rows: 1 })
    else count.rows += 1
  }
  for (const count of counts.values()) {
    if (count.rows > maxRows) yield { kind: 'overgrown', ...count }
    else yield* grouped(only(rows(), placeOf(count.origin)))
  }
}

function* only(rows: Iterable<Facts>, place: string): Iterable<Facts> {
  for (const facts of rows) if (placeOf(facts.origin) === place) yield facts
}

/** Another spread for each level, else a split would put everything into one bucket again. */
function bucketOf({ topic, partition, offset }: Coordinates, level: number): number {
  let hash = Math.imul(level + 1, 0x9e3779b1)
  for (let at = 0; at < topic.length; at += 1) hash = Math.imul(hash ^ topic.charCodeAt(at), 0x01000193)
  hash = mixed(hash ^ partition)
  hash = mixed(hash ^ (offset | 0))
  return mixed(hash ^ Math.floor(offset / 0x1_0000_0000)) >>> 0
}

function mixed(value: number): number {
  const once = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  const twice = Math.imul(once ^ (once >>> 13), 0xc2b2ae35)
  return twice ^ (twice >>> 16)
}
