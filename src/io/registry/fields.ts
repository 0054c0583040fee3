import { type AvroScalar, CheckedReader } from './checked-reader.js'
import type { SchemaRegistry } from './registry.js'
import { type RecordShape, type Shape, shapeOf } from './shape.js'

/** Some fields of a record, by their names; parts of a nested record as `outer.inner`. */
export type AvroFields = Readonly<Record<string, AvroScalar>>

/** Null: not the framing, a schema the registry does not know, one without these fields, or bytes that do not fit it. */
export type FieldReader = (framed: Buffer) => AvroFields | null | Promise<AvroFields | null>

interface Field {
  /** Null: skipped. */
  readonly name: string | null
  readonly shape: Shape
}

type Plan = readonly Field[]

const MAGIC = 0
const HEADER_BYTES = 5
// Ids come from messages; what falls out is asked for again.
const MAX_REMEMBERED = 1000

/**
 * Makes a reader of scalars in Avro records, by the schema each was written with. Every other value is stepped over, and no
 * count in the bytes is believed.
 *
 * Out:    a promise only for a schema id not seen before
 * Throws: (the promise) RegistryDown, RegistryRefused
 * Source: Confluent wire format; Avro specification
 */
export function createFieldReader(
  registry: Pick<SchemaRegistry, 'schemaOf'>,
  wanted: readonly string[],
): FieldReader {
  const plans = new Map<number, Plan | null>()
  const asked = new Map<number, Promise<Plan | null>>()
  const ask = async (id: number): Promise<Plan | null> => {
    const schema = await registry.schemaOf(id)
    const shape = typeof schema === 'string' ? null : shapeOf(schema)
    const plan = shape?.kind === 'record' ? planOf(shape, wanted) : null
    if (plans.size >= MAX_REMEMBERED) plans.clear()
    plans.set(id, plan)
    return plan
  }
  const askOnce = (id: number): Promise<Plan | null> => {
    const question = asked.get(id) ?? ask(id).finally(() => asked.delete(id))
    asked.set(id, question)
    return question
  }
  return (framed) => {
    if (framed.length < HEADER_BYTES || framed[0] !== MAGIC) return null
    const id = framed.readUInt32BE(1)
    const plan = plans.get(id)
    return plan === undefined ? askOnce(id).then((known) => readBy(known, framed)) : readBy(plan, framed)
  }
}

/** Null: the record does not have them all. */
function planOf(shape: RecordShape, wanted: readonly string[]): Plan | null {
  const left = new Set(wanted)
  const plan: Field[] = []
  const add = (record: RecordShape, prefix: string): void => {
    for (const field of record.fields) {
      const name = `${prefix}${field.name}`
      if (left.delete(name)) plan.push({ name, shape: field.shape })
      else if (field.shape.kind === 'record' && wanted.some((one) => one.startsWith(`${name}.`))) {
        add(field.shape, `${name}.`)
      } else plan.push({ name: null, shape: field.shape })
    }
  }
  add(shape, '')
  return left.size === 0 ? plan : null
}

function readBy(plan: Plan | null, framed: Buffer): AvroFields | null {
  if (plan === null) return null
  const reader = new CheckedReader(framed, HEADER_BYTES)
  const fields: Record<string, AvroScalar> = {}
  for (const { name, shape } of plan) {
    if (name === null) reader.skip(shape)
    else fields[name] = reader.scalar(shape)
    if (reader.failed) return null
  }
  return reader.done ? fields : null
}
