/** Names of typed records: of the record, its topic, its columns. Source: product.md section 7, typed output. */
import type { ColumnContent } from '../core/layout.js'
import { type Field, type Fields, SIDES, type Side, type StageSpec } from './model.js'

export interface Column {
  readonly name: string
  readonly side: Side
  /** Within the side, as in `Fields`. */
  readonly path: string
  readonly content: ColumnContent
}

const NOT_IN_NAMES = /[^A-Za-z0-9_]/g

/** `BANK_ACC` is `attestr.stage.BankAcc`. */
export function recordNameOf(type: string): string {
  const words = type.split('_').filter((word) => word !== '')
  return `attestr.stage.${words.map((word) => word.slice(0, 1) + word.slice(1).toLowerCase()).join('')}`
}

/** `BANK_ACC` is `bank-acc`: what follows the verified topic and a dot. */
export function topicSuffixOf(type: string): string {
  return type.toLowerCase().replaceAll('_', '-')
}

/** `output` and `address.city` are `output_address_city`. Characters that Avro names cannot have become `_`. */
export function columnNameOf(side: Side, path: string): string {
  return `${side}_${path.replaceAll(NOT_IN_NAMES, '_')}`
}

/**
 * The columns of a type's record, in the order of its fields.
 *
 * Out:    a column each field but those within lists, which are JSON text as a whole, and objects of which members are
 *         known: these have the columns. One of which not all members are known has a column of JSON text for the others. A date, and a number that comes as text, has a second column with what was parsed
 */
export function columnsOf(spec: Pick<StageSpec, Side>): Column[] {
  return SIDES.flatMap((side) =>
    Object.entries(spec[side]).flatMap(([path, field]) => columnsOfField(side, path, field)),
  )
}

function columnsOfField(side: Side, path: string, field: Field): Column[] {
  if (path.includes('[]')) return []
  const name = columnNameOf(side, path)
  const column = (content: ColumnContent): Column => ({ name, side, path, content })
  switch (field.type) {
    case 'nested':
      return field.inside === 'known' ? [] : [column('json')]
    case 'list':
      return [column('json')]
    case 'unknown':
      return [column('any')]
    case 'date': {
      const isInstant = field.form === 'epoch-ms'
      const parsed: Column = isInstant
        ? { ...column('instant'), name: `${name}_time` }
        : { ...column('day'), name: `${name}_date` }
      return [column(isInstant ? 'number' : 'text'), parsed]
    }
    case 'number-as-text':
      return [
        column(field.or === undefined ? 'text' : 'any'),
        { ...column('parsed-number'), name: `${name}_number` },
      ]
    default:
      return [column(field.or === undefined ? field.type : 'any')]
  }
}

/** The names of columns that another one has too, letter case aside. */
export function columnClashes(spec: Pick<StageSpec, Side>): Column[] {
  const seen = new Set<string>()
  return columnsOf(spec).filter(({ name }) => {
    const folded = name.toLowerCase()
    const clashes = seen.has(folded)
    seen.add(folded)
    return clashes
  })
}

/** The paths of the containers around a path: `a[].b.c` lies in `a` and `a[].b`. */
export function containersOf(path: string): { readonly path: string; readonly type: 'list' | 'nested' }[] {
  const parts = path.split('.')
  return parts.slice(0, -1).map((_, index) => {
    const around = parts.slice(0, index + 1).join('.')
    return around.endsWith('[]')
      ? { path: around.slice(0, -2), type: 'list' }
      : { path: around, type: 'nested' }
  })
}

/** The names of members at the top of a side. */
export function membersOf(fields: Fields): string[] {
  return Object.keys(fields).filter((path) => !path.includes('.'))
}
