import { createRequire } from 'node:module'
import { crc32c } from '../../core/crc32c.js'
import { moduleOf } from './shapes.js'

/** What kafkajs hands over for each message, once its place in the batch is known. */
interface PlainRecord {
  readonly offsetDelta?: number
  readonly timestampDelta?: number
  readonly key?: unknown
  readonly value?: unknown
  readonly headers?: object
}

interface BatchInput {
  readonly compression?: number
  readonly firstTimestamp?: unknown
  readonly maxTimestamp?: unknown
  readonly partitionLeaderEpoch?: number
  readonly lastOffsetDelta?: number
  readonly transactional?: boolean
  readonly producerId?: unknown
  readonly producerEpoch?: number
  readonly firstSequence?: number
  readonly records?: readonly PlainRecord[]
}

interface Encoder {
  buf: Buffer
  offset: number
}

const MAGIC = 2
const TRANSACTIONAL = 16
/** From the first offset to the count of records. */
const HEADER_BYTES = 61
const LENGTH_AT = 8
const CRC_AT = 17
const ATTRIBUTES_AT = 21
/** The largest number whose zigzag form fits 32 bits. */
const MAX_DELTA = 0x3fffffff

/**
 * Replaces how kafkajs writes a record batch: into one buffer of the right size instead of one a record, copied three times.
 * The bytes are the same. What is not plain (headers, compression, timestamps given as text) is written by the original.
 *
 * Throws when the library has another shape; nothing is replaced then.
 * Source: Kafka message format, record batch version 2
 */
export function replaceRecordBatch(): void {
  const require = createRequire(import.meta.url)
  const record = moduleOf('kafkajs/src/protocol/recordBatch/record/v0')
  const batch = moduleOf('kafkajs/src/protocol/recordBatch/v0')
  const encoderClass = require('kafkajs/src/protocol/encoder') as { prototype: object }
  const originalRecord = record.exports as (input: PlainRecord) => object
  const { RecordBatch: originalBatch, ...others } = batch.exports as {
    RecordBatch: (input: object) => Promise<object>
  }
  const known = [originalRecord, originalBatch, encoderClass].every((one) => typeof one === 'function')
  if (!known) throw new Error('kafkajs writes record batches in another way')

  record.exports = (input: PlainRecord): PlainRecord => input
  batch.exports = {
    ...others,
    RecordBatch: async (input: BatchInput): Promise<object> => {
      const { records = [] } = input
      if (!isPlain(input, records))
        return originalBatch({ ...input, records: records.map((one) => originalRecord(one)) })
      const bytes = writeBatch(input, records)
      bytes.writeUInt32BE(crc32c(bytes.subarray(ATTRIBUTES_AT)), CRC_AT)
      const encoder: Encoder = Object.create(encoderClass.prototype)
      encoder.buf = bytes
      encoder.offset = bytes.length
      return encoder
    },
  }
}

function isPlain(
  { compression = 0, firstTimestamp, maxTimestamp }: BatchInput,
  records: readonly PlainRecord[],
): boolean {
  const plainBatch =
    compression === 0 && typeof firstTimestamp === 'number' && typeof maxTimestamp === 'number'
  return plainBatch && records.every(isPlainRecord)
}

function isPlainRecord({ key, value, headers, timestampDelta = 0 }: PlainRecord): boolean {
  if (headers !== undefined && Object.keys(headers).length > 0) return false
  const plainBytes = (key === null || Buffer.isBuffer(key)) && (value === null || Buffer.isBuffer(value))
  return plainBytes && Number.isInteger(timestampDelta) && Math.abs(timestampDelta) <= MAX_DELTA
}

function writeBatch(input: BatchInput, records: readonly PlainRecord[]): Buffer {
  let size = HEADER_BYTES
  for (const record of records) {
    const body = bodyBytes(record)
    size += varintBytes(body) + body
  }
  const bytes = Buffer.allocUnsafe(size)
  writeHeader(bytes, input, records.length)
  let at = HEADER_BYTES
  for (const record of records) at = writeRecord(bytes, at, record)
  return bytes
}

function writeHeader(bytes: Buffer, input: BatchInput, count: number): void {
  bytes.writeBigInt64BE(0n, 0)
  bytes.writeInt32BE(bytes.length - LENGTH_AT - 4, LENGTH_AT)
  bytes.writeInt32BE(input.partitionLeaderEpoch ?? 0, 12)
  bytes.writeInt8(MAGIC, 16)
  bytes.writeInt16BE(input.transactional === true ? TRANSACTIONAL : 0, ATTRIBUTES_AT)
  bytes.writeInt32BE(input.lastOffsetDelta ?? 0, 23)
  bytes.writeBigInt64BE(BigInt(input.firstTimestamp as number), 27)
  bytes.writeBigInt64BE(BigInt(input.maxTimestamp as number), 35)
  bytes.writeBigInt64BE(BigInt(String(input.producerId ?? -1)), 43)
  bytes.writeInt16BE(input.producerEpoch ?? 0, 51)
  bytes.writeInt32BE(input.firstSequence ?? 0, 53)
  bytes.writeInt32BE(count, 57)
}

/** Attributes, deltas, key, value and an empty list of headers. */
function bodyBytes({ timestampDelta = 0, offsetDelta = 0, key, value }: PlainRecord): number {
  return 2 + varintBytes(timestampDelta) + varintBytes(offsetDelta) + fieldBytes(key) + fieldBytes(value)
}

function fieldBytes(field: unknown): number {
  return Buffer.isBuffer(field) ? varintBytes(field.length) + field.length : 1
}

function writeRecord(bytes: Buffer, start: number, record: PlainRecord): number {
  let at = writeVarint(bytes, start, bodyBytes(record))
  bytes[at] = 0
  at = writeVarint(bytes, at + 1, record.timestampDelta ?? 0)
  at = writeVarint(bytes, at, record.offsetDelta ?? 0)
  at = writeField(bytes, at, record.key)
  at = writeField(bytes, at, record.value)
  bytes[at] = 0
  return at + 1
}

function writeField(bytes: Buffer, at: number, field: unknown): number {
  if (!Buffer.isBuffer(field)) return writeVarint(bytes, at, -1)
  const start = writeVarint(bytes, at, field.length)
  bytes.set(field, start)
  return start + field.length
}

const zigzag = (value: number): number => ((value << 1) ^ (value >> 31)) >>> 0

function varintBytes(value: number): number {
  let bytes = 1
  for (let left = zigzag(value) >>> 7; left !== 0; left >>>= 7) bytes += 1
  return bytes
}

function writeVarint(bytes: Buffer, start: number, value: number): number {
  let at = start
  let left = zigzag(value)
  for (; left > 0x7f; left >>>= 7) {
    bytes[at] = (left & 0x7f) | 0x80
    at += 1
  }
  bytes[at] = left
  return at + 1
}
