import avro from 'avsc'
import { type Encoder, RecordUnencodable } from '../../core/ports.js'
import type { DeadLetter, OutcomeRow, TypedRecord, VerifiedStage } from '../../core/records.js'
import { writeAsciiStringsFast } from './ascii-strings.js'
import { createGuard, invalidPath } from './guard.js'
import { type RecordKind, SCHEMAS } from './schemas.js'
import { createSlab, type Slab } from './slab.js'

export interface RecordEncoders {
  readonly verified: Encoder<VerifiedStage>
  readonly deadLetter: Encoder<DeadLetter>
  readonly outcome: Encoder<OutcomeRow>
  /** By stage type. */
  readonly typed: ReadonlyMap<string, Encoder<TypedRecord>>
}

/** A schema of typed records, and its id in the registry. */
export interface TypedSchemaId {
  readonly stageType: string
  readonly schema: string
  readonly id: number
}

export interface EncoderOptions {
  /** Ids of the schemas in the registry. */
  readonly ids: Readonly<Record<RecordKind, number>>
  /** Those of the types that have typed records. */
  readonly typed?: readonly TypedSchemaId[]
  readonly slabBytes?: number
}

const MAGIC = 0
const HEADER_BYTES = 5
const DEFAULT_SLAB_BYTES = 131_072

/**
 * Makes the encoders of all kinds of records: Avro in Confluent framing, written straight into shared slabs.
 *
 * Throws: (each encoder) RecordUnencodable, with the place in the schema
 * Source: product.md section 7; libraries.md sections 4.1 and 4.3
 */
export function createEncoders(options: EncoderOptions): RecordEncoders {
  writeAsciiStringsFast()
  const slab = createSlab(options.slabBytes ?? DEFAULT_SLAB_BYTES)
  const typed = (options.typed ?? []).map(
    ({ stageType, schema, id }) => [stageType, createEncoder<TypedRecord>(schema, id, slab)] as const,
  )
  return {
    verified: createEncoder<VerifiedStage>(SCHEMAS.verified, options.ids.verified, slab),
    deadLetter: createEncoder<DeadLetter>(SCHEMAS.deadLetter, options.ids.deadLetter, slab),
    outcome: createEncoder<OutcomeRow>(SCHEMAS.outcome, options.ids.outcome, slab),
    typed: new Map(typed),
  }
}

/** Makes the encoder of one schema. Throws (it) RecordUnencodable. */
export function createEncoder<T extends object>(schema: string, id: number, slab: Slab): Encoder<T> {
  const type = avro.Type.forSchema(JSON.parse(schema))
  const guard = createGuard(type)
  return (record) => {
    guard.beforeWriting(record)
    let bytes: Buffer
    try {
      bytes = slab.write((buffer, at) => writeFramed(type, id, record, buffer, at))
    } catch {
      // The library's error shows the value and not its place.
      throw new RecordUnencodable(invalidPath(type, record))
    }
    guard.afterWriting(record, bytes)
    return bytes
  }
}

function writeFramed(type: avro.Type, id: number, record: object, buffer: Buffer, at: number): number {
  const start = at + HEADER_BYTES
  const end = type.encode(record, buffer, start)
  // Past the end of the buffer the library counts what is missing from there on, header included.
  if (end < 0) return end
  buffer[at] = MAGIC
  buffer.writeUInt32BE(id, at + 1)
  return end
}
