import { readFileSync } from 'node:fs'
import avro from 'avsc'
import type { Encoder } from '../../core/ports.js'
import type { SchemaRegistry } from './registry.js'
import { subjectOf } from './schemas.js'

/** The members of `attestr.HandshakeCompleted`; `updated` is epoch ms. */
export interface HandshakeCompleted {
  readonly event: string | null
  readonly handshakeId: string
  readonly flowId: string | null
  readonly snapshot: string | null
  readonly tag: string | null
  readonly updated: number | null
}

const FILE = new URL('../../../avro/handshake-completed.avsc', import.meta.url)
/** The schema of events as Avro, one line of JSON. */
export const HANDSHAKE_COMPLETED: string = JSON.stringify(JSON.parse(readFileSync(FILE, 'utf8')))
const HEADER_BYTES = 5

/**
 * Makes the encoder of events as Avro in Confluent framing: for producers of events, such as the demo.
 *
 * In:     topic  the events topic; the schema is looked up or registered under its subject
 * Throws: RegistryDown, RegistryRefused
 * Source: product.md section 3, form 4
 */
export async function createHandshakeCompletedEncoder(
  registry: Pick<SchemaRegistry, 'idOf'>,
  topic: string,
): Promise<Encoder<HandshakeCompleted>> {
  const type = avro.Type.forSchema(JSON.parse(HANDSHAKE_COMPLETED))
  const header = Buffer.alloc(HEADER_BYTES)
  header.writeUInt32BE(await registry.idOf(subjectOf(topic), HANDSHAKE_COMPLETED), 1)
  return (event) => Buffer.concat([header, type.toBuffer(event)])
}
