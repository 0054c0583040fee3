import type { LayoutColumn, LayoutField, StageLayout, ValueKind } from '../core/layout.js'
import { columnsOf } from './columns.js'
import { type Field, SIDES, type Side, type StageSpec } from './model.js'
import { TRANSPORT } from './shape.js'

const KINDS: Readonly<Record<Field['type'], readonly ValueKind[] | null>> = {
  text: ['string'],
  number: ['number'],
  'number-as-text': ['string', 'number'],
  boolean: ['boolean'],
  date: ['string'],
  list: ['array'],
  nested: ['object'],
  unknown: null,
}

const OTHER_KINDS = { text: 'string', boolean: 'boolean', list: 'array' } as const

/**
 * How the columns of a type lie over its stages.
 *
 * Out:    every field of the catalogue, and what the SDK sends beside every input, which is no news
 */
export function layoutOf(spec: StageSpec): StageLayout {
  const columns = columnsOf(spec)
  const columnsAt = (side: Side, path: string): readonly LayoutColumn[] =>
    columns.filter((column) => column.side === side && column.path === path)
  const fieldsOf = (side: Side): LayoutField[] => {
    const fields = Object.entries(spec[side]).map(([path, field]) => {
      const [column = null, parsed = null] = columnsAt(side, path)
      return {
        ...{ path, kinds: kindsOf(field), itemKinds: itemKindsOf(field), column, parsed },
        isOpen: isOpen(field),
      }
    })
    const known = new Set(fields.map(({ path }) => path))
    return side === 'input'
      ? [...fields, ...[...TRANSPORT].filter((name) => !known.has(name)).map(besides)]
      : fields
  }
  const [input, output] = SIDES.map(fieldsOf)
  return { stageType: spec.name, sides: { input: input ?? [], output: output ?? [] } }
}

function besides(path: string): LayoutField {
  return { path, kinds: null, itemKinds: null, column: null, parsed: null, isOpen: true }
}

function kindsOf(field: Field): readonly ValueKind[] | null {
  if (field.type === 'date' && field.form === 'epoch-ms') return ['number']
  const kinds = KINDS[field.type]
  return kinds !== null && 'or' in field && field.or !== undefined ? [...kinds, OTHER_KINDS[field.or]] : kinds
}

function isOpen(field: Field): boolean {
  if (field.type === 'unknown' || ('or' in field && field.or === 'list')) return true
  if (field.type === 'list') return field.items !== 'nested' || field.inside === 'unknown'
  return field.type === 'nested' && field.inside !== 'known'
}

function itemKindsOf(field: Field): readonly ValueKind[] | null {
  return field.type === 'list' && field.items === 'text' ? ['string'] : null
}
