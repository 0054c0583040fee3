import { readFileSync } from 'node:fs'
import avro from 'avsc'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createMemoryRegistry } from '../../../src/io/memory/registry.js'
import { createEventReader } from '../../../src/io/registry/events.js'
import { RegistryDown, type SchemaRegistry } from '../../../src/io/registry/registry.js'

const handshakeCompleted = readFileSync(
  new URL('../../../avro/handshake-completed.avsc', import.meta.url),
  'utf8',
)
const fields = {
  event: null,
  handshakeId: 'DS0123456',
  flowId: 'FX0',
  snapshot: null,
  tag: 't',
  updated: 1_795_000_000_000,
}

function framed(id: number, bytes: Uint8Array): Buffer {
  const header = Buffer.alloc(5)
  header.writeUInt32BE(id, 1)
  return Buffer.concat([header, bytes])
}

function record(recordFields: unknown[], name = 'Event'): string {
  return JSON.stringify({ type: 'record', name, fields: recordFields })
}

/** What the reader says of a value or of bytes under a schema, after its first question to the registry. */
async function read(schema: string, content: object | Uint8Array): Promise<unknown> {
  const registry = createMemoryRegistry()
  const id = registry.add('events-value', schema)
  const reader = createEventReader({ registry })
  const bytes =
    content instanceof Uint8Array ? content : avro.Type.forSchema(JSON.parse(schema)).toBuffer(content)
  const first = await reader.read(framed(id, bytes))
  const second = reader.read(framed(id, bytes))
  expect(second).not.toBeInstanceOf(Promise)
  expect(second).toEqual(first)
  return first
}

describe('an Avro event', () => {
  it('is read by the schema it was written with', async () => {
    expect(await read(handshakeCompleted, fields)).toEqual({ ...fields })
  })

  it('may be any record that has the fields, whatever else it holds', async () => {
    const schema = record([
      { name: 'photos', type: { type: 'array', items: 'bytes' } },
      { name: 'meta', type: { type: 'map', values: ['null', 'double', { type: 'array', items: 'int' }] } },
      { name: 'kind', type: { type: 'enum', name: 'Kind', symbols: ['A', 'B'] } },
      { name: 'event', type: { type: 'enum', name: 'Name', symbols: ['x', 'done'] } },
      { name: 'digest', type: { type: 'fixed', name: 'Digest', size: 3 } },
      { name: 'handshakeId', type: 'string' },
      { name: 'snapshot', type: ['null', 'bytes'] },
      { name: 'tag', type: 'boolean' },
      { name: 'number', type: 'float' },
      { name: 'requestId', type: { type: 'map', values: 'string' } },
      { name: 'updated', type: { type: 'long', logicalType: 'timestamp-millis' } },
      { name: 'inner', type: { type: 'record', name: 'Inner', fields: [{ name: '_id', type: 'string' }] } },
    ])
    const value = {
      photos: [Buffer.alloc(10), Buffer.alloc(0)],
      meta: { a: null, b: 1.5, c: [1, 2, 3] },
      kind: 'B',
      event: 'done',
      digest: Buffer.alloc(3),
      handshakeId: 'DS0123456',
      snapshot: Buffer.from('x'),
      tag: true,
      number: 0.5,
      requestId: { a: 'b' },
      updated: -12,
      inner: { _id: 'not this one' },
    }
    expect(await read(schema, value)).toEqual({
      event: 'done',
      handshakeId: 'DS0123456',
      snapshot: {},
      tag: true,
      number: 0.5,
      requestId: {},
      updated: -12,
    })
  })

  it('reads every long exactly', async () => {
    const schema = record([{ name: 'updated', type: 'long' }])
    await fc.assert(
      fc.asyncProperty(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), async (value) => {
        const bytes: number[] = []
        let zigzag = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n))
        while (zigzag >= 128n) {
          bytes.push(Number(zigzag & 127n) | 128)
          zigzag >>= 7n
        }
        bytes.push(Number(zigzag))
        const answer = (await read(schema, Uint8Array.from(bytes))) as { updated: number | bigint }
        expect(BigInt(answer.updated)).toBe(value)
      }),
      { numRuns: 300 },
    )
  })

  it('agrees with avsc on every value of its own', async () => {
    const shape = fc.record({
      _id: fc.option(fc.string({ unit: 'grapheme' })),
      number: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
      updated: fc.integer({ min: -(2 ** 52), max: 2 ** 52 }),
      requestId: fc.double({ noNaN: true }),
      list: fc.array(fc.option(fc.string())),
      tag: fc.boolean(),
    })
    const schema = record([
      { name: '_id', type: ['null', 'string'] },
      { name: 'number', type: 'int' },
      { name: 'updated', type: 'long' },
      { name: 'requestId', type: 'double' },
      { name: 'list', type: { type: 'array', items: ['null', 'string'] } },
      { name: 'tag', type: 'boolean' },
    ])
    await fc.assert(
      fc.asyncProperty(shape, async (value) => {
        const { list: _, ...wanted } = value
        expect(await read(schema, value)).toEqual(wanted)
      }),
      { numRuns: 300 },
    )
  })
})

