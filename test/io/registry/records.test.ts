import avro from 'avsc'
import { describe, expect, it } from 'vitest'
import type { OutcomeRow } from '../../../src/core/records.js'
import { createEncoders } from '../../../src/io/registry/encoders.js'
import { createRecordReaders } from '../../../src/io/registry/records.js'
import type { WriterSchema } from '../../../src/io/registry/registry.js'
import { SCHEMAS } from '../../../src/io/registry/schemas.js'

const place = { topic: 'events', partition: 3, offset: 2 ** 40 }
const ROW: OutcomeRow = {
  ...{ source: place, origin: place, handshakeId: null, outcome: 'SKIPPED', code: 'null-value' },
  ...{
    records: 0,
    calls: 0,
    attempt: 1,
    replays: 0,
    startedAt: 1_700_000_000_000,
    finishedAt: 1_700_000_000_001,
  },
}

function registry(schemas: Readonly<Record<number, string>>) {
  const asked: number[] = []
  const schemaOf = async (id: number): Promise<WriterSchema | 'unknown-schema'> => {
    asked.push(id)
    const schema = schemas[id]
    return schema === undefined ? 'unknown-schema' : avro.Type.forSchema(JSON.parse(schema))
  }
  return { schemaOf, asked }
}

const encoders = createEncoders({ ids: { verified: 1, deadLetter: 2, outcome: 3 } })
const later = { ...JSON.parse(SCHEMAS.outcome) }
later.fields = [{ name: 'later', type: ['null', 'string'], default: null }, ...later.fields]

describe('readers of our own rows', () => {
  it('read what the encoders wrote', async () => {
    const { outcome } = createRecordReaders(registry({ 3: SCHEMAS.outcome }))
    expect({ ...(await outcome(encoders.outcome(ROW))) }).toEqual(ROW)
  })

  it('ask the registry once for a schema, and read at once from then on', async () => {
    const known = registry({ 3: SCHEMAS.outcome })
    const { outcome } = createRecordReaders(known)
    await Promise.all([outcome(encoders.outcome(ROW)), outcome(encoders.outcome(ROW))])
    expect(outcome(encoders.outcome(ROW))).not.toBeInstanceOf(Promise)
    expect(known.asked).toEqual([3])
  })

  it('read rows of a later schema by the fields of this version', async () => {
    const { outcome } = createRecordReaders(registry({ 9: JSON.stringify(later) }))
    const header = Buffer.from([0, 0, 0, 0, 9])
    const bytes = avro.Type.forSchema(later).toBuffer({ later: 'x', ...ROW })
    expect({ ...(await outcome(Buffer.concat([header, bytes]))) }).toEqual(ROW)
  })

  it('give null for another record, an unknown schema, cut bytes and what is not framed', async () => {
    const { outcome, deadLetter } = createRecordReaders(registry({ 3: SCHEMAS.outcome }))
    const framed = encoders.outcome(ROW)
    const unknown = Buffer.from(framed)
    unknown.writeUInt32BE(77, 1)
    expect(await deadLetter(framed)).toBeNull()
    expect(await outcome(unknown)).toBeNull()
    expect(await outcome(framed.subarray(0, 12))).toBeNull()
    expect(await outcome(Buffer.from('plain text'))).toBeNull()
  })
})
