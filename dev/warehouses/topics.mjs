/** A broker, a registry and topics with what a connector really wrote, repeats included. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { SchemaRegistry } from '@kafkajs/confluent-schema-registry'
import { loadConfig } from '../../dist/config/load.js'
import { loadKafkajs } from '../../dist/io/kafka/patches.js'
import { createLog } from '../../dist/io/ops/log.js'
import { startService } from '../../dist/service.js'
import { DEVELOPMENT_CREDENTIAL } from '../../dist/simulator/credentials.js'
import { createEvents } from '../../dist/simulator/events.js'
import { handshakeIdFor } from '../../dist/simulator/ids.js'
import { startSimulator } from '../../dist/simulator/server.js'
import { startStack } from '../../dist/stack/stack.js'

const SEED = 2026
// A batch has to stay below what a broker takes.
const SEND_AT_ONCE = 20
const EVENTS = 'attestr.handshakes'
export const VERIFIED = 'attestr.verified'

/**
 * Lets a connector work on events of so many handshakes. Every third webhook is sent twice, as Attestr may.
 *
 * In:  records  `records` of its configuration
 * Out: addresses, ways to read topics, a way to send more, a way to stop it all
 */
export async function createTopics({ handshakes, records }) {
  const stack = await startStack({ env: process.env, say: (line) => console.log(line) })
  const simulator = await startSimulator({ seed: SEED, profile: 'mixed' })
  const folder = mkdtempSync(join(tmpdir(), 'warehouse-topics-'))
  process.once('exit', () => rmSync(folder, { recursive: true }))
  const { Kafka, logLevel } = loadKafkajs()
  const kafka = new Kafka({ brokers: [...stack.brokers], logLevel: logLevel.NOTHING })
  const config = configOf({ folder, stack, simulator, records })
  const send = async (from, to) => {
    const events = createEvents(simulator.source)
    const ids = Array.from({ length: to - from }, (_, n) => handshakeIdFor(SEED, from + n))
    const once = ids.map((key) => ({ key, value: events.completed(key) }))
    const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 })
    await producer.connect()
    const messages = [...once, ...once.filter((_, n) => n % 3 === 0)]
    for (let at = 0; at < messages.length; at += SEND_AT_ONCE) {
      await producer.send({ topic: EVENTS, messages: messages.slice(at, at + SEND_AT_ONCE) })
    }
    await producer.disconnect()
    await work(config, kafka)
  }
  await createEventsTopic(kafka)
  await send(0, handshakes)
  return {
    ...{ brokers: stack.brokers.join(','), registryUrl: stack.registryUrl, send },
    hasRead: (groupId, names) => hasRead(kafka, groupId, names),
    kinds: (topic) => kindsOf(stack.registryUrl, topic),
    rows: (topic) => rowsOf({ kafka, topic, registryUrl: stack.registryUrl }),
    names: async () =>
      (await adminOf(kafka, (admin) => admin.listTopics())).filter((name) => !name.startsWith('__')),
    async stop() {
      await simulator.stop()
      await stack.stop()
    },
  }
}

function configOf({ folder, stack, simulator, records }) {
  const file = join(folder, 'attestr-kafka.yaml')
  const { authToken, clientSecret } = DEVELOPMENT_CREDENTIAL
  const flows = Object.fromEntries(simulator.source.flows.map(({ flowId, stages }) => [flowId, stages]))
  const text = JSON.stringify({
    attestr: { baseUrl: simulator.baseUrl, credentials: [{ id: 'main', authToken, clientSecret }] },
    kafka: { brokers: stack.brokers },
    schemaRegistry: { url: stack.registryUrl },
    topics: { events: [EVENTS], verified: VERIFIED, retry: [], partitions: 4 },
    ...{ catalogue: { flows }, records, ops: { port: 0 } },
  })
  writeFileSync(file, text)
  const loaded = loadConfig({ file, sets: [], env: {} })
  if ('problems' in loaded) throw new Error(loaded.problems.join('\n'))
  return loaded.config
}

/** Runs a connector until every event has an outcome. */
async function work(config, kafka) {
  const log = createLog({ level: 'error', pretty: false })
  const { connector, stop } = await startService({ config, version: 'dev', env: {}, log })
  await connector.start()
  await until('all events have ended', () => isCaughtUp(kafka, config.kafka.groupId))
  await connector.stop()
  await stop()
}

const isCaughtUp = (kafka, groupId) =>
  adminOf(kafka, async (admin) => {
    const ends = await admin.fetchTopicOffsets(EVENTS)
    const [answer] = await admin.fetchOffsets({ groupId, topics: [EVENTS] })
    const committed = new Map(answer?.partitions.map((one) => [one.partition, Number(one.offset)]))
    return ends.every(({ partition, high }) => Number(high) === 0 || committed.get(partition) >= Number(high))
  })

/** Whether a group has read topics to their ends. Behind the last record lies the marker of its transaction. */
const hasRead = (kafka, groupId, topics) =>
  adminOf(kafka, async (admin) => {
    const committed = await admin.fetchOffsets({ groupId, topics })
    for (const { topic, partitions } of committed) {
      const offsets = new Map(partitions.map(({ partition, offset }) => [partition, Number(offset)]))
      for (const { partition, low, high } of await admin.fetchTopicOffsets(topic)) {
        if (high !== low && offsets.get(partition) < Number(high) - 1) return false
      }
    }
    return true
  })

const createEventsTopic = (kafka) =>
  adminOf(kafka, (admin) =>
    admin.createTopics({ topics: [{ topic: EVENTS, numPartitions: 4 }], waitForLeaders: true }),
  )

async function adminOf(kafka, work) {
  const admin = kafka.admin()
  await admin.connect()
  try {
    return await work(admin)
  } finally {
    await admin.disconnect()
  }
}

/** Every record of a topic, decoded, as the reference for what a warehouse has loaded. */
async function rowsOf({ kafka, topic, registryUrl }) {
  const registry = new SchemaRegistry({ host: registryUrl })
  const ends = await adminOf(kafka, (admin) => admin.fetchTopicOffsets(topic))
  const left = new Map(
    ends.filter(({ low, high }) => low !== high).map((one) => [one.partition, Number(one.high)]),
  )
  const rows = []
  if (left.size === 0) return rows
  const consumer = kafka.consumer({ groupId: `rows-${topic}-${Math.random()}`, maxWaitTimeInMs: 50 })
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) => {
    if (Number(payload.lastOffset) + 1 >= left.get(payload.partition)) left.delete(payload.partition)
  })
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ message }) => void rows.push(await registry.decode(message.value)),
  })
  await until(`the end of ${topic}`, () => left.size === 0)
  await consumer.disconnect()
  return rows
}

/** The fields of a topic's records, each with its logical type or its type. */
async function kindsOf(registryUrl, topic) {
  const answer = await fetch(`${registryUrl}/subjects/${topic}-value/versions/latest`)
  const { fields } = JSON.parse((await answer.json()).schema)
  const kindOf = (type) => (typeof type === 'string' ? type : (type.logicalType ?? type.type))
  return new Map(fields.map(({ name, type }) => [name, kindOf(Array.isArray(type) ? type[1] : type)]))
}

export async function until(what, holds, withinMs = 120_000) {
  const end = performance.now() + withinMs
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`not within ${withinMs} ms: ${what}`)
    await delay(200)
  }
}
