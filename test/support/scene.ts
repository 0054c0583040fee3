import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Producer } from 'kafkajs'
import { createKafkaAdmin, type KafkaAdmin } from '../../src/io/kafka/admin.js'
import { createKafkaClient, type KafkaConnection } from '../../src/io/kafka/client.js'
import { readToEnd } from '../../src/io/kafka/reader.js'
import { createMemoryLog } from '../../src/io/memory/log.js'
import { createSystemClock } from '../../src/io/system/clock.js'
import { DEVELOPMENT_CREDENTIAL } from '../../src/simulator/credentials.js'
import { createEvents, type Events } from '../../src/simulator/events.js'
import { handshakeIdFor } from '../../src/simulator/ids.js'
import { type Simulator, startSimulator } from '../../src/simulator/server.js'
import { decodeDeadLetters, decodeOutcomes, decodeRecords, type RawRow } from './decode-rows.js'
import { type Instance, startInstance } from './instance.js'
import { describeViolations, type InputMessage, type JudgeOptions, judge } from './judge.js'
import { stack } from './stack.js'
import { until } from './until.js'

export interface SceneOptions {
  readonly latencyMs?: number
  readonly partitions?: number
  /** Keys of the configuration, `a.b` to value. */
  readonly settings?: Readonly<Record<string, string | number | boolean>>
  readonly simulator?: Partial<Parameters<typeof startSimulator>[0]>
}

/** A simulator, topics and a configuration of its own on the shared stack. */
export interface Scene {
  readonly simulator: Simulator
  readonly events: Events
  readonly topics: {
    readonly events: string
    readonly verified: string
    readonly deadLetter: string
    readonly outcomes: string
  }
  readonly groupId: string
  readonly connection: KafkaConnection
  readonly admin: KafkaAdmin
  handshakeId(n: number): string
  /** Sends one message for each value, keyed by its handshake id unless a key is given. */
  send(
    messages: readonly { readonly key: string | null; readonly value: string | Buffer | null }[],
  ): Promise<void>
  start(sets?: readonly string[]): Instance
  /** Every message of the events topic has a committed offset behind it. */
  caughtUp(): Promise<boolean>
  read(topic: string): Promise<RawRow[]>
  /** Reads all topics as read_committed; one line a violation, empty when all is right. */
  verdict(
    options?: JudgeOptions,
  ): Promise<{ readonly violations: string; readonly outcomes: number; readonly records: number }>
  close(): Promise<void>
}

export async function createScene(options: SceneOptions = {}): Promise<Scene> {
  const { brokers, registryUrl } = stack()
  const log = createMemoryLog()
  const clock = createSystemClock()
  const connection: KafkaConnection = { brokers, clientId: 'test', ssl: false, sasl: null }
  const admin = createKafkaAdmin(connection, log)
  const name = `t-${randomBytes(5).toString('hex')}`
  const topics = { events: name, verified: `${name}.v`, deadLetter: `${name}.d`, outcomes: `${name}.o` }
  const groupId = `${name}-group`
  const settings = { partitions: options.partitions ?? 12, replicationFactor: 1, config: {} }
  await admin.create(Object.values(topics).map((topic) => ({ topic, ...settings })))
  const simulator = await startSimulator({
    seed: 7,
    latencyMs: options.latencyMs ?? 20,
    profile: 'small',
    ...options.simulator,
  })
  const folder = mkdtempSync(join(tmpdir(), 'attestr-scene-'))
  const config = join(folder, 'attestr-kafka.yaml')
  writeFileSync(config, configText({ ...topics, groupId, brokers, registryUrl, baseUrl: simulator.baseUrl }))
  const fixed = Object.entries(options.settings ?? {}).map(([key, value]) => `${key}=${value}`)
  const instances: Instance[] = []
  const sending: { producer: Producer | null } = { producer: null }
  const reading = { connection, admin, groupId, clock, log }

  const read = async (topic: string): Promise<RawRow[]> => {
    const rows: RawRow[] = []
    await readToEnd(reading, [topic], ({ partition, offset, value }) => {
      rows.push({ topic, partition, offset, value, transaction: null })
      return true
    })
    return rows
  }
  return {
    ...{ simulator, topics, groupId, connection, admin, read },
    events: createEvents(simulator.source),
    handshakeId: (n) => handshakeIdFor(7, n),
    async send(messages) {
      if (sending.producer === null) {
        sending.producer = createKafkaClient(connection, 'admin', log).producer({ idempotent: true })
        await sending.producer.connect()
      }
      await sending.producer.send({ topic: topics.events, messages: [...messages] })
    },
    start(sets = []) {
      const { authToken, clientSecret } = DEVELOPMENT_CREDENTIAL
      const instance = startInstance({
        config,
        sets: [...fixed, ...sets],
        env: { TOKEN: authToken, SECRET: clientSecret },
      })
      instances.push(instance)
      return instance
    },
    async caughtUp() {
      const committed = await admin.committed(groupId, topics.events)
      const ranges = await admin.ranges(topics.events)
      return ranges.every(
        ({ partition, low, high }) => high === low || (committed.get(partition) ?? -1) >= high,
      )
    },
    async verdict(judging) {
      const inputs: InputMessage[] = (await read(topics.events)).map(({ topic, partition, offset }) => ({
        at: { topic, partition, offset },
      }))
      const outcomes = decodeOutcomes(await read(topics.outcomes))
      const records = decodeRecords(await read(topics.verified))
      const deadLetters = decodeDeadLetters(await read(topics.deadLetter))
      const violations = describeViolations(judge({ inputs, outcomes, records, deadLetters }, judging))
      return { violations, outcomes: outcomes.length, records: records.length }
    },
    async close() {
      for (const instance of instances) if (instance.isAlive()) instance.kill('SIGKILL')
      await until('instances have ended', () => instances.every((instance) => !instance.isAlive()))
      await sending.producer?.disconnect()
      await Promise.all([simulator.stop(), admin.close()])
      rmSync(folder, { recursive: true })
    },
  }
}

interface ConfigParts {
  readonly events: string
  readonly verified: string
  readonly deadLetter: string
  readonly outcomes: string
  readonly groupId: string
  readonly brokers: readonly string[]
  readonly registryUrl: string
  readonly baseUrl: string
}

function configText(parts: ConfigParts): string {
  return `attestr:
  baseUrl: ${parts.baseUrl}
  credentials:
    - { id: main, authToken: "\${TOKEN}", clientSecret: "\${SECRET}" }
kafka:
  brokers: [${parts.brokers.map((broker) => `"${broker}"`).join(', ')}]
  groupId: ${parts.groupId}
  sessionTimeoutMs: 3000
  rebalanceDrainMs: 2000
schemaRegistry:
  url: ${parts.registryUrl}
topics: { events: [${parts.events}], verified: ${parts.verified}, deadLetter: ${parts.deadLetter}, outcomes: ${parts.outcomes}, create: false }
`
}
