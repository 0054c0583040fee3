import { describe, expect, it } from 'vitest'
import { RecordUnencodable } from '../../src/core/ports.js'
import { encodeRecord, recordBytes } from '../../src/steps/encode.js'

const address = {
  topic: 't',
  key: Buffer.from('key'),
  headers: [{ key: 'h\u00e9', value: Buffer.from('value') }],
  sourcePartition: 4,
}
const bytes = 82 + 3 + 100 + (3 + 5 + 10)

describe('a record', () => {
  it('is counted with key, value, headers and overhead, and may be exactly as large as the bound', () => {
    const value = Buffer.alloc(100)
    expect(recordBytes(address.key, value, address.headers)).toBe(bytes)
    expect(encodeRecord(() => value, {}, address, bytes)).toEqual({
      kind: 'ok',
      value: { ...address, value },
    })
  })

  it('one byte larger is record-too-large', () => {
    expect(encodeRecord(() => Buffer.alloc(100), {}, address, bytes - 1)).toEqual({
      kind: 'dead',
      failure: { code: 'record-too-large', detail: `${bytes} bytes, kafka.maxRecordBytes is ${bytes - 1}` },
    })
  })

  it('that does not fit its schema names the place', () => {
    const encoder = () => {
      throw new RecordUnencodable('output.*')
    }
    expect(encodeRecord(encoder, {}, address, bytes)).toEqual({
      kind: 'dead',
      failure: { code: 'record-unencodable', detail: 'at output.*' },
    })
  })

  it('is no place to hide a bug: other errors are thrown', () => {
    const encoder = () => {
      throw new TypeError('a bug')
    }
    expect(() => encodeRecord(encoder, {}, address, bytes)).toThrow('a bug')
  })
})
