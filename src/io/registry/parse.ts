import avro from 'avsc'
import type { WriterSchema } from './registry.js'

/** Parses Avro schema JSON. Throws when it is none. */
export function parseSchema(schema: string): WriterSchema {
  return avro.Type.forSchema(JSON.parse(schema))
}
