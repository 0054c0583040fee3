/** What zod cannot see in the types of the configuration: what stands between them, and between them and ours. */
import { BUILT_IN } from './built-in.js'
import { columnClashes, containersOf, recordNameOf } from './columns.js'
import { type Fields, type FieldType, SIDES, type Side, type StageSpec } from './model.js'
import { createShapeOf, leastNames } from './shape.js'
import {
  specsWith,
  type UserField,
  type UserFields,
  type UserSideShape,
  type UserType,
  type UserTypes,
} from './user.js'

/** One thing that is wrong. `path` is below `catalogue.types`; `text` names keys and types, never values. */
export interface UserTypeProblem {
  readonly path: readonly (string | number)[]
  readonly text: string
}

type Report = (path: readonly (string | number)[], text: string) => void

const KNOWN = new Map<string, StageSpec>(Object.entries(BUILT_IN))

/**
 * Finds everything that is wrong with the operator's types beyond their form.
 *
 * Out:    problems in the order of the types; none where they can be used
 * Source: product.md section 7: no two names equal but for letter case; nothing known is changed
 */
export function userTypeProblems(types: UserTypes): UserTypeProblem[] {
  const problems: UserTypeProblem[] = []
  const names = new Map(Object.keys(BUILT_IN).map((name) => [recordNameOf(name).toLowerCase(), name]))
  for (const [name, type] of Object.entries(types)) {
    const report: Report = (path, text) => problems.push({ path: [name, ...path], text })
    const known = KNOWN.get(name) ?? null
    if (known === null) nameProblems(names, name, report)
    typeProblems(type, known, report)
    for (const side of SIDES) fieldProblems({ side, fields: type[side], known: known?.[side] ?? {} }, report)
  }
  // What follows reads the types as a whole, which needs each of them to be sound.
  return problems.length > 0 ? problems : [...columnProblems(types), ...shapeProblems(types)]
}

function nameProblems(names: Map<string, string>, name: string, report: Report): void {
  const record = recordNameOf(name)
  const other = names.get(record.toLowerCase())
  if (other !== undefined) report([], `has the record name of ${other}, letter case aside`)
  names.set(record.toLowerCase(), name)
}

function typeProblems(type: UserType, known: StageSpec | null, report: Report): void {
  if (Object.keys(type.input).length + Object.keys(type.output).length === 0) report([], 'has no field')
  if (known !== null && type.shapes.length > 0)
    report(['shapes'], 'is given for a built-in type, which has its own')
  for (const [index, shape] of type.shapes.entries()) {
    if (shape.input === null && shape.output === null) report(['shapes', index], 'fits everything')
    for (const side of SIDES) {
      const part = shape[side]
      if (part !== null)
        sideShapeProblems(part, type[side], (path, text) => report(['shapes', index, side, ...path], text))
    }
  }
}

function sideShapeProblems(shape: UserSideShape, fields: UserFields, report: Report): void {
  const { all, of, least, none } = shape
  if (none && all.length + of.length > 0) report(['none'], 'cannot stand beside all and of')
  if (!none && all.length + of.length === 0) report([], 'needs all, of or none')
  if (least > of.length) report(['least'], 'is more than of has names')
  if (of.length > 0 && least === 0) report(['of'], 'needs least beside it, at least 1')
  const paths = new Set(
    Object.keys(fields).flatMap((path) => [path, ...containersOf(path).map((one) => one.path)]),
  )
  for (const [key, names] of [
    ['all', all],
    ['of', of],
  ] as const) {
    for (const [index, name] of names.entries()) {
      if (!paths.has(name)) report([key, index], 'names a field that the type does not have')
      else if (name.split('.').length > 2) report([key, index], 'lies too deep: shapes look at two levels')
    }
  }
}

interface SideFields {
  readonly side: Side
  readonly fields: UserFields
  readonly known: Fields
}

function fieldProblems({ side, fields, known }: SideFields, report: Report): void {
  for (const [path, field] of Object.entries(fields)) {
    const at = [side, path]
    if (Object.hasOwn(known, path)) report(at, 'is a field of the built-in type already')
    for (const { path: around, type } of containersOf(path)) {
      const outer = typeAt(fields, around) ?? typeAt(known, around) ?? type
      if (outer !== type)
        report(at, `lies within a field that is no ${type === 'list' ? 'list' : 'nested object'}`)
    }
    for (const text of singleProblems(field)) report(at, text)
  }
}

/** Names come from the configuration: `constructor` is one like any other. */
function typeAt(fields: Fields | UserFields, path: string): FieldType | undefined {
  return Object.hasOwn(fields, path) ? fields[path]?.type : undefined
}

function singleProblems(field: UserField): string[] {
  const texts: string[] = []
  if (field.form !== null && field.type !== 'date') texts.push('has a form, which only dates have')
  if (field.action !== null && field.class === null) texts.push('has an action and no class')
  if (field.aadhaar && field.class !== 'government-id')
    texts.push('holds an Aadhaar number: its class must be government-id')
  return texts
}

function columnProblems(types: UserTypes): UserTypeProblem[] {
  return specsWith([...KNOWN.values()], types)
    .filter(({ name }) => Object.hasOwn(types, name))
    .flatMap((spec) =>
      columnClashes(spec).map(({ side, path }) => ({
        path: [spec.name, side, path],
        text: 'has the column name of another field, letter case aside',
      })),
    )
}

/** Where the shape of one type fits another too, neither is told by it: ours would be lost. */
function shapeProblems(types: UserTypes): UserTypeProblem[] {
  const specs = specsWith([...KNOWN.values()], types)
  const own = specs.filter(({ name }) => Object.hasOwn(types, name))
  return own.flatMap((spec) =>
    specs
      .filter((other) => other !== spec && (fitsShapeOf(spec, other) || fitsShapeOf(other, spec)))
      .map((other) => ({ path: [spec.name, 'shapes'], text: `cannot be told from ${other.name}` })),
  )
}

function fitsShapeOf(type: StageSpec, other: StageSpec): boolean {
  const shapeOf = createShapeOf([type])
  return other.shapes.some((shape) => shapeOf(leastNames(shape)) !== null)
}
