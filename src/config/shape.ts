/** Reads the zod schema: what kind of value a key takes. */
import type { z } from 'zod'

export type Schema = z.core.$ZodType
type Known = z.core.$ZodTypes

export interface Bare {
  readonly schema: Known
  readonly nullable: boolean
}

/** The schema without defaults, null, optional and transforms around it. */
export function bareOf(schema: Schema): Bare {
  let known = schema as Known
  let nullable = false
  for (;;) {
    const { def } = known._zod
    if (def.type === 'nullable') nullable = true
    if (def.type === 'pipe') known = def.in as Known
    else if (
      def.type === 'nullable' ||
      def.type === 'default' ||
      def.type === 'prefault' ||
      def.type === 'optional'
    )
      known = def.innerType as Known
    else return { schema: known, nullable }
  }
}

/** The members of a map with fixed keys; of a union, those of its map. Null for anything else. */
export function membersOf(schema: Schema): Readonly<Record<string, Schema>> | null {
  const { def } = bareOf(schema).schema._zod
  if (def.type === 'object') return def.shape
  if (def.type !== 'union') return null
  for (const option of def.options) {
    const members = membersOf(option)
    if (members !== null) return members
  }
  return null
}

export function memberSchema(schema: Schema, part: string | number): Schema | undefined {
  const { def } = bareOf(schema).schema._zod
  if (def.type === 'array') return def.element
  if (def.type === 'record') return def.valueType
  return membersOf(schema)?.[part]
}

export function schemaAt(schema: Schema, path: readonly PropertyKey[]): Schema | undefined {
  let here: Schema | undefined = schema
  for (const part of path) {
    if (here === undefined || typeof part === 'symbol') return undefined
    here = memberSchema(here, part)
  }
  return here
}

export function acceptsText(schema: Schema): boolean {
  const { def } = bareOf(schema).schema._zod
  if (def.type === 'union') return def.options.some(acceptsText)
  return def.type === 'string' || def.type === 'enum'
}

/** What a key takes, in words for a message. */
export function wordsFor(schema: Schema): string {
  const { schema: bare, nullable } = bareOf(schema)
  const suffix = nullable ? ' or null' : ''
  const { def } = bare._zod
  if (def.type === 'union') return `${def.options.map(wordsFor).join(' or ')}${suffix}`
  if (def.type === 'number')
    return `${'format' in def && def.format === 'safeint' ? 'a whole number' : 'a number'}${suffix}`
  const words: Readonly<Record<string, string>> = {
    string: 'text',
    enum: 'text',
    boolean: 'true or false',
    array: 'a list',
    object: 'a map',
    record: 'a map',
  }
  return `${words[def.type] ?? 'another value'}${suffix}`
}

/** What a value is, in words for a message: its kind, never itself. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'string') return 'text'
  if (typeof value === 'boolean') return 'true or false'
  return typeof value === 'number' ? 'a number' : 'a map'
}
