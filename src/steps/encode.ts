import { Buffer } from 'node:buffer'
import type { Failure } from '../core/failure.js'
import type { MessageHeader, Output } from '../core/model.js'
import { type Encoder, RecordUnencodable } from '../core/ports.js'

/** Where and under which key and headers records go. */
export interface Address {
  readonly topic: string
  readonly key: Buffer | null
  readonly headers: readonly MessageHeader[]
  readonly sourcePartition: number
}

/** Outputs, or the reason why there are none. */
export type Encoded<T> =
  | { readonly kind: 'ok'; readonly value: T }
  | { readonly kind: 'dead'; readonly failure: Failure }

// What a record costs beside key, value and headers: Kafka's AbstractRecords.estimateSizeInBytesUpperBound, with the
// overhead of a batch (61) and of a record (21).
const RECORD_OVERHEAD = 82
const VARINT_MAX_BYTES = 5

/**
 * Encodes one record and checks that a broker takes it.
 *
 * In:     maxBytes  bound of key, value, headers and overhead
 * Fails:  record-unencodable, record-too-large
 * Throws: what the encoder throws beside RecordUnencodable
 * Source: product.md sections 6 (last line) and 7
 */
export function encodeRecord<T>(
  encoder: Encoder<T>,
  record: T,
  address: Address,
  maxBytes: number,
): Encoded<Output> {
  let value: Buffer
  try {
    value = encoder(record)
  } catch (error) {
    if (!(error instanceof RecordUnencodable)) throw error
    return { kind: 'dead', failure: { code: 'record-unencodable', detail: `at ${error.path}` } }
  }
  const { topic, key, headers, sourcePartition } = address
  const bytes = recordBytes(key, value, headers)
  if (bytes > maxBytes) {
    const detail = `${bytes} bytes, kafka.maxRecordBytes is ${maxBytes}`
    return { kind: 'dead', failure: { code: 'record-too-large', detail } }
  }
  return { kind: 'ok', value: { topic, key, value, headers, sourcePartition } }
}

/** The size a broker and `max.request.size` of other clients count, rounded up. */
export function recordBytes(key: Buffer | null, value: Buffer, headers: readonly MessageHeader[]): number {
  let bytes = RECORD_OVERHEAD + (key?.length ?? 0) + value.length
  for (const header of headers) {
    bytes += 2 * VARINT_MAX_BYTES + Buffer.byteLength(header.key) + (header.value?.length ?? 0)
  }
  return bytes
}
