import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createCatalogue } from '../../src/catalogue/index.js'
import { layoutOf } from '../../src/catalogue/layout.js'
import type { StageSpec } from '../../src/catalogue/model.js'
import { NumberText, type Rebuilt } from '../support/rebuild.js'
import { referenceTree } from '../support/reference-tree.js'
import { anyName, textOf, tree } from '../support/result-tree.js'
import { typedRecord, typedStep } from './typed-support.js'

const { types } = createCatalogue()

/** Values that stay what they are in any column: no two of them look alike. */
const leaf: fc.Arbitrary<Rebuilt> = fc.oneof(
  fc.constantFrom<Rebuilt[]>(
    '',
    'word',
    'a "b"\n',
    '26-12-1985',
    '7',
    'true',
    'TRUE',
    '0.50',
    '12345678901234567890',
  ),
  fc.constantFrom('0', '7', '0.50', '12345678901234567890', '-1.5E-7').map((text) => new NumberText(text)),
  fc.boolean(),
  fc.constant(null),
)

function stageTree(spec: StageSpec): fc.Arbitrary<Map<string, Rebuilt>> {
  const side = (name: 'input' | 'output'): fc.Arbitrary<Rebuilt> => {
    const known = Object.keys(spec[name]).flatMap((path) => path.replaceAll('[]', '').split('.'))
    return tree(fc.oneof(fc.constantFrom(...known, 'unheard'), anyName), leaf)
  }
  return fc
    .tuple(side('input'), side('output'), fc.option(tree(anyName, leaf), { nil: undefined }))
    .map(([input, output, more]) => {
      const members = new Map<string, Rebuilt>([
        ['input', input],
        ['output', output],
      ])
      if (more !== undefined) members.set('more', more)
      return members
    })
}

/** Every scalar of a tree that says something; numbers and booleans as texts, since a column may read one as the other. */
function scalarsOf(value: unknown): string[] {
  if (value instanceof NumberText) return [numberOf(value.text)]
  if (Array.isArray(value)) return value.flatMap(scalarsOf)
  if (value instanceof Map) return [...value.values()].flatMap(scalarsOf)
  if (typeof value === 'object' && value !== null) return Object.values(value).flatMap(scalarsOf)
  return value === null ? [] : [numberOf(String(value).toLowerCase())]
}

/** Not `JSON.parse`, which misreads names on some engines (support/json-parse.ts). */
const parsed = (text: unknown): unknown => referenceTree(String(text))?.value

const numberOf = (text: string): string =>
  /^-?\d+(\.\d+)?(e-?\d+)?$/i.test(text) ? String(Number(text)) : text

it('of any stage nothing is dropped: every value is in one column, or in extra', () => {
  const seen = typedStep()
  const layouts = new Map(types.map((spec) => [spec.name, layoutOf(spec)]))
  const anyStage = fc
    .constantFrom(...types)
    .chain((spec) => stageTree(spec).map((stage) => [spec.name, stage] as const))
  fc.assert(
    fc.property(anyStage, ([name, stage]) => {
      const row = typedRecord(name, textOf(stage), { seen })
      const sides = layouts.get(name)?.sides
      const columns = [...(sides?.input ?? []), ...(sides?.output ?? [])].flatMap(
        ({ column }) => column ?? [],
      )
      const held = columns.flatMap((column) => {
        const value = row[column.name]
        if (value === null || value === undefined) return []
        const isJson = column.content === 'json' || (column.content === 'any' && /^[[{]/.test(String(value)))
        return scalarsOf(isJson ? parsed(value) : value)
      })
      const rest = row['extra'] === null ? [] : scalarsOf(parsed(row['extra']))
      expect([...held, ...rest].sort()).toEqual(scalarsOf(stage).sort())
    }),
    { numRuns: 4000 },
  )
})
