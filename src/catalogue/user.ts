import { containersOf } from './columns.js'
import type {
  DateForm,
  Field,
  Fields,
  FieldType,
  PrivacyAction,
  SensitiveClass,
  Shape,
  Side,
  SideShape,
  StageSpec,
} from './model.js'

/** A field as the operator writes it. */
export interface UserField {
  readonly type: FieldType
  /** Of a date; null for one whose form is not known. */
  readonly form: DateForm | null
  readonly class: SensitiveClass | null
  readonly action: PrivacyAction | null
  readonly aadhaar: boolean
}

export type UserFields = Readonly<Record<string, UserField>>

export interface UserSideShape {
  readonly all: readonly string[]
  readonly of: readonly string[]
  readonly least: number
  readonly none: boolean
}

export interface UserShape {
  readonly input: UserSideShape | null
  readonly output: UserSideShape | null
  readonly closed: boolean
}

/** `catalogue.types.<NAME>`. Under the name of a built-in type: fields to add to it. */
export interface UserType {
  readonly about: string | null
  readonly input: UserFields
  readonly output: UserFields
  readonly shapes: readonly UserShape[]
}

export type UserTypes = Readonly<Record<string, UserType>>

/**
 * The types of the catalogue with those of the operator.
 *
 * In:     builtIn     the types that are there
 *         userTypes   without problems (`userTypeProblems`)
 * Out:    the built-in ones first, in their order. Objects and lists around a field that is named need no entry
 */
export function specsWith(builtIn: readonly StageSpec[], userTypes: UserTypes): StageSpec[] {
  const added = new Map(Object.entries(userTypes))
  const known = builtIn.map((spec) => {
    const more = added.get(spec.name)
    added.delete(spec.name)
    return more === undefined ? spec : { ...spec, ...fieldsWith(spec, more) }
  })
  return [...known, ...[...added].map(([name, type]) => specOf(name, type))]
}

const NO_FIELDS: Pick<StageSpec, Side> = { input: {}, output: {} }

function specOf(name: string, type: UserType): StageSpec {
  return {
    ...{ name, about: type.about ?? 'A type of the configuration', source: null, variants: [], gaps: [] },
    ...fieldsWith(NO_FIELDS, type),
    shapes: type.shapes.map(shapeOf),
    pending: null,
  }
}

function fieldsWith(known: Pick<StageSpec, Side>, type: UserType): Pick<StageSpec, Side> {
  return { input: sideWith(known.input, type.input), output: sideWith(known.output, type.output) }
}

function sideWith(known: Fields, added: UserFields): Fields {
  // Maps, because names come from the configuration: `constructor` is then a name like any other.
  const own = new Map(Object.entries(added))
  const holders = new Set([...own.keys()].flatMap((path) => containersOf(path).map((around) => around.path)))
  const fields = new Map(Object.entries(known))
  const add = (path: string, implied: Field): void => {
    if (fields.has(path)) return
    const field = own.get(path)
    fields.set(path, field === undefined ? implied : fieldOf(field, holders.has(path)))
  }
  for (const [path, field] of own) {
    // A container comes before what lies in it, wherever it is written.
    for (const around of containersOf(path)) add(around.path, IMPLIED[around.type])
    add(path, fieldOf(field, holders.has(path)))
  }
  return Object.fromEntries(fields)
}

/** A container that is known by what lies in it alone. */
const IMPLIED: Readonly<Record<'list' | 'nested', Field>> = {
  list: { type: 'list', items: 'nested', inside: 'known', label: 'O' },
  nested: { type: 'nested', inside: 'known', label: 'O' },
}

function fieldOf(field: UserField, hasMembers: boolean): Field {
  const about = {
    label: 'O' as const,
    ...(field.class === null ? {} : { class: field.class }),
    ...(field.action === null ? {} : { action: field.action }),
    ...(field.aadhaar ? { aadhaar: true as const } : {}),
  }
  switch (field.type) {
    case 'date':
      return { ...about, type: 'date', form: field.form ?? 'unknown' }
    case 'list':
      return hasMembers
        ? { ...about, type: 'list', items: 'nested', inside: 'known' }
        : { ...about, type: 'list', items: 'unknown', inside: 'unknown' }
    case 'nested':
      return { ...about, type: 'nested', inside: hasMembers ? 'known' : 'unknown' }
    default:
      return { ...about, type: field.type }
  }
}

function shapeOf({ input, output, closed }: UserShape): Shape {
  return {
    ...(input === null ? {} : { input: sideShapeOf(input) }),
    ...(output === null ? {} : { output: sideShapeOf(output) }),
    ...(closed ? { closed } : {}),
  }
}

function sideShapeOf({ all, of, least, none }: UserSideShape): SideShape {
  return none ? { none } : { all, of, least }
}
