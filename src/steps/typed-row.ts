import type { DriftKind } from '../core/drift.js'
import { JsonParts, leafJson } from '../core/flat-json.js'
import type { VerifiedStage } from '../core/records.js'
import type { Target } from './column-targets.js'
import { columnValue, parsedValue } from './column-values.js'

export type Row = Record<string, string | number | boolean | null>

/** Where members beside input and output were found. */
const STAGE = 'stage'

/** One row while it is filled. */
export class TypedRow {
  /** Counts by kind and path; null as long as there is none. */
  drift: Map<string, number> | null = null
  readonly #record: VerifiedStage
  readonly #row: Row
  #extra: JsonParts | null = null
  /** JSON text of columns, by their names. */
  #json: Map<string, JsonParts> | null = null

  /** In: `row` with all columns, without values. */
  constructor(record: VerifiedStage, row: Row) {
    this.#record = record
    this.#row = row
  }

  put(target: Target, text: string | null): void {
    const kind = this.#record.kinds[target.full]
    this.#check(target, text, kind)
    if (target.column === null) {
      const saysNothing = text === null || kind === 'null' || kind === 'object'
      if (!target.isHolder || !saysNothing) this.#putExtra(target.full, leafJson(text, kind))
    } else if (target.below !== null) {
      this.#json ??= new Map()
      const parts = this.#json.get(target.column.name) ?? new JsonParts()
      this.#json.set(target.column.name, parts)
      parts.add(target.below, leafJson(text, kind))
    } else if (text !== null && kind !== 'null') this.#putOwn(target, text, kind)
  }

  /** A member beside input and output. */
  putBeside(path: string, text: string | null): void {
    this.#note('unknown-field', STAGE)
    this.#putExtra(path, leafJson(text, this.#record.kinds[`extra.${path}`]))
  }

  finished(): Row {
    for (const [name, parts] of this.#json ?? []) this.#row[name] = parts.text()
    this.#row['extra'] = this.#extra?.text() ?? null
    return this.#row
  }

  #putOwn(target: Target, text: string, kind: string | undefined): void {
    const value = columnValue(target, text, kind)
    if (value === null || target.column === null) {
      this.#putExtra(target.full, leafJson(text, kind))
      return
    }
    this.#row[target.column.name] = value
    const parsed = target.field?.parsed ?? null
    if (parsed === null) return
    const found = parsedValue(target, text, kind)
    this.#row[parsed.name] = found
    const isDate = parsed.content === 'day' || parsed.content === 'instant'
    if (found === null && isDate && text.trim() !== '' && !this.#isRedacted(target)) {
      this.#note('unparsed-date', target.known)
    }
  }

  #putExtra(full: string, json: string): void {
    this.#extra ??= new JsonParts()
    this.#extra.add(full, json)
  }

  #check({ drift, kinds, known, full }: Target, text: string | null, kind: string | undefined): void {
    if (drift !== null) this.#note(drift, known)
    else if (kinds !== null && text !== null && kind !== 'null') {
      const isExpected = kinds.some((one) => one === (kind ?? 'string'))
      if (!isExpected && !this.#isRedacted({ full })) this.#note('other-kind', known)
    }
  }

  #isRedacted({ full }: Pick<Target, 'full'>): boolean {
    return this.#record.redactions[full] !== undefined
  }

  #note(drift: DriftKind, path: string): void {
    const key = `${drift} ${path}`
    this.drift ??= new Map()
    this.drift.set(key, (this.drift.get(key) ?? 0) + 1)
  }
}
