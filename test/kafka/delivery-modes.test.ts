/** Both kinds of delivery on their good day: what lies in the topics afterwards, byte by byte where others rely on it. */
import { readFileSync } from 'node:fs'
import avro from 'avsc'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Committer, Log } from '../../src/core/ports.js'
import { createKafkaAdmin } from '../../src/io/kafka/admin.js'
import { loadKafkajs } from '../../src/io/kafka/patches.js'
import { createTransactionalDelivery } from '../../src/io/kafka/transactional.js'
import { type BrokerRow, connectBroker, type NewMessage, uniqueName } from '../support/broker.js'
import { createSite, type ExpectedEnd, type Site } from '../support/site.js'
import { stack } from '../support/stack.js'
import { until } from '../support/until.js'

/** An assignment that stands. */
const ASSIGNED = new AbortController().signal

const PARTITIONS = 12
const EVENTS = 360
const DEAD_PARTITIONS = 5
const OUTCOME_PARTITIONS = 7
const THIRTY_DAYS_MS = 30 * 24 * 60 * 60 * 1000
const TRACEPARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'

interface Case {
  readonly message: (n: number) => NewMessage
  readonly end: ExpectedEnd
  readonly calls: 0 | 1
}

const registry = async (path: string, init?: RequestInit): Promise<{ status: number; body: unknown }> => {
  const response = await fetch(`${stack().registryUrl}${path}`, init)
  return { status: response.status, body: await response.json() }
}

const sendJson = (method: 'POST' | 'PUT', path: string, body: object) =>
  registry(path, { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })

const schemaText = (name: string): string =>
  readFileSync(new URL(`../../avro/${name}.avsc`, import.meta.url), 'utf8')

/** A version before ours, under the strictest setting: ours must go in beside it. */
async function registerOlder(subject: string): Promise<void> {
  const schema = JSON.parse(schemaText('verified-stage')) as { fields: { name: string }[] }
  const older = { ...schema, fields: schema.fields.filter(({ name }) => name !== 'snapshot') }
  await sendJson('POST', `/subjects/${subject}/versions`, { schema: JSON.stringify(older) })
  await sendJson('PUT', `/config/${subject}`, { compatibility: 'FULL_TRANSITIVE' })
}

/** As org.apache.kafka.common.utils.Utils.murmur2, written from its source. */
function murmur2(data: Buffer): number {
  const m = 0x5bd1e995
  let h = 0x9747b28c ^ data.length
  const whole = data.length & ~3
  for (let at = 0; at < whole; at += 4) {
    let k = Math.imul(data.readInt32LE(at), m)
    k = Math.imul(k ^ (k >>> 24), m)
    h = Math.imul(h, m) ^ k
  }
  const rest = data.length - whole
  if (rest > 2) h ^= data.readUInt8(whole + 2) << 16
  if (rest > 1) h ^= data.readUInt8(whole + 1) << 8
  if (rest > 0) h = Math.imul(h ^ data.readUInt8(whole), m)
  h = Math.imul(h ^ (h >>> 13), m)
  return h ^ (h >>> 15)
}

const javaPartition = (key: Buffer, count: number): number => (murmur2(key) & 0x7fffffff) % count

function casesOf(site: Site, avroEvent: (id: string) => Buffer): readonly Case[] {
  const { events, handshakeId } = site
  const verified: ExpectedEnd = { outcome: 'VERIFIED', code: null }
  const fetched = (value: (id: string) => string | Buffer): Case => ({
    message: (n) => ({ key: handshakeId(n), value: value(handshakeId(n)) }),
    end: verified,
    calls: 1,
  })
  const dead = (code: string, value: string | Buffer, key: string | null = null): Case => ({
    message: () => ({ key, value }),
    end: { outcome: 'DEAD', code },
    calls: 0,
  })
  return [
    fetched((id) => events.completed(id)),
    fetched(events.reduced),
    fetched(events.withoutName),
    fetched(events.bare),
    fetched(events.handshakeIdMember),
    fetched(events.idText),
    fetched(events.idJson),
    fetched(events.skipped),
    fetched(events.errored),
    fetched(avroEvent),
    dead('event-undecodable', Buffer.from([0xff, 0xfe, 0x00])),
    dead('event-bad-id', 'not-a-handshake', 'some key'),
    dead('event-no-id', '{"payload":{}}'),
    {
      message: () => ({ key: null, value: null }),
      end: { outcome: 'SKIPPED', code: 'null-value' },
      calls: 0,
    },
    {
      message: (n) => ({ key: handshakeId(n), value: events.unsupported(handshakeId(n)) }),
      end: { outcome: 'SKIPPED', code: 'event-unsupported' },
      calls: 0,
    },
  ]
}

