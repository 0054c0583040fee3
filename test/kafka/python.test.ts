/** What we write, read by another client and another Avro library: Python's confluent-kafka (librdkafka) and fastavro. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createKafkaClient } from '../../src/io/kafka/client.js'
import { hasPython, runPython } from '../support/python.js'
import { createSite, type Site } from '../support/site.js'
import { stack } from '../support/stack.js'
import { until } from '../support/until.js'

interface Line {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly key: string | null
  readonly row: Readonly<Record<string, unknown>>
}

const HANDSHAKES = 40

describe.skipIf(!hasPython)('Python with confluent-kafka and fastavro', () => {
  let site: Site
  let lines: Line[]
  const of = (topic: string): Line[] => lines.filter((line) => line.topic === topic)
  const placeOf = ({ partition, offset }: { partition: number; offset: number }): string =>
    `${partition}@${offset}`

  beforeAll(async () => {
    site = await createSite({ simulator: { profile: 'mixed' } })
    const ids = Array.from({ length: HANDSHAKES }, (_, n) => site.handshakeId(n))
    await site.send(ids.map((key) => ({ key, value: site.events.completed(key) })))
    await site.send([
      { key: 'some key', value: 'not-a-handshake' },
      { key: null, value: Buffer.from([0xff, 0xfe]) },
      { key: null, value: null },
    ])
    const here = await site.here()
    await here.started
    await until('all events have ended', () => site.caughtUp())
    await here.stop()
    await abortOne(site)
    const { topics } = site
    const { brokers, registryUrl } = stack()
    lines = (await runPython('read_topics.py', [
      ...[brokers.join(','), registryUrl],
      ...[topics.verified, topics.deadLetter, topics.outcomes],
    ])) as Line[]
  })
  afterAll(() => site.close())

  it('finds in each topic just the rows that our own reader finds', async () => {
    const { topics } = site
    for (const topic of [topics.verified, topics.deadLetter, topics.outcomes]) {
      const rows = await site.rows(topic)
      expect(rows.length).toBeGreaterThan(0)
      expect(of(topic).map(placeOf).sort()).toEqual(rows.map(placeOf).sort())
    }
  })

  it('decodes verified records, nested, in maps and with times', async () => {
    const found = of(site.topics.verified)
    const outcomes = (await site.outcomes()).filter(({ outcome }) => outcome === 'VERIFIED')
    expect(found.length).toBe(outcomes.reduce((sum, { records }) => sum + records, 0))
    expect(new Set(found.map(({ row }) => row['recordId'])).size).toBe(found.length)
    for (const { key, row } of found) {
      expect(key).toBe(row['handshakeId'])
      expect(row['origin']).toMatchObject({ topic: site.topics.events })
      expect(row['verification']).toMatchObject({
        algorithm: 'HMAC-SHA256',
        method: 'raw',
        credentialId: 'main',
      })
      expect(Math.abs(Number(row['fetchedAt']) - Date.now())).toBeLessThan(600_000)
    }
    const texts = found.flatMap(({ row }) => Object.values(row['output'] as Record<string, string | null>))
    expect(texts.filter((text) => typeof text === 'string').length).toBeGreaterThan(HANDSHAKES)
  })

  it('decodes dead letters with their bytes, and outcomes one for each event', async () => {
    const codes = of(site.topics.deadLetter).map(({ row }) => row['code'])
    expect(codes.sort()).toEqual(['event-bad-id', 'event-undecodable'])
    const bad = of(site.topics.deadLetter).find(({ row }) => row['code'] === 'event-bad-id')
    expect(bad?.row).toMatchObject({
      ...{ valueForm: 'REDUCED', category: 'EVENT' },
      key: { base64: Buffer.from('some key').toString('base64') },
    })
    const sources = of(site.topics.outcomes).map(
      ({ row }) => row['source'] as { partition: number; offset: number },
    )
    expect(sources.map(placeOf).sort()).toEqual((await site.rows(site.topics.events)).map(placeOf).sort())
  })
})

/** A transaction that is given up leaves records behind which a read_committed reader must not see. */
async function abortOne(site: Site): Promise<void> {
  const connection = { brokers: stack().brokers, clientId: 'test', ssl: false, sasl: null }
  const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
  const producer = createKafkaClient(connection, 'lane', quiet).producer({
    ...{ transactionalId: `${site.groupId}.given-up`, idempotent: true, maxInFlightRequests: 1 },
  })
  await producer.connect()
  const transaction = await producer.transaction()
  const messages = [{ key: 'given up', value: Buffer.from([0, 0, 0, 0, 1, 2, 3]), partition: 0 }]
  await transaction.send({ topic: site.topics.verified, messages })
  await transaction.abort()
  await producer.disconnect()
}
