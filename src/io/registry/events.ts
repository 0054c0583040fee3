import { EVENT_MEMBERS } from '../../core/event-members.js'
import type { AvroEvent, EventReader } from '../../core/ports.js'
import { CheckedReader } from './checked-reader.js'
import type { SchemaRegistry } from './registry.js'
import { type RecordShape, type Shape, shapeOf } from './shape.js'

export interface EventReaderOptions {
  readonly registry: Pick<SchemaRegistry, 'schemaOf'>
  /** Milliseconds from any start. */
  readonly monotonic?: () => number
  /** How long the registry is not asked again for an id it did not know. */
  readonly unknownTtlMs?: number
}

type ReadResult = AvroEvent | 'unknown-schema' | 'undecodable'

const MAGIC = 0
const HEADER_BYTES = 5
const DEFAULT_UNKNOWN_TTL_MS = 10_000
// Ids come from messages, so both memories are bounded; what falls out is asked for again.
const MAX_REMEMBERED = 1_000
const WANTED: ReadonlySet<string> = new Set(['event', ...EVENT_MEMBERS])

/**
 * Reads Avro events by the schema they were written with; fields are picked by name, so any record that has them will do.
 *
 * Out:    a promise only for an id not seen before; parallel readers of one id share one question to the registry
 * Throws: (the promise) RegistryDown, RegistryRefused
 * Source: product.md section 3, form 4; Confluent wire format
 */
export function createEventReader(options: EventReaderOptions): EventReader {
  const { registry, monotonic = () => performance.now(), unknownTtlMs = DEFAULT_UNKNOWN_TTL_MS } = options
  /** Null: the id is known, and its schema is no Avro record. */
  const shapes = new Map<number, RecordShape | null>()
  const unknownUntil = new Map<number, number>()
  const asked = new Map<number, Promise<RecordShape | null | 'unknown-schema'>>()

  const ask = async (id: number): Promise<RecordShape | null | 'unknown-schema'> => {
    const schema = await registry.schemaOf(id)
    if (schema === 'unknown-schema') {
      remember(unknownUntil, id, monotonic() + unknownTtlMs)
      return schema
    }
    const shape: Shape | null = schema === 'not-avro' ? null : shapeOf(schema)
    const record = shape !== null && isRecord(shape) ? shape : null
    remember(shapes, id, record)
    return record
  }

  const askOnce = (id: number): Promise<RecordShape | null | 'unknown-schema'> => {
    let answer = asked.get(id)
    if (answer === undefined) {
      answer = ask(id).finally(() => asked.delete(id))
      asked.set(id, answer)
    }
    return answer
  }

  return {
    read(framed) {
      if (framed.length < HEADER_BYTES || framed[0] !== MAGIC) return 'undecodable'
      const id = framed.readInt32BE(1)
      // Ids are numbers of Java's int: a registry asked for another one does not know what is meant.
      if (id < 0) return 'unknown-schema'
      const shape = shapes.get(id)
      if (shape !== undefined) return readFields(shape, framed)
      const until = unknownUntil.get(id)
      if (until !== undefined && until > monotonic()) return 'unknown-schema'
      return askOnce(id).then((answer) => (answer === 'unknown-schema' ? answer : readFields(answer, framed)))
    },
  }
}

function readFields(shape: RecordShape | null, framed: Buffer): ReadResult {
  if (shape === null) return 'undecodable'
  const reader = new CheckedReader(framed, HEADER_BYTES)
  const fields: Record<string, unknown> = Object.create(null)
  for (const field of shape.fields) {
    if (WANTED.has(field.name)) fields[field.name] = reader.scalar(field.shape)
    else reader.skip(field.shape)
    if (reader.failed) return 'undecodable'
  }
  return reader.done ? fields : 'undecodable'
}

function isRecord(shape: Shape): shape is RecordShape {
  return shape.kind === 'record'
}

function remember<V>(memory: Map<number, V>, id: number, value: V): void {
  memory.delete(id)
  memory.set(id, value)
  if (memory.size <= MAX_REMEMBERED) return
  const [oldest] = memory.keys()
  if (oldest !== undefined) memory.delete(oldest)
}
