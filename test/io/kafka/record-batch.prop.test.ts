import { execFileSync } from 'node:child_process'
import { createRequire } from 'node:module'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { murmur2, partitionOf } from '../../../src/core/murmur2.js'
import { loadKafkajs } from '../../../src/io/kafka/patches.js'

const require = createRequire(import.meta.url)

const bytes = fc.option(
  fc.uint8Array({ maxLength: 300 }).map((one) => Buffer.from(one)),
  { nil: null },
)
const messages = fc.array(
  fc.record({
    key: bytes,
    value: bytes,
    headers: fc.oneof(
      { weight: 9, arbitrary: fc.constant(undefined) },
      { weight: 1, arbitrary: fc.constant({ name: Buffer.from('v') }) },
    ),
    timestamp: fc.oneof(
      { weight: 9, arbitrary: fc.constant(undefined) },
      { weight: 1, arbitrary: fc.constantFrom('1700000000000', '1700000000777') },
    ),
  }),
  { minLength: 1, maxLength: 40 },
)
const batches = fc.sample(
  fc.record({
    messages,
    producerId: fc.bigInt(-1n, 2n ** 62n).map(String),
    epoch: fc.nat(30_000),
    sequence: fc.nat(),
    transactional: fc.boolean(),
  }),
  { numRuns: 400, seed: 11 },
)

/** Encodes every batch as a produce request; the clock stands still, since the time of writing is in the bytes. */
const ENCODE = `
  Date.now = () => 1790000000000
  async function encodeAll(request, batches) {
    const out = []
    for (const { messages, producerId, epoch, sequence, transactional } of batches) {
      const topicData = [{ topic: 't', partitions: [{ partition: 3, firstSequence: sequence, messages }] }]
      const { encode } = request({ acks: -1, timeout: 1000, transactionalId: transactional ? 'id' : undefined, producerId, producerEpoch: epoch, compression: 0, topicData })
      out.push((await encode()).buffer.toString('base64'))
    }
    return out
  }`

type Request = (options: object) => { encode(): Promise<{ buffer: Buffer }> }

it('writes the very bytes that the original writes', async () => {
  const path = require.resolve('kafkajs/src/protocol/requests/produce/v7/request.js')
  const reviver = `(key, value) => (value && value.type === 'Buffer' ? Buffer.from(value.data) : value)`
  const script = `${ENCODE}
    let text = ''
    process.stdin.on('data', (chunk) => { text += chunk }).on('end', async () => {
      const out = await encodeAll(require(${JSON.stringify(path)}), JSON.parse(text, ${reviver}))
      process.stdout.write(JSON.stringify(out))
    })`
  const original = execFileSync(process.execPath, ['-e', script], {
    input: JSON.stringify(batches),
    maxBuffer: 1e9,
  }).toString()
  loadKafkajs()
  const record = require('kafkajs/src/protocol/recordBatch/record/v0') as (input: object) => object
  const plain = {}
  expect(record(plain)).toBe(plain)
  const encodeAll = new Function(
    `const now = Date.now; ${ENCODE}; return async (...a) => { try { return await encodeAll(...a) } finally { Date.now = now } }`,
  )() as (request: Request, list: typeof batches) => Promise<string[]>
  const ours = await encodeAll(require(path) as Request, batches)
  expect(ours).toEqual(JSON.parse(original))
})

it('places keys as the original does', () => {
  const original = require('kafkajs/src/producer/partitioners/default/murmur2') as (key: Buffer) => number
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (key) => {
      expect(murmur2(key)).toBe(original(Buffer.from(key)))
    }),
    { numRuns: 5000 },
  )
  expect(partitionOf(Buffer.from('DS02zfeuv6n4gkq51hvw6'), 12)).toBeLessThan(12)
})