describe('hostile bytes', () => {
  const list = (items: unknown) =>
    record([
      { name: 'list', type: { type: 'array', items } },
      { name: 'tag', type: 'string' },
    ])
  const recursive = record([
    { name: 'tag', type: 'string' },
    { name: 'next', type: ['null', 'Event'] },
  ])
  /** Record n holds record n - 1 twice, and the first one nothing: it takes 2^n steps and no byte. */
  const doubling = (depth: number): string => {
    let inner: unknown = { type: 'record', name: 'R0', fields: [] }
    for (let n = 1; n <= depth; n += 1) {
      const fields = [
        { name: 'a', type: inner },
        { name: 'b', type: `R${n - 1}` },
      ]
      inner = { type: 'record', name: `R${n}`, fields }
    }
    return record([
      { name: 'all', type: inner },
      { name: 'tag', type: 'boolean' },
    ])
  }
  /** 2^40 items in six bytes: avsc runs out of memory on these. */
  const bomb = [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01]
  const most = [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]

  it.each([
    ['a block of 2^40 ints', list('int'), bomb],
    ['a block of 2^63 - 1 ints', list('int'), most],
    ['a block of 2^40 nulls, then nothing', list('null'), bomb],
    ['a block of 2^40 empty records, cut off', list({ type: 'record', name: 'E', fields: [] }), bomb],
    [
      'a block of -2^40 items whose size lies',
      list('int'),
      [0xff, 0xff, 0xff, 0xff, 0xff, 0x3f, 0x02, 0x00, 0x00],
    ],
    ['a map of 2^40 entries', record([{ name: 'm', type: { type: 'map', values: 'null' } }]), bomb],
    [
      'a text longer than the bytes',
      record([{ name: 'tag', type: 'string' }]),
      [0xfe, 0xff, 0xff, 0xff, 0x0f, 0x41],
    ],
    ['a text of negative length', record([{ name: 'tag', type: 'string' }]), [0x01]],
    ['a text that is no UTF-8', record([{ name: 'tag', type: 'string' }]), [0x02, 0xff]],
    ['a varint without an end', record([{ name: 'updated', type: 'long' }]), new Array(1000).fill(0xff)],
    [
      'a varint past 64 bits',
      record([{ name: 'updated', type: 'long' }]),
      [...new Array(9).fill(0xff), 0x02],
    ],
    ['an int past 32 bits', record([{ name: 'updated', type: 'int' }]), [0x80, 0x80, 0x80, 0x80, 0x20]],
    ['a boolean of two', record([{ name: 'tag', type: 'boolean' }]), [2]],
    ['a branch that is not there', record([{ name: 'tag', type: ['null', 'string'] }]), [4]],
    [
      'a symbol that is not there',
      record([{ name: 'tag', type: { type: 'enum', name: 'K', symbols: ['A'] } }]),
      [2],
    ],
    ['a double cut off', record([{ name: 'number', type: 'double' }]), [1, 2, 3]],
    ['bytes that are left over', record([{ name: 'tag', type: 'string' }]), [2, 0x41, 0]],
    ['no bytes', record([{ name: 'tag', type: 'string' }]), []],
    ['a schema of nothing, twice in itself, forty times', doubling(40), [1]],
    ['a record within itself for ever', recursive, new Array(5000).fill([0, 2]).flat()],
  ])('%s are undecodable and cost nothing', async (_, schema, bytes) => {
    expect(await read(schema, Uint8Array.from(bytes))).toBe('undecodable')
  })

  it('may count as many empty items as they like', async () => {
    expect(await read(list('null'), Uint8Array.from([...bomb, 0, 2, 0x41]))).toEqual({ tag: 'A' })
  })

  it('end one way or the other, whatever they are', async () => {
    const schema = record([
      { name: 'tag', type: ['null', 'string', 'long'] },
      { name: 'list', type: { type: 'array', items: { type: 'map', values: ['null', 'Event', 'double'] } } },
      { name: 'updated', type: ['null', 'long'] },
    ])
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        const answer = await read(schema, bytes)
        expect(answer === 'undecodable' || typeof answer === 'object').toBe(true)
      }),
      { numRuns: 1000 },
    )
  })

  it.each([Buffer.alloc(0), Buffer.from([0]), Buffer.from([0, 0, 0, 0]), Buffer.from([1, 0, 0, 0, 1, 2])])(
    'without framing (%o) never reach the registry',
    (bytes) => {
      const registry = createMemoryRegistry()
      expect(createEventReader({ registry }).read(bytes)).toBe('undecodable')
      expect(registry.asked()).toBe(0)
    },
  )
})