describe.each(['exactly-once', 'at-least-once'] as const)('%s', (delivery) => {
  let site: Site
  let before: number
  let after: number
  let settingsBefore: unknown
  let compressed = 0
  const expected = new Map<string, ExpectedEnd>()
  let calls = 0
  const rows: Record<'verified' | 'deadLetter' | 'outcomes', BrokerRow[]> = {
    ...{ verified: [], deadLetter: [], outcomes: [] },
  }

  beforeAll(async () => {
    site = await createSite({ partitions: PARTITIONS, simulator: { profile: 'mixed' } })
    const { topics, broker } = site
    await broker.createTopic({ exact: topics.deadLetter, partitions: DEAD_PARTITIONS })
    await broker.createTopic({ exact: topics.outcomes, partitions: OUTCOME_PARTITIONS })
    settingsBefore = await registry('/config')
    await registerOlder(`${topics.verified}-value`)
    await sendAll(await avroWriter(topics.events))
    const { CompressionCodecs, CompressionTypes } = loadKafkajs()
    const codecOf = CompressionCodecs[CompressionTypes.GZIP]
    CompressionCodecs[CompressionTypes.GZIP] = () => {
      const codec = codecOf()
      const compress = (encoder: unknown): Promise<Buffer> => {
        compressed += 1
        return codec.compress(encoder as never)
      }
      return { ...codec, compress }
    }
    before = Date.now()
    const here = await site.here(`delivery=${delivery}`, 'kafka.compression=gzip')
    await here.started
    await until('all events have ended', () => site.caughtUp())
    await here.stop()
    after = Date.now()
    for (const kind of ['verified', 'deadLetter', 'outcomes'] as const)
      rows[kind] = await site.rows(topics[kind])
  })
  afterAll(() => site.close())

  async function sendAll(avroEvent: (id: string) => Buffer): Promise<void> {
    const cases = casesOf(site, avroEvent)
    const lists: NewMessage[][] = Array.from({ length: PARTITIONS }, () => [])
    for (let n = 0; n < EVENTS; n += 1) {
      const one = cases[n % cases.length] as Case
      // Shifted by a round, so that each case comes to each partition.
      const partition = (n + Math.floor(n / cases.length)) % PARTITIONS
      const list = lists[partition] as NewMessage[]
      expected.set(`${partition}@${list.length}`, one.end)
      const traced = n % 2 === 0 ? { headers: { traceparent: TRACEPARENT, private: 'no' } } : {}
      list.push({ ...one.message(n), ...traced })
      calls += one.calls
    }
    for (const [partition, list] of lists.entries()) await site.send(list, partition)
  }

  /** Registers the schema of events, and frames events with its id. */
  async function avroWriter(topic: string): Promise<(id: string) => Buffer> {
    const schema = schemaText('handshake-completed')
    const { body } = await sendJson('POST', `/subjects/${topic}-value/versions`, { schema })
    const type = avro.Type.forSchema(JSON.parse(schema))
    const head = Buffer.alloc(5)
    head.writeUInt32BE((body as { id: number }).id, 1)
    return (id) => Buffer.concat([head, type.toBuffer(site.events.avroFields(id))])
  }

  it('gives each event its one right end, whole and in one place', async () => {
    expect(await site.violations({ delivery, callsOnce: true }, expected)).toBe('')
    // Nothing failed, so at-least-once has no repeats to allow for either.
    expect(await site.violations({ delivery: 'exactly-once', callsOnce: true }, expected)).toBe('')
    expect(expected.size).toBe(EVENTS)
  })

  it('calls the API exactly once for each event that is fetched, by the ledger of the other side', () => {
    const summary = site.simulator.ledger.summary()
    expect(calls).toBe(240)
    expect(summary.calls / calls).toBe(1)
    expect(summary).toMatchObject({ calls, handshakes: calls, repeated: 0, byStatus: { 200: calls } })
    expect(site.simulator.ledger.calls()[0]?.headers).toMatchObject({
      ...{ acceptEncoding: 'identity', contentType: 'application/json', authorizationOk: true },
    })
  })

  it('places keys as the Java client does, and messages without one by their source partition', async () => {
    const counts = { verified: PARTITIONS, deadLetter: DEAD_PARTITIONS, outcomes: OUTCOME_PARTITIONS }
    for (const kind of ['verified', 'deadLetter', 'outcomes'] as const) {
      expect(rows[kind].length).toBeGreaterThan(0)
      const keyed = rows[kind].filter(({ key }) => key !== null)
      expect(keyed.length).toBeGreaterThan(0)
      for (const { key, partition } of keyed)
        expect(partition).toBe(javaPartition(key as Buffer, counts[kind]))
    }
    const outcomes = await site.outcomes()
    const keyOf = (kind: 'outcomes' | 'deadLetter', at: { partition: number; offset: number }) =>
      rows[kind].find((row) => row.partition === at.partition && row.offset === at.offset)?.key
    const without = outcomes.filter(({ at }) => keyOf('outcomes', at) === null)
    expect(without.length).toBe(72)
    for (const { at, source } of without) expect(at.partition).toBe(source.partition % OUTCOME_PARTITIONS)
    for (const row of rows.deadLetter.filter(({ key }) => key === null)) {
      const source = Number(row.headers['__connect.errors.partition']?.toString())
      expect(row.partition).toBe(source % DEAD_PARTITIONS)
    }
  })

  it('writes Confluent framing with the id of the registry, readable by the schema of the registry', async () => {
    for (const kind of ['verified', 'deadLetter', 'outcomes'] as const) {
      const subject = `${site.topics[kind]}-value`
      const versions = kind === 'verified' ? [1, 2] : [1]
      expect((await registry(`/subjects/${subject}/versions`)).body).toEqual(versions)
      const { body } = await registry(`/subjects/${subject}/versions/latest`)
      const { id, schema } = body as { id: number; schema: string }
      const type = avro.Type.forSchema(JSON.parse(schema))
      for (const { value } of rows[kind]) {
        expect(value?.[0]).toBe(0)
        expect(value?.readUInt32BE(1)).toBe(id)
        expect(() => type.fromBuffer((value as Buffer).subarray(5))).not.toThrow()
      }
    }
  })

  it('leaves the settings of the registry as they were', async () => {
    expect(await registry('/config')).toEqual(settingsBefore)
    const { topics } = site
    const settingOf = async (topic: string): Promise<unknown> =>
      (await registry(`/config/${topic}-value`)).body
    expect(await settingOf(topics.verified)).toEqual({ compatibilityLevel: 'FULL_TRANSITIVE' })
    // The subject of the events was made by this test, which set nothing.
    const unset = await settingOf(topics.events)
    expect(await settingOf(topics.deadLetter)).toEqual(unset)
    expect(await settingOf(topics.outcomes)).toEqual(unset)
  })

  it('stamps every message with the time of its writing', () => {
    for (const { timestamp } of Object.values(rows).flat()) {
      expect(timestamp).toBeGreaterThanOrEqual(before)
      expect(timestamp).toBeLessThanOrEqual(after)
    }
  })

  it('passes the trace context on and no other header, and repeats the code of dead letters', () => {
    const traced = rows.verified.filter(({ headers }) => 'traceparent' in headers)
    expect(traced.length).toBeGreaterThan(0)
    expect(traced.length).toBeLessThan(rows.verified.length)
    for (const { headers } of rows.verified) expect(Object.keys(headers).join()).toMatch(/^(?:traceparent)?$/)
    for (const { headers } of traced) expect(headers['traceparent']?.toString()).toBe(TRACEPARENT)
    for (const { headers } of rows.outcomes) expect(headers).toEqual({})
    const codes = rows.deadLetter.map(({ headers }) => headers['attestr.code']?.toString()).sort()
    const names = ['event-bad-id', 'event-no-id', 'event-undecodable']
    expect(codes).toEqual(names.flatMap((name) => Array(24).fill(name)))
    for (const { headers } of rows.deadLetter) {
      expect(headers['__connect.errors.topic']?.toString()).toBe(site.topics.events)
      expect(headers['__connect.errors.exception.message']?.toString()).toBeTruthy()
    }
  })

  it('compresses what it writes when told to', () => {
    expect(compressed).toBeGreaterThan(0)
  })
})

