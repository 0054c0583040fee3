import { Buffer } from 'node:buffer'
import { evidencePlace } from '../../core/evidence.js'
import { fullPath } from '../../core/paths.js'
import { type Opened, SEALED_TEXT, SEALED_WITHIN, type SealedPlace } from '../../core/sealed.js'

/** What opens sealed values: see createSealer. */
export interface Opener {
  openText(sealed: string, place: SealedPlace): Opened<string>
  openBytes(sealed: Buffer, place: SealedPlace): Opened<Buffer>
}

export interface OpenedRecord {
  /** The same record, with plain text where it could be opened. */
  readonly record: unknown
  readonly opened: number
  /** Sealed values that stayed so. */
  readonly left: number
  /** Ids of keys that are not there. */
  readonly unknownKeys: ReadonlySet<string>
}

const COLUMNS = ['input', 'output', 'extra'] as const
const NOT_IN_NAMES = /[^A-Za-z0-9_]/g

/**
 * Opens the sealed values of one record, in the long form, typed, or with JSON text in its columns.
 *
 * In:     record   an object as the topic or a warehouse has it. Its `recordId` is needed; where a value stands in no map its
 *                  path is found by `redactions`
 *         opener   gives what is at a place
 * Out:    values that are not sealed stay as they are, and so does one that opens nowhere. A row of evidence has `signed`, bytes
 *         of its part as base64, in the place of `sealed`
 * Source: product.md sections 7 and 9, encrypt
 */
export function openRecord(record: unknown, opener: Opener): OpenedRecord {
  const fields = isObject(record) ? record : {}
  const part = partOf(fields)
  if (part !== null) return openPart(fields, part, opener)
  const walk = new Walk(textOf(fields['recordId']), encryptedPaths(fields['redactions']), opener.openText)
  const entries = isObject(record)
    ? Object.entries(record).map(([name, value]): [string, unknown] => [
        name,
        COLUMNS.some((column) => column === name)
          ? walk.column(name, value)
          : walk.value(value, namedLike(name)),
      ])
    : null
  const { opened, left, unknownKeys } = walk
  return {
    record: entries === null ? walk.value(record, null) : Object.fromEntries(entries),
    opened,
    left,
    unknownKeys,
  }
}

interface SealedPart {
  readonly sealed: Buffer
  readonly place: SealedPlace
}

/** Null: it is no row of evidence. */
function partOf({ resultId, part, parts, sealed }: Record<string, unknown>): SealedPart | null {
  if (typeof resultId !== 'string' || typeof part !== 'number' || typeof parts !== 'number') return null
  if (typeof sealed !== 'string' && !Buffer.isBuffer(sealed)) return null
  return {
    sealed: typeof sealed === 'string' ? Buffer.from(sealed, 'base64') : sealed,
    place: evidencePlace({ resultId, part, parts }),
  }
}

function openPart(row: Record<string, unknown>, { sealed, place }: SealedPart, opener: Opener): OpenedRecord {
  const end = opener.openBytes(sealed, place)
  const unknownKeys = new Set(end.kind === 'unknown-key' ? [end.keyId] : [])
  if (end.kind !== 'open') return { record: row, opened: 0, left: 1, unknownKeys }
  const { sealed: _, ...rest } = row
  return { record: { ...rest, signed: end.plain.toString('base64') }, opened: 1, left: 0, unknownKeys }
}

/** A typed column is called like its path. */
const namedLike = (name: string) => (path: string) => path.replace(NOT_IN_NAMES, '_') === name

type Likely = ((path: string) => boolean) | null

class Walk {
  opened = 0
  left = 0
  readonly unknownKeys = new Set<string>()
  readonly #recordId: string | null
  /** Null: the record does not say. */
  readonly #paths: readonly string[] | null
  readonly #openText: Opener['openText']

  constructor(recordId: string | null, paths: readonly string[] | null, openText: Opener['openText']) {
    this.#recordId = recordId
    this.#paths = paths
    this.#openText = openText
  }

  /** A map from path to text; Avro's JSON form puts a type's name around some values. */
  column(column: string, value: unknown): unknown {
    if (!isObject(value)) return this.value(value, null)
    const entries = Object.entries(value).map(([path, text]) => [
      path,
      this.value(text, (one) => one === fullPath(column, path), fullPath(column, path)),
    ])
    return Object.fromEntries(entries)
  }

  value(value: unknown, likely: Likely, path: string | null = null): unknown {
    if (typeof value === 'string') return this.#text(value, likely, path)
    if (Array.isArray(value)) return value.map((item) => this.value(item, likely, path))
    if (!isObject(value) || Buffer.isBuffer(value)) return value
    return Object.fromEntries(
      Object.entries(value).map(([name, one]) => [name, this.value(one, likely, path)]),
    )
  }

  #text(text: string, likely: Likely, path: string | null): string {
    // A value that no rule encrypted may look like one that is: it was received so.
    if (this.#paths !== null && (path === null ? this.#paths.length === 0 : !this.#paths.includes(path)))
      return text
    if (SEALED_TEXT.test(text)) return this.#open(text, likely, path) ?? text
    return text.replace(SEALED_WITHIN, (sealed) => {
      const plain = this.#open(sealed, likely, path)
      // Texts within texts are JSON.
      return plain === null ? sealed : JSON.stringify(plain).slice(1, -1)
    })
  }

  #open(sealed: string, likely: Likely, path: string | null): string | null {
    for (const place of path === null ? this.#places(likely) : [path]) {
      if (this.#recordId === null) break
      const end = this.#openText(sealed, { recordId: this.#recordId, path: place })
      if (end.kind === 'unknown-key') this.unknownKeys.add(end.keyId)
      if (end.kind === 'unknown-key' || end.kind === 'not-sealed') break
      if (end.kind !== 'open') continue
      this.opened += 1
      return end.plain
    }
    this.left += 1
    return null
  }

  /** Where a value that stands in no map may come from; the likely places first. */
  #places(likely: Likely): readonly string[] {
    const paths = this.#paths ?? []
    if (likely === null) return paths
    return [...paths.filter(likely), ...paths.filter((path) => !likely(path))]
  }
}

/** In: a map, or JSON text as in typed records. */
function encryptedPaths(redactions: unknown): string[] | null {
  const text = textOf(redactions)
  const map = text === null ? redactions : parsed(text)
  if (map === null && redactions === null) return []
  if (!isObject(map)) return null
  return Object.entries(map).flatMap(([path, action]) => (textOf(action) === 'encrypt' ? [path] : []))
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** Also of `{"string": "..."}`, Avro's JSON form of a text in a union. */
function textOf(value: unknown): string | null {
  if (typeof value === 'string') return value
  return isObject(value) && typeof value['string'] === 'string' ? value['string'] : null
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