describe('questions to the registry', () => {
  const bytes = avro.Type.forSchema(JSON.parse(handshakeCompleted)).toBuffer(fields)

  it('are asked once for each id, also by parallel readers', async () => {
    const registry = createMemoryRegistry()
    const id = registry.add('events-value', handshakeCompleted)
    const reader = createEventReader({ registry })
    const answers = await Promise.all([1, 2, 3].map(() => reader.read(framed(id, bytes))))
    expect(answers).toEqual([fields, fields, fields])
    reader.read(framed(id, bytes))
    expect(registry.asked()).toBe(1)
  })

  it('about an id that can be none are not asked at all', async () => {
    const registry = createMemoryRegistry()
    const reader = createEventReader({ registry })
    expect(reader.read(framed(0xffffffff, bytes))).toBe('unknown-schema')
    expect(registry.asked()).toBe(0)
  })

  it('about an unknown id are asked again only after a while', async () => {
    let time = 0
    const registry = createMemoryRegistry()
    const reader = createEventReader({ registry, monotonic: () => time, unknownTtlMs: 100 })
    expect(await reader.read(framed(1, bytes))).toBe('unknown-schema')
    time = 99
    expect(reader.read(framed(1, bytes))).toBe('unknown-schema')
    expect(registry.asked()).toBe(1)
    registry.add('events-value', handshakeCompleted)
    time = 100
    expect(await reader.read(framed(1, bytes))).toEqual(fields)
  })

  it('that fail are thrown and asked again at once', async () => {
    const registry = createMemoryRegistry()
    const id = registry.add('events-value', handshakeCompleted)
    const reader = createEventReader({ registry })
    registry.setDown(true)
    await expect(reader.read(framed(id, bytes))).rejects.toBeInstanceOf(RegistryDown)
    registry.setDown(false)
    expect(await reader.read(framed(id, bytes))).toEqual(fields)
  })

  it.each([
    ['a schema that is no record', async () => avro.Type.forSchema('string')],
    ['a schema that is no Avro', async () => 'not-avro' as const],
  ])('answered with %s make the event undecodable', async (_, schemaOf: SchemaRegistry['schemaOf']) => {
    const reader = createEventReader({ registry: { schemaOf } })
    expect(await reader.read(framed(1, bytes))).toBe('undecodable')
    expect(reader.read(framed(1, bytes))).toBe('undecodable')
  })
})