describe('topics made at the start', () => {
  it('are never compacted, keep dead letters and outcomes for 30 days, and what waits for ever', async () => {
    const site = await createSite({ createEvents: false, partitions: 3 })
    const { admin } = site.broker
    const here = await site.here('topics.replicationFactor=-1')
    await here.started
    await here.stop()
    const { topics } = await admin.fetchTopicMetadata({ topics: Object.values(site.topics) })
    expect(topics.map(({ partitions }) => partitions.length)).toEqual([3, 3, 3, 3, 3])
    const settings = async (name: string): Promise<Record<string, string>> => {
      const { resources } = await admin.describeConfigs({
        includeSynonyms: false,
        resources: [{ type: 2, name, configNames: ['cleanup.policy', 'retention.ms'] }],
      })
      // Only what was said for this topic: a default of the broker may change later.
      const own = resources[0]?.configEntries.filter((entry) => Number(entry.configSource) === 1) ?? []
      return Object.fromEntries(own.map((entry) => [entry.configName, entry.configValue]))
    }
    const kept = { 'cleanup.policy': 'delete', 'retention.ms': String(THIRTY_DAYS_MS) }
    expect(await settings(site.topics.events)).toEqual({ 'cleanup.policy': 'delete' })
    expect(await settings(site.topics.verified)).toEqual({ 'cleanup.policy': 'delete' })
    expect(await settings(site.topics.deadLetter)).toEqual(kept)
    expect(await settings(site.topics.outcomes)).toEqual(kept)
    expect(await settings(site.topics.replay)).toEqual({ ...kept, 'retention.ms': '-1' })
    await site.close()
  })
})

