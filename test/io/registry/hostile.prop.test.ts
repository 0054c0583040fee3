/** Bytes and schemas of unknown origin: reading them never costs more memory than they have bytes, give or take. */
import avro from 'avsc'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createMemoryRegistry } from '../../../src/io/memory/registry.js'
import { createEventReader } from '../../../src/io/registry/events.js'

let named = 0
const name = (): string => `N${++named}`

const { type } = fc.letrec<{ type: unknown }>((tie) => ({
  type: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    fc.constantFrom('null', 'boolean', 'int', 'long', 'double', 'bytes', 'string', 'Event'),
    fc.constant(null).map(() => ({ type: 'fixed', name: name(), size: 2 })),
    tie('type').map((items) => ({ type: 'array', items })),
    tie('type').map((values) => ({ type: 'map', values })),
    fc.array(tie('type'), { maxLength: 3 }).map((types) => ({
      type: 'record',
      name: name(),
      fields: types.map((of, n) => ({ name: `f${n}`, type: of })),
    })),
    fc.constantFrom('Event', 'string', 'long').map((other) => ['null', other]),
  ),
}))

const schema = fc.array(type, { minLength: 1, maxLength: 4 }).map((types) => ({
  type: 'record',
  name: 'Event',
  fields: types.map((of, n) => ({ name: ['tag', 'list', 'updated', 'more'][n] ?? `f${n}`, type: of })),
}))

function varint(value: bigint): number[] {
  let zigzag = value < 0n ? -value * 2n - 1n : value * 2n
  const bytes: number[] = []
  for (; zigzag > 0x7fn; zigzag >>= 7n) bytes.push(Number(zigzag & 0x7fn) | 0x80)
  return [...bytes, Number(zigzag)]
}

const count = fc.oneof(
  fc.bigInt(-3n, 3n),
  fc.constantFrom(2n ** 20n, 2n ** 31n, 2n ** 40n, 2n ** 62n, 2n ** 63n - 1n),
  fc.constantFrom(-(2n ** 20n), -(2n ** 31n), -(2n ** 40n), -(2n ** 62n), -(2n ** 63n)),
)

const hostile = fc
  .array(fc.oneof(count.map(varint), fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 6 })), {
    maxLength: 30,
  })
  .map((parts) => Uint8Array.from(parts.flat()))

const MOST_BYTES = 1_000_000

/** What a synchronous piece of work allocated, at least: a collection in between can only hide some. */
function allocated(work: () => unknown): number {
  const used = (): number => {
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    return heapUsed + arrayBuffers
  }
  const before = used()
  work()
  return used() - before
}

function framed(id: number, bytes: Uint8Array): Buffer {
  const header = Buffer.alloc(5)
  header.writeUInt32BE(id, 1)
  return Buffer.concat([header, bytes])
}

it('costs no memory, whatever counts, sizes and depths the bytes claim', async () => {
  await fc.assert(
    fc.asyncProperty(schema, fc.array(hostile, { minLength: 5, maxLength: 5 }), async (written, contents) => {
      const registry = createMemoryRegistry()
      let id: number
      try {
        avro.Type.forSchema(written as avro.Schema)
        id = registry.add('events-value', JSON.stringify(written))
      } catch {
        // No schema that a registry would take.
        return
      }
      const reader = createEventReader({ registry })
      await reader.read(framed(id, Uint8Array.of(0)))
      for (const bytes of contents) {
        let answer: unknown
        const cost = allocated(() => {
          answer = reader.read(framed(id, bytes))
        })
        expect(cost).toBeLessThan(MOST_BYTES)
        expect(answer === 'undecodable' || (typeof answer === 'object' && answer !== null)).toBe(true)
      }
    }),
    { numRuns: 500 },
  )
})

it('would cost it with the decoder of the library: the measure sees it', () => {
  const list = avro.Type.forSchema({ type: 'array', items: 'null' })
  const bytes = Buffer.from([...varint(2n ** 20n), 0])
  expect(allocated(() => list.fromBuffer(bytes))).toBeGreaterThan(MOST_BYTES)
})
