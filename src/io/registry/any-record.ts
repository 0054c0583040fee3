import type avro from 'avsc'
import type { SchemaRegistry } from './registry.js'

/** A record of any schema, as a plain object; null for bytes that are none. A promise only for a schema id not seen before. */
export type AnyRecordReader = (framed: Buffer) => object | null | Promise<object | null>

const MAGIC = 0
const HEADER_BYTES = 5

/**
 * Makes a reader for topics that we wrote, whatever their schema: each record as it was written.
 * Not for bytes of unknown origin: the library believes the counts in them.
 *
 * Throws: (the promise) RegistryDown, RegistryRefused
 * Source: Confluent wire format
 */
export function createAnyRecordReader(registry: Pick<SchemaRegistry, 'schemaOf'>): AnyRecordReader {
  const types = new Map<number, avro.Type | null>()
  return (framed) => {
    if (framed.length < HEADER_BYTES || framed[0] !== MAGIC) return null
    const id = framed.readUInt32BE(1)
    const bytes = framed.subarray(HEADER_BYTES)
    const known = types.get(id)
    if (known !== undefined) return decoded(known, bytes)
    return typeOf(registry, id).then((type) => {
      types.set(id, type)
      return decoded(type, bytes)
    })
  }
}

function decoded(type: avro.Type | null, bytes: Buffer): object | null {
  if (type?.typeName !== 'record') return null
  try {
    return type.fromBuffer(bytes) as object
  } catch {
    return null
  }
}

async function typeOf(registry: Pick<SchemaRegistry, 'schemaOf'>, id: number): Promise<avro.Type | null> {
  const schema = await registry.schemaOf(id)
  return typeof schema === 'string' ? null : (schema as avro.Type)
}
