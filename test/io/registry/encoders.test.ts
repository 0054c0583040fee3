import avro from 'avsc'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RecordUnencodable } from '../../../src/core/ports.js'
import type { OutcomeRow, VerifiedStage } from '../../../src/core/records.js'
import { createEncoders } from '../../../src/io/registry/encoders.js'
import { SCHEMAS } from '../../../src/io/registry/schemas.js'
import { createSlab } from '../../../src/io/registry/slab.js'
import { chain, stage, textMap, verification } from '../../steps/route-support.js'

const ids = { verified: 1, deadLetter: 0x01020304, outcome: 2_147_483_647 }
const verifiedType = avro.Type.forSchema(JSON.parse(SCHEMAS.verified))
const outcomeType = avro.Type.forSchema(JSON.parse(SCHEMAS.outcome))

const outcome: OutcomeRow = {
  source: chain.source,
  origin: chain.origin,
  handshakeId: null,
  outcome: 'SKIPPED',
  code: 'null-value',
  records: 0,
  calls: 0,
  attempt: 1,
  replays: 0,
  startedAt: 1,
  finishedAt: 2,
}

const record: VerifiedStage = {
  ...stage('FS0a'),
  recordId: 'r',
  handshakeId: 'h',
  number: null,
  requestId: null,
  tag: null,
  flowId: null,
  snapshot: null,
  eventType: null,
  eventTime: null,
  stageIndex: 0,
  stageCount: 1,
  stageType: null,
  stageTypeSource: 'UNKNOWN',
  verification,
  origin: chain.origin,
  attempt: 1,
  replays: 0,
  resultId: 'x',
  fetchedAt: 3,
  inputJson: null,
  outputJson: null,
}

describe('an encoder', () => {
  it('frames what avsc writes with the schema id', () => {
    const bytes = createEncoders({ ids }).outcome(outcome)
    expect(bytes.subarray(0, 5)).toEqual(Buffer.from([0, 0x7f, 0xff, 0xff, 0xff]))
    expect(bytes.subarray(5)).toEqual(outcomeType.toBuffer(outcome))
  })

  it('writes the same bytes as avsc alone, over any number of slabs, and never touches them again', () => {
    const texts = fc.dictionary(
      fc.string({ unit: 'grapheme' }),
      fc.option(fc.string({ unit: 'grapheme', maxLength: 300 })),
      {
        noNullPrototype: false,
      },
    )
    fc.assert(
      fc.property(
        fc.array(texts, { maxLength: 20 }),
        fc.integer({ min: 64, max: 4096 }),
        (maps, slabBytes) => {
          const { verified } = createEncoders({ ids, slabBytes })
          const records = maps.map((output) => ({ ...record, output: textMap(output) }))
          const written = records.map(verified)
          const expected = records.map((each) =>
            Buffer.concat([Buffer.from([0, 0, 0, 0, 1]), verifiedType.toBuffer(each)]),
          )
          expect(written).toEqual(expected)
        },
      ),
      { numRuns: 300 },
    )
  })

  it.each([
    [{ fetchedAt: -(2 ** 52) - 1 }, 'fetchedAt'],
    [{ fetchedAt: 2 ** 52 + 1 }, 'fetchedAt'],
    [{ fetchedAt: Number.NaN }, 'fetchedAt'],
    [{ eventTime: 1.5 }, 'eventTime'],
    [{ eventTime: 2 ** 53 }, 'eventTime'],
    [{ origin: { topic: 't', partition: 0, offset: -(2 ** 53) + 2 } }, 'origin.offset'],
    [{ origin: { topic: 't', partition: 2 ** 31, offset: 0 } }, 'origin.partition'],
    [{ verification: { ...verification, verifiedAt: 2 ** 60 } }, 'verification.verifiedAt'],
    [{ stageIndex: 0.5 }, 'stageIndex'],
    [{ recordId: undefined }, 'recordId'],
    [{ tag: 5 }, 'tag'],
    [{ output: textMap({ 'SECRET.path': 5 }) }, 'output.*'],
    [{ kinds: textMap({ SECRET: null }) }, 'kinds.*'],
    [{ tag: 'lone \ud800' }, 'tag'],
    [{ tag: `lone \udfff ${'x'.repeat(100)}` }, 'tag'],
    [{ output: textMap({ SECRET: 'lone \udbff' }) }, 'output.*'],
    [{ output: textMap({ 'SECRET \udc00': 'x' }) }, 'output.*'],
    [{ origin: { topic: '\ud800', partition: 0, offset: 0 } }, 'origin.topic'],
  ])('refuses %j and names %s, never a value', (change, path) => {
    const { verified } = createEncoders({ ids })
    const wrong = { ...record, ...change } as VerifiedStage
    let caught: unknown
    try {
      verified(wrong)
    } catch (error) {
      caught = error
    }
    expect(caught).toBeInstanceOf(RecordUnencodable)
    expect(caught).toMatchObject({ path, message: `record does not fit its schema at ${path}` })
    expect(verified(record).subarray(5)).toEqual(verifiedType.toBuffer(record))
  })

  it.each([2 ** 52, -(2 ** 52), 0, Date.now()])('keeps the long %s', (fetchedAt) => {
    const bytes = createEncoders({ ids }).verified({ ...record, fetchedAt })
    expect(verifiedType.fromBuffer(bytes.subarray(5)).fetchedAt).toBe(fetchedAt)
  })

  it.each(['\ufffd', '\ud7ff', '\ud55c\uad6d\uc5b4', '\u{1f600}'])(
    'keeps the text %s, which only looks like a broken one',
    (tag) => {
      const bytes = createEncoders({ ids }).verified({ ...record, tag })
      expect(verifiedType.fromBuffer(bytes.subarray(5)).tag).toBe(tag)
    },
  )
})

describe('a slab', () => {
  const filled = (byte: number, length: number) => (buffer: Buffer, at: number) => {
    const missing = at + length - buffer.length
    if (missing > 0) return -missing
    buffer.fill(byte, at, at + length)
    return at + length
  }

  it('gives small values one after the other and large ones bytes of their own', () => {
    const slab = createSlab(100)
    const first = slab.write(filled(1, 60))
    const large = slab.write(filled(2, 1000))
    const second = slab.write(filled(3, 40))
    const third = slab.write(filled(4, 20))
    expect([first, large, second, third].map((value) => [value[0], value.length])).toEqual([
      [1, 60],
      [2, 1000],
      [3, 40],
      [4, 20],
    ])
    expect(second.buffer).toBe(first.buffer)
    expect(large.buffer.byteLength).toBe(1000)
    expect(third.buffer).not.toBe(first.buffer)
  })

  it('is as before when writing throws', () => {
    const slab = createSlab(100)
    const before = slab.write(filled(1, 10))
    expect(() =>
      slab.write(() => {
        throw new Error('no')
      }),
    ).toThrow('no')
    expect(slab.write(filled(2, 10)).byteOffset).toBe(before.byteOffset + 10)
  })
})
