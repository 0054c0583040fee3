import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createChunkStore } from '../../../src/tools/reconcile/chunks.js'
import type { Facts } from '../../../src/tools/reconcile/facts.js'
import {
  createOriginStore,
  ORIGIN_LIMITS,
  type OriginEntry,
  type OriginLimits,
} from '../../../src/tools/reconcile/origins.js'
import { createRowBytes, MAX_ROW_BYTES } from '../../../src/tools/reconcile/row-bytes.js'
import { factsOf, judgeRows, place, playHistory, scopeOf } from './history.js'

/** A folder of its own for temporary files: what is left in it is seen. */
let folder: string
const formerFolder = process.env['TMPDIR']
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'origins-test-'))
  process.env['TMPDIR'] = folder
})
afterEach(() => {
  if (formerFolder === undefined) delete process.env['TMPDIR']
  else process.env['TMPDIR'] = formerFolder
  rmSync(folder, { recursive: true })
})

const numbers = fc.oneof(
  fc.nat(300),
  fc.constantFrom(127, 128, 16_383, 16_384, 2 ** 31, 2 ** 32 + 1, 2 ** 53 - 1),
)
const coordinates = fc.record({
  topic: fc.constantFrom('events', 'retry', 'x'.repeat(249)),
  ...{ partition: numbers, offset: numbers },
})
const hash = fc.oneof(fc.nat(), fc.constantFrom(0, 2 ** 48 - 1))
const common = {
  ...{ at: coordinates, origin: coordinates, attempt: numbers, replays: numbers, seconds: numbers },
}
const facts: fc.Arbitrary<Facts> = fc.oneof(
  fc.record({ kind: fc.constant('message' as const), ...common }),
  fc.record({
    ...{
      kind: fc.constant('outcome' as const),
      ...common,
      source: coordinates,
      records: numbers,
      handshake: hash,
    },
    outcome: fc.constantFrom('VERIFIED' as const, 'DEAD' as const, 'SKIPPED' as const, 'DELAYED' as const),
    code: fc.constantFrom(null, 'no-stages', 'result-archived'),
  }),
  fc.record({
    ...{ kind: fc.constant('record' as const), ...common, stageIndex: numbers, stageCount: numbers },
    ...{ id: hash, handshake: hash, result: hash },
  }),
  fc.record({
    ...{ kind: fc.constant('deadLetter' as const), ...common, source: coordinates, handshake: hash },
    code: fc.constantFrom('no-stages', 'result-archived'),
  }),
)

describe('the bytes of rows', () => {
  it('give back every row as it was', () => {
    fc.assert(
      fc.property(fc.array(facts, { maxLength: 20 }), (rows) => {
        const codec = createRowBytes()
        const bytes = Buffer.alloc(MAX_ROW_BYTES * rows.length)
        let at = 0
        for (const row of rows) at = codec.write(row, bytes, at) ?? -1
        expect([...codec.rows(bytes.subarray(0, at))]).toEqual(rows)
      }),
    )
  })

  it('are refused to a row with one name too many, and never grow for it', () => {
    const codec = createRowBytes()
    const bytes = Buffer.alloc(MAX_ROW_BYTES)
    const row = (name: string): Facts => {
      const at = { topic: name, partition: 0, offset: 0 }
      return { kind: 'message', at, origin: at, attempt: 1, replays: 0, seconds: 0 }
    }
    const written = Array.from({ length: 5000 }, (_, n) => codec.write(row(`topic-${n}`), bytes, 0))
    expect(written.filter((end) => end !== null)).toHaveLength(4096)
    expect(codec.write(row('topic-0'), bytes, 0)).not.toBeNull()
  })
})

