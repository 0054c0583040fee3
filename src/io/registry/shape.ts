/** A schema as the checked reader walks it. `unknown` fits no bytes. */
export type Shape =
  | { readonly kind: Primitive | 'unknown' }
  | { readonly kind: 'fixed'; readonly size: number }
  | { readonly kind: 'enum'; readonly symbols: readonly string[] }
  | ItemsShape
  | { readonly kind: 'union'; readonly branches: readonly Shape[] }
  | RecordShape

export type Primitive = 'null' | 'boolean' | 'int' | 'long' | 'float' | 'double' | 'bytes' | 'string'

interface ItemsShape {
  readonly kind: 'array' | 'map'
  items: Shape
}

export interface RecordShape {
  readonly kind: 'record'
  readonly fields: readonly { readonly name: string; readonly shape: Shape }[]
}

/** The members of avsc's types that say what they hold; each kind has some of them. */
export interface TypeView {
  readonly typeName: string
  readonly size?: number
  readonly symbols?: readonly string[]
  readonly itemsType?: TypeView
  readonly valuesType?: TypeView
  readonly underlyingType?: TypeView
  readonly types?: readonly TypeView[]
  readonly fields?: readonly { readonly name: string; readonly type: TypeView }[]
}

const PRIMITIVES: ReadonlySet<string> = new Set<Primitive>([
  'null',
  'boolean',
  'int',
  'long',
  'float',
  'double',
  'bytes',
  'string',
])
const UNKNOWN: Shape = { kind: 'unknown' }

/**
 * Reads off what a parsed schema says about the bytes.
 *
 * In:   type   a type of avsc, of any copy of it
 *       known  what was built so far: a schema may hold itself
 */
export function shapeOf(type: TypeView, known: Map<TypeView, Shape> = new Map()): Shape {
  const seen = known.get(type)
  if (seen !== undefined) return seen
  if (type.underlyingType !== undefined) return shapeOf(type.underlyingType, known)
  const keep = <S extends Shape>(shape: S): S => {
    known.set(type, shape)
    return shape
  }
  if (isPrimitive(type.typeName)) return keep({ kind: type.typeName })
  if (type.typeName === 'fixed') return keep({ kind: 'fixed', size: type.size ?? 0 })
  if (type.typeName === 'enum') return keep({ kind: 'enum', symbols: type.symbols ?? [] })
  const items = type.itemsType ?? type.valuesType
  if (items !== undefined) {
    const shape = keep<ItemsShape>({ kind: type.itemsType === undefined ? 'map' : 'array', items: UNKNOWN })
    shape.items = shapeOf(items, known)
    return shape
  }
  if (type.types !== undefined) {
    const branches: Shape[] = []
    const shape = keep({ kind: 'union', branches })
    for (const branch of type.types) branches.push(shapeOf(branch, known))
    return shape
  }
  if (type.fields === undefined) return UNKNOWN
  const fields: { name: string; shape: Shape }[] = []
  const shape = keep({ kind: 'record', fields })
  for (const field of type.fields) fields.push({ name: field.name, shape: shapeOf(field.type, known) })
  return shape
}

function isPrimitive(name: string): name is Primitive {
  return PRIMITIVES.has(name)
}
