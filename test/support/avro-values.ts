/** Values of an Avro schema as the encoders take them, made from nothing but the schema's JSON. */
import fc from 'fast-check'

type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json }

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.string({ unit: 'grapheme', maxLength: 8 }),
  fc.constantFrom('', '__proto__', '10', '2', 'a.b[0].c', 'x'.repeat(300)),
)
const withoutMinusZero = (value: number): number => (Object.is(value, -0) ? 0 : value)

const PRIMITIVES: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  null: fc.constant(null),
  boolean: fc.boolean(),
  int: fc.oneof(fc.integer(), fc.constantFrom(0, -1, 63, 64, -64, -65, 2_147_483_647, -2_147_483_648)),
  // The library writes no smaller ones, and the guard refuses them: docs/decisions/avro.md.
  long: fc.oneof(
    fc.integer({ min: -(2 ** 52), max: 2 ** 52 }),
    fc.constantFrom(0, -1, 2 ** 31, -(2 ** 31) - 1, 2 ** 52, -(2 ** 52)),
  ),
  double: fc.double({ noNaN: true, noDefaultInfinity: true }).map(withoutMinusZero),
  string: text,
  bytes: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
}

const LOGICAL: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  // What every language has a time for.
  'timestamp-millis': fc.integer({ min: 0, max: Date.UTC(2200, 0, 1) }),
  date: fc.integer({ min: -719_162, max: 2_932_896 }),
}

/** Throws for a kind of type that no schema of ours has. */
export function valuesOf(type: Json): fc.Arbitrary<unknown> {
  if (typeof type === 'string') return known(PRIMITIVES[type], type)
  if (Array.isArray(type)) return fc.oneof(...type.map((one) => valuesOf(one as Json)))
  const { type: kind, logicalType, fields, values, items } = type as { readonly [name: string]: Json }
  if (typeof logicalType === 'string') return known(LOGICAL[logicalType], logicalType)
  switch (kind) {
    case 'record': {
      const members = (fields as { readonly name: string; readonly type: Json }[]).map(
        (field) => [field.name, valuesOf(field.type)] as const,
      )
      return fc.record(Object.fromEntries(members))
    }
    case 'map':
      return fc
        .uniqueArray(fc.tuple(text, valuesOf(values ?? null)), { selector: ([key]) => key, maxLength: 6 })
        .map((entries) => {
          const map: Record<string, unknown> = Object.create(null)
          for (const [key, value] of entries) map[key] = value
          return map
        })
    case 'array':
      return fc.array(valuesOf(items ?? null), { maxLength: 4 })
    default:
      return known(PRIMITIVES[String(kind)], String(kind))
  }
}

function known(found: fc.Arbitrary<unknown> | undefined, name: string): fc.Arbitrary<unknown> {
  if (found === undefined) throw new Error(`no values for the type ${name}`)
  return found
}
