import avro from 'avsc'
import type { DeadLetter, OutcomeRow, VerifiedStage } from '../../core/records.js'
import type { SchemaRegistry } from './registry.js'
import { SCHEMAS } from './schemas.js'

/** A row as this version knows it; null for bytes that are no such row. A promise only for a schema id not seen before. */
export type RecordReader<T> = (framed: Buffer) => T | null | Promise<T | null>

export interface RecordReaders {
  readonly verified: RecordReader<VerifiedStage>
  readonly deadLetter: RecordReader<DeadLetter>
  readonly outcome: RecordReader<OutcomeRow>
}

type Reading = (avroBytes: Buffer) => object | null

const MAGIC = 0
const HEADER_BYTES = 5

/**
 * Makes the readers of our own output topics: each row by the schema it was written with, as the registry gives it.
 * Not for bytes of unknown origin: the library believes the counts in them.
 *
 * Throws: (the promise) RegistryDown, RegistryRefused
 * Source: product.md section 7; Confluent wire format; Avro specification, schema resolution
 */
export function createRecordReaders(registry: Pick<SchemaRegistry, 'schemaOf'>): RecordReaders {
  return {
    verified: createReader<VerifiedStage>(SCHEMAS.verified, registry),
    deadLetter: createReader<DeadLetter>(SCHEMAS.deadLetter, registry),
    outcome: createReader<OutcomeRow>(SCHEMAS.outcome, registry),
  }
}

/** Makes the reader of rows of one schema. Throws (the promise) RegistryDown, RegistryRefused. */
export function createReader<T extends object>(
  schema: string,
  registry: Pick<SchemaRegistry, 'schemaOf'>,
): RecordReader<T> {
  const wanted = avro.Type.forSchema(JSON.parse(schema))
  const readings = new Map<number, Reading>()
  const asked = new Map<number, Promise<Reading>>()

  const ask = async (id: number): Promise<Reading> => {
    const writer = await registry.schemaOf(id)
    const reading = typeof writer === 'string' ? unreadable : readingOf(wanted, writer as avro.Type)
    readings.set(id, reading)
    return reading
  }

  return (framed) => {
    if (framed.length < HEADER_BYTES || framed[0] !== MAGIC) return null
    const id = framed.readUInt32BE(1)
    const bytes = framed.subarray(HEADER_BYTES)
    // What the schema says is what the type says: the rows of core/records.ts are those of avro/.
    const known = readings.get(id)
    if (known !== undefined) return known(bytes) as T | null
    const question = asked.get(id) ?? ask(id).finally(() => asked.delete(id))
    asked.set(id, question)
    return question.then((reading) => reading(bytes) as T | null)
  }
}

const unreadable: Reading = () => null

function readingOf(wanted: avro.Type, writer: avro.Type): Reading {
  try {
    const resolver = wanted.createResolver(writer)
    return (bytes) => {
      try {
        return wanted.fromBuffer(bytes, resolver) as object
      } catch {
        return null
      }
    }
  } catch {
    // Another record altogether.
    return unreadable
  }
}
