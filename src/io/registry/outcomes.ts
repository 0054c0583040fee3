import avro from 'avsc'
import { SCHEMAS } from './schemas.js'

const HEADER_BYTES = 5

/**
 * Makes a reader of outcome rows as this version writes them.
 *
 * Out: the topic of the row's source; null for bytes that are no such row
 */
export function createOutcomeSourceReader(): (framed: Buffer) => string | null {
  const type = avro.Type.forSchema(JSON.parse(SCHEMAS.outcome) as avro.Schema)
  return (framed) => {
    try {
      const row: unknown = type.fromBuffer(framed.subarray(HEADER_BYTES))
      const source = typeof row === 'object' && row !== null && 'source' in row ? row.source : null
      const topic = typeof source === 'object' && source !== null && 'topic' in source ? source.topic : null
      return typeof topic === 'string' ? topic : null
    } catch {
      return null
    }
  }
}