describe('chunks', () => {
  it('give back what was appended, in order, from memory and from the file alike', () => {
    const piece = fc.tuple(fc.nat(3), fc.uint8Array({ minLength: 1, maxLength: 64 }))
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 200 }), (pieces) => {
        const store = createChunkStore({ buckets: 4, chunkBytes: 64 })
        for (const [bucket, bytes] of pieces) store.append(bucket, Buffer.from(bytes))
        for (const bucket of [0, 1, 2, 3]) {
          const wanted = Buffer.concat(
            pieces.flatMap(([of, bytes]) => (of === bucket ? [Buffer.from(bytes)] : [])),
          )
          expect(store.bytesOf(bucket)).toBe(wanted.length)
          for (let round = 0; round < 2; round += 1) {
            const chunks = [...store.chunks(bucket)].map((chunk) => Buffer.from(chunk))
            expect(Buffer.concat(chunks).equals(wanted)).toBe(true)
          }
        }
        store.close()
      }),
    )
  })

  it('leave no name in the temporary folder, not even while they are open', () => {
    const store = createChunkStore({ buckets: 1, chunkBytes: 16 })
    for (let n = 0; n < 10; n += 1) store.append(0, Buffer.alloc(16, n))
    expect(readdirSync(folder)).toEqual([])
    expect([...store.chunks(0)]).toHaveLength(10)
    store.close()
    expect(readdirSync(folder)).toEqual([])
  })
})

const SMALL: OriginLimits = { buckets: 4, chunkBytes: 256, maxBucketBytes: 1024, maxRows: 50 }

describe('the store of origins', () => {
  const rows = factsOf(
    playHistory(Array.from({ length: 500 }, () => ({ delays: 1, end: 'VERIFIED', stages: 3, replays: [] }))),
  )
  const entriesOf = (given: readonly Facts[], limits: OriginLimits): OriginEntry[] => {
    const store = createOriginStore(limits)
    for (const row of given) store.add(row)
    const entries = [...store.origins()]
    expect(readdirSync(folder)).toEqual([])
    store.close()
    return entries
  }

  it('gives each origin once with all of its rows, however small its buckets are', () => {
    const entries = entriesOf(rows, SMALL).flatMap((entry) => (entry.kind === 'origin' ? [entry.rows] : []))
    expect(entries).toHaveLength(500)
    expect(new Set(entries.map(({ origin }) => place(origin))).size).toBe(500)
    for (const { messages, outcomes, records } of entries) {
      expect([messages.length, outcomes.length, records.length]).toEqual([2, 2, 3])
    }
  })

  it('tells of an origin that has grown too large, and gives all others', () => {
    const [first] = rows
    if (first === undefined) throw new Error('no rows')
    const grown = [...rows, ...Array.from({ length: 500 }, () => first)]
    const entries = entriesOf(grown, SMALL)
    expect(entries.filter(({ kind }) => kind === 'overgrown')).toEqual([
      { kind: 'overgrown', origin: first.origin, rows: 507 },
    ])
    expect(entries).toHaveLength(500)
    const { violations } = judgeRows(grown, scopeOf(grown), SMALL)
    expect(violations.map(({ kind, at }) => `${kind} ${place(at)}`)).toEqual([
      `origin-overgrown ${place(first.origin)}`,
    ])
  })

  it('spreads a bucket that is too large until its parts are small', () => {
    // With every origin over the bound, one that reached the last split in company would be told.
    const entries = entriesOf(rows, { ...SMALL, maxRows: 1 })
    expect(entries.filter(({ kind }) => kind === 'overgrown')).toEqual([])
  })

  it('judges as it does with all rows in one bucket', () => {
    const wrong = rows.filter((_, n) => n % 50 !== 7)
    const linesOf = (limits: OriginLimits): string[] =>
      judgeRows(wrong, scopeOf(rows), limits)
        .violations.map(({ kind, at, detail }) => `${kind} ${place(at)} ${detail}`)
        .sort()
    expect(linesOf(SMALL)).toEqual(linesOf(ORIGIN_LIMITS))
    expect(linesOf(SMALL).length).toBeGreaterThan(50)
  })
})

describe('violations', () => {
  it('are listed to the last, though they are more than memory is meant for', () => {
    const events = Array.from({ length: 8000 }, (_, offset): Facts => {
      const at = { topic: 'events', partition: 0, offset }
      return { kind: 'message', at, origin: at, attempt: 1, replays: 0, seconds: 1 }
    })
    const { violations, counts } = judgeRows(events, scopeOf(events))
    expect(counts.violations).toBe(8000)
    expect(new Set(violations.map(({ at }) => at.offset)).size).toBe(8000)
  })
})
