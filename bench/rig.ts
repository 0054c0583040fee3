import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Admin, Kafka, Producer } from 'kafkajs'
import { type Backlog, type BacklogOptions, fillBacklog } from './backlog.js'
import { PARTITIONS } from './cells.js'
import {
  createKafkaClient,
  type KafkaConnection,
  type Log,
  type Profile,
  type Stack,
  startStack,
} from './product.js'
import { type SimulatorProcess, startSimulatorProcess } from './simulator.js'

/** Broker, registry, simulators and backlogs that all runs share. */
export interface Rig {
  readonly stack: Stack
  /** How long its start took; of one that was given, next to nothing. */
  readonly stackSeconds: number
  readonly connection: KafkaConnection
  /** Made anew for each use: one that has known a deleted topic fails on the next. */
  withProducer<T>(use: (producer: Producer) => Promise<T>): Promise<T>
  readonly log: Log
  /** For files of the runs; removed at the end. */
  readonly folder: string
  readonly say: (line: string) => void
  createTopics(names: readonly string[], settings?: Readonly<Record<string, string>>): Promise<void>
  /** Deletes every topic whose name begins with this. */
  deleteTopics(prefix: string): Promise<void>
  /** Events of a topic that a group has done: events topics have no gaps. */
  committedEvents(groupId: string, topic: string): Promise<number>
  /** A name that no other run has. */
  name(): string
  /** The simulator with these settings, started when first asked for. Only one runs at a time. */
  simulator(settings: { readonly latencyMs: number; readonly profile: Profile }): Promise<SimulatorProcess>
  /** A topic that holds these events, made when first asked for. */
  backlog(options: BacklogOptions): Promise<Backlog>
  close(): Promise<void>
}

const quiet = (): void => undefined
const LOG: Log = { debug: quiet, info: quiet, warn: quiet, error: quiet }

export async function openRig(say: (line: string) => void): Promise<Rig> {
  const startedAt = performance.now()
  const stack = await startStack({ env: process.env, say, longLived: true })
  const stackSeconds = (performance.now() - startedAt) / 1000
  const connection: KafkaConnection = {
    brokers: stack.brokers,
    clientId: 'bench',
    ssl: false,
    sasl: null,
  }
  const kafka = createKafkaClient(connection, 'admin', LOG)
  const admin = kafka.admin()
  await admin.connect()
  const folder = mkdtempSync(join(tmpdir(), 'attestr-bench-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const session = folder.slice(-6).toLowerCase()
  const backlogs = new Map<string, Promise<Backlog>>()
  let simulator: { readonly key: string; readonly process: SimulatorProcess } | null = null
  let names = 0

  const rig: Rig = {
    ...{ stack, stackSeconds, connection, folder, say, log: LOG },
    withProducer: (use) => withProducer(kafka, use),
    name() {
      names += 1
      return `bench-${session}-${names}`
    },
    createTopics: (topics, settings = {}) => createTopics(admin, topics, settings),
    async deleteTopics(prefix) {
      const topics = (await admin.listTopics()).filter((topic) => topic.startsWith(prefix))
      if (topics.length > 0) await admin.deleteTopics({ topics })
    },
    async committedEvents(groupId, topic) {
      const [answer] = await admin.fetchOffsets({ groupId, topics: [topic] })
      return (answer?.partitions ?? []).reduce((sum, { offset }) => sum + Math.max(0, Number(offset)), 0)
    },
    async simulator(settings) {
      const key = JSON.stringify(settings)
      if (simulator?.key === key) return simulator.process
      await simulator?.process.stop()
      simulator = null
      simulator = { key, process: await startSimulatorProcess(settings) }
      return simulator.process
    },
    backlog(options) {
      const key = JSON.stringify(options)
      const known = backlogs.get(key) ?? fillBacklog(rig, options)
      backlogs.set(key, known)
      return known
    },
    async close() {
      await simulator?.process.stop().catch(() => undefined)
      await admin.disconnect().catch(() => undefined)
      await stack.stop()
    },
  }
  return rig
}

async function withProducer<T>(kafka: Kafka, use: (producer: Producer) => Promise<T>): Promise<T> {
  // Idempotent: another one may repeat a send whole while a new topic has no leaders yet.
  const producer = kafka.producer({ idempotent: true, allowAutoTopicCreation: false })
  await producer.connect()
  try {
    return await use(producer)
  } finally {
    await producer.disconnect()
  }
}

async function createTopics(
  admin: Admin,
  names: readonly string[],
  settings: Readonly<Record<string, string>>,
): Promise<void> {
  const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }))
  await admin.createTopics({
    // The library's own wait throws for a topic that was just created.
    waitForLeaders: false,
    topics: names.map((topic) => ({ topic, numPartitions: PARTITIONS, configEntries })),
  })
  for (const topic of names) {
    while (!(await hasLeaders(admin, topic))) await delay(50)
  }
}

async function hasLeaders(admin: Admin, topic: string): Promise<boolean> {
  try {
    return (await admin.fetchTopicOffsets(topic)).length === PARTITIONS
  } catch {
    return false
  }
}