describe('a schema that does not go with those of its subject', () => {
  it('is refused at the start: nothing is read, and the subject stays as it was', async () => {
    const site = await createSite({ partitions: 1 })
    const subject = `${site.topics.outcomes}-value`
    const other = { ...JSON.parse(schemaText('outcome')), fields: [{ name: 'source', type: 'int' }] }
    await sendJson('POST', `/subjects/${subject}/versions`, { schema: JSON.stringify(other) })
    await sendJson('PUT', `/config/${subject}`, { compatibility: 'BACKWARD' })
    await site.send([{ value: site.handshakeId(0) }], 0)
    const here = await site.here()
    await expect(here.started).rejects.toMatchObject({ name: 'RegistryRefused', reason: 'incompatible' })
    expect((await registry(`/subjects/${subject}/versions`)).body).toEqual([1])
    expect(await site.committed(0)).toBe(-1)
    expect(site.simulator.ledger.summary().calls).toBe(0)
    await site.close()
  })
})

describe('records as large as the configuration allows', () => {
  it('go into topics that were made without a word about sizes, several in one transaction', async () => {
    const broker = await connectBroker()
    const topic = await broker.createTopic({ name: 'large', partitions: 2 })
    const log: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
    const connection = { brokers: stack().brokers, clientId: 'test', ssl: false, sasl: null }
    const admin = createKafkaAdmin(connection, log)
    const delivery = createTransactionalDelivery({
      ...{ connection, admin, log, groupId: uniqueName('large'), transactionTimeoutMs: 15_000 },
      ...{ compression: loadKafkajs().CompressionTypes.None, outputTopics: [topic] },
    })
    let committer: Committer | Error | undefined
    // The coordinator of a group that was never asked for may be loading.
    await until('the partition is open', async () => {
      committer = await delivery.open([{ topic, partition: 0 }], ASSIGNED)[0]
      return committer !== undefined && !(committer instanceof Error)
    })
    if (committer === undefined || committer instanceof Error) throw new Error('nothing was opened')
    const sizes = [1_000_000, 10, 1_000_000, 450_000, 450_000, 20, 899_990]
    const outputs = sizes.map((size, n) => ({
      ...{ topic, key: Buffer.from('one'), value: Buffer.alloc(size, 'x'), sourcePartition: 0 },
      headers: [{ key: 'n', value: Buffer.from(String(n)) }],
    }))
    await committer.commit({ outputs, next: 1 })
    await committer.close()
    // The end of a transaction shows a moment after its commit.
    await until('the records are seen', async () => (await broker.rows(topic)).length > 0)
    const rows = await broker.rows(topic)
    expect(rows.map(({ headers }) => Number(headers['n']?.toString()))).toEqual(sizes.map((_, n) => n))
    expect(rows.map(({ value }) => value?.length)).toEqual(sizes)
    await Promise.all([delivery.close(), admin.close(), broker.close()])
  })
})
