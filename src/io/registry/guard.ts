import type avro from 'avsc'
import { RecordUnencodable } from '../../core/ports.js'
import { type Shape, shapeOf } from './shape.js'

/** Refuses what avsc would write wrong without a word. */
export interface Guard {
  /** Throws RecordUnencodable: a long that does not keep its value. */
  beforeWriting(record: object): void
  /** Throws RecordUnencodable: a text that became another one. */
  afterWriting(record: object, bytes: Buffer): void
}

// Longs from -(2^53 - 2) up to just below -2^52 come back positive.
const LONG_BOUND = 2 ** 52
// A lone surrogate is written as U+FFFD, in a short text as the three bytes ED A0 xx to ED BF xx, which are no UTF-8.
// Looked for in the bytes: two searches instead of a look at every text; what is found by chance is looked at again.
const REPLACEMENT = Buffer.from('\ufffd')
const SURROGATE_LEAD = 0xed
const SURROGATE_NEXT = 0xa0
const LONE_SURROGATE = /\p{Surrogate}/u

/**
 * Makes the checks for one schema.
 *
 * In:     type  a record; its longs lie in records, not in arrays or maps
 * Source: libraries.md section 4.3
 */
export function createGuard(type: avro.Type): Guard {
  const shape = shapeOf(type)
  const longs = longPaths(shape, [])
  return {
    beforeWriting(record) {
      for (const path of longs) {
        const value = valueAt(record, path)
        if (typeof value === 'number' && !(value >= -LONG_BOUND && value <= LONG_BOUND)) {
          throw new RecordUnencodable(path.join('.'))
        }
      }
    },
    afterWriting(record, bytes) {
      if (!mayHoldLoneSurrogate(bytes)) return
      const path = brokenText(shape, record, '')
      if (path !== null) throw new RecordUnencodable(path)
    },
  }
}

function mayHoldLoneSurrogate(bytes: Buffer): boolean {
  for (let at = bytes.indexOf(SURROGATE_LEAD); at !== -1; at = bytes.indexOf(SURROGATE_LEAD, at + 1)) {
    if ((bytes[at + 1] ?? 0) >= SURROGATE_NEXT) return true
  }
  return bytes.indexOf(REPLACEMENT) !== -1
}

/** The place in the schema that a value does not fit; names of map keys are data and not told. */
export function invalidPath(type: avro.Type, record: object): string {
  let found: readonly string[] | undefined
  type.isValid(record, {
    errorHook: (path) => {
      found ??= path
    },
  })
  if (found === undefined) return 'unknown'
  let shape: Shape | undefined = shapeOf(type)
  let text = ''
  for (const name of found) {
    shape = present(shape)
    text = shape === undefined ? text : stepInto(text, shape, name)
    shape = shape === undefined ? undefined : partOf(shape, name)
  }
  return text
}

function stepInto(path: string, shape: Shape, name: string): string {
  if (shape.kind === 'map') return `${path}.*`
  if (shape.kind === 'array') return `${path}[]`
  return path === '' ? name : `${path}.${name}`
}

function partOf(shape: Shape, name: string): Shape | undefined {
  if (shape.kind === 'map' || shape.kind === 'array') return shape.items
  return shape.kind === 'record' ? shape.fields.find((field) => field.name === name)?.shape : undefined
}

/** The branch of a nullable schema that is not null. */
function present(shape: Shape | undefined): Shape | undefined {
  return shape?.kind === 'union' ? shape.branches.find((branch) => branch.kind !== 'null') : shape
}

function longPaths(of: Shape, path: readonly string[]): (readonly string[])[] {
  const shape = present(of)
  if (shape?.kind === 'long') return [path]
  if (shape?.kind !== 'record') return []
  return shape.fields.flatMap((field) => longPaths(field.shape, [...path, field.name]))
}

function valueAt(record: object, path: readonly string[]): unknown {
  let value: unknown = record
  for (const name of path) value = member(value, name)
  return value
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined
}

function brokenText(of: Shape, value: unknown, path: string): string | null {
  const shape = present(of)
  if (shape?.kind === 'string') return typeof value === 'string' && LONE_SURROGATE.test(value) ? path : null
  if (typeof value !== 'object' || value === null) return null
  if (shape?.kind === 'record') {
    for (const field of shape.fields) {
      const broken = brokenText(field.shape, member(value, field.name), stepInto(path, shape, field.name))
      if (broken !== null) return broken
    }
  }
  if (shape?.kind === 'map' || shape?.kind === 'array') {
    const inside = stepInto(path, shape, '')
    for (const [key, item] of Object.entries(value)) {
      if (LONE_SURROGATE.test(key)) return inside
      const broken = brokenText(shape.items, item, inside)
      if (broken !== null) return broken
    }
  }
  return null
}
