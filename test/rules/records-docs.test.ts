/** The columns of docs/records.md are those of avro/. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { MISMATCHES } from '../../src/tools/verify-topic/check-evidence.js'
import { between, page, tableOf } from '../support/pages.js'

type Schema = string | readonly Schema[] | Detailed

interface Detailed {
  readonly type: Schema
  readonly logicalType?: string
  readonly items?: Schema
  readonly values?: Schema
  readonly fields?: readonly Field[]
}

interface Field {
  readonly name: string
  readonly type: Schema
}

const text = readFileSync(page('docs/records.md'), 'utf8')

const isList = (schema: Schema): schema is readonly Schema[] => Array.isArray(schema)

/** A type in the words of the page. */
function wordsFor(schema: Schema): string {
  if (typeof schema === 'string') return schema
  if (isList(schema)) return `${wordsFor(branchOf(schema))}, nullable`
  if (schema.logicalType !== undefined) return schema.logicalType
  if (schema.type === 'array') return `array of ${wordsFor(schema.items ?? 'null')}`
  if (schema.type === 'map') {
    const values = schema.values ?? 'null'
    return isList(values)
      ? `map of ${wordsFor(branchOf(values))}, nullable values`
      : `map of ${wordsFor(values)}`
  }
  return wordsFor(schema.type)
}

/** The branch of a nullable type that is not null. */
function branchOf(schema: readonly Schema[]): Schema {
  return schema.find((branch) => branch !== 'null') ?? 'null'
}

/** Name and type of each column, records within records included. */
function columnsOf(fields: readonly Field[], prefix: string): string[][] {
  return fields.flatMap(({ name, type }) => {
    const path = `${prefix}${name}`
    const own = [`\`${path}\``, wordsFor(type)]
    if (typeof type === 'string' || isList(type)) return [own]
    const inside = type.type === 'array' ? type.items : type
    const below = typeof inside === 'object' && !isList(inside) ? inside.fields : undefined
    const mark = type.type === 'array' ? '[].' : '.'
    return [own, ...columnsOf(below ?? [], `${path}${mark}`)]
  })
}

describe('docs/records.md is in step with the schemas', () => {
  it.each(['verified-stage', 'dead-letter', 'outcome'])(
    '%s has each column, in order, with its type',
    (name) => {
      const schema = JSON.parse(readFileSync(page(`avro/${name}.avsc`), 'utf8')) as Detailed
      const rows = tableOf(between(text, `columns of ${name}`))
      expect(rows.map(([column, type]) => [column, type])).toEqual(columnsOf(schema.fields ?? [], ''))
    },
  )

  it('evidence has each column on its own page', () => {
    const schema = JSON.parse(readFileSync(page('avro/evidence.avsc'), 'utf8')) as Detailed
    const rows = tableOf(between(readFileSync(page('docs/evidence.md'), 'utf8'), 'columns of evidence'))
    expect(rows.map(([column, type]) => [column, type])).toEqual(columnsOf(schema.fields ?? [], ''))
  })

  it('evidence has each reason of a mismatch, in the words of the code', () => {
    const rows = tableOf(between(readFileSync(page('docs/evidence.md'), 'utf8'), 'mismatches'))
    expect(rows).toEqual(Object.entries(MISMATCHES).map(([reason, meaning]) => [`\`${reason}\``, meaning]))
  })

  it('says of each column what it means and who vouches for it', () => {
    const rows = ['verified-stage', 'dead-letter', 'outcome'].flatMap((name) =>
      tableOf(between(text, `columns of ${name}`)),
    )
    for (const [column, , meaning, source = ''] of rows) {
      expect(`${column} ${meaning}`).not.toBe(`${column} `)
      expect(`${column}: ${source}`).toMatch(/: (signed|API|event|catalogue|connector)( or event)?$/)
    }
  })
})
