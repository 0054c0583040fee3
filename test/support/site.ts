import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '../../src/config/load.js'
import type { Finish } from '../../src/connector.js'
import { createLog } from '../../src/io/ops/log.js'
import { startService } from '../../src/service.js'
import { DEVELOPMENT_CREDENTIAL, type SimulatorCredential } from '../../src/simulator/credentials.js'
import { createEvents, type Events } from '../../src/simulator/events.js'
import { handshakeIdFor } from '../../src/simulator/ids.js'
import { type Simulator, type SimulatorOptions, startSimulator } from '../../src/simulator/server.js'
import { type BrokerRow, connectBroker, type NewMessage, type TestBroker, uniqueName } from './broker.js'
import { decodeDeadLetters, decodeDelays, decodeOutcomes, decodeRecords, type RawRow } from './decode-rows.js'
import { type Instance, type LogLine, startInstance } from './instance.js'
import { describeViolations, type InputMessage, type JudgeOptions, judge } from './judge.js'
import { type StackAddress, stack } from './stack.js'
import { until } from './until.js'

export interface SiteOptions {
  readonly partitions?: number
  /** Of the retry topics; none if left out. */
  readonly delaysMs?: readonly number[]
  /** False: the events topic is not made. */
  readonly createEvents?: boolean
  readonly settings?: Readonly<Record<string, unknown>>
  readonly simulator?: SimulatorOptions
  /** Instead of the one of the test run: for the connector and for the test itself. */
  readonly stack?: StackAddress
  /** Instead of those of the stack, for the connector alone. */
  readonly brokers?: readonly string[]
  readonly registryUrl?: string
  readonly baseUrl?: string
  /** Of the simulator and the connector; the development credential if left out. */
  readonly credential?: SimulatorCredential
}

/** The operations endpoint of a connector. */
export interface Endpoint {
  readonly port: number
  get(path: string): Promise<{ readonly status: number; readonly text: string }>
  status(): Promise<EndpointStatus>
  resume(body: object): Promise<{ readonly status: number; readonly text: string }>
  /** Value of the first sample that begins with this text; 0 when there is none. */
  metric(start: string): Promise<number>
}

export type ExpectedEnd = NonNullable<InputMessage['expected']>

export interface EndpointStatus {
  readonly ready: boolean
  readonly state: string
  readonly reason: string | null
  readonly lagEvents: number
  readonly delayedEvents: number
  readonly lagSeconds: number
  readonly partitions: readonly {
    readonly topic: string
    readonly partition: number
    readonly state: string
    readonly pausedFor: readonly string[]
    readonly position: number
  }[]
}

/** A connector in this process, on the real edges. */
export interface Here extends Endpoint {
  readonly lines: readonly LogLine[]
  /** Ends when the connector has started or cannot. */
  readonly started: Promise<void>
  readonly finished: Promise<Finish>
  stop(): Promise<void>
}

/** A simulator, topics, a group and a configuration of its own on the shared stack. */
export interface Site {
  readonly broker: TestBroker
  readonly simulator: Simulator
  readonly events: Events
  readonly topics: {
    readonly events: string
    readonly verified: string
    readonly deadLetter: string
    readonly outcomes: string
    readonly replay: string
  }
  readonly retryTopics: readonly string[]
  readonly groupId: string
  readonly configFile: string
  /** Variables that the configuration names. */
  readonly env: Readonly<Record<string, string>>
  handshakeId(n: number): string
  send(messages: readonly NewMessage[], partition?: number): Promise<void>
  here(...sets: string[]): Promise<Here>
  process(...sets: string[]): Instance
  /** Every message of the events topic has a committed offset behind it. */
  caughtUp(): Promise<boolean>
  committed(partition: number): Promise<number>
  rows(topic: string): Promise<BrokerRow[]>
  outcomes(): Promise<ReturnType<typeof decodeOutcomes>>
  deadLetters(): Promise<ReturnType<typeof decodeDeadLetters>>
  /** Every outcome has been written, by its source as `partition@offset`. */
  outcomeOf(source: string): Promise<string | undefined>
  /** Empty when all is right, else a line a violation. In: `expected` ends by source, as `partition@offset`. */
  violations(options?: JudgeOptions, expected?: ReadonlyMap<string, ExpectedEnd>): Promise<string>
  close(): Promise<void>
}

export const SEED = 11

export async function createSite(options: SiteOptions = {}): Promise<Site> {
  const at = options.stack ?? stack()
  const broker = await connectBroker(at.brokers)
  const credential = options.credential ?? DEVELOPMENT_CREDENTIAL
  const simulator = await startSimulator({
    ...{ seed: SEED, profile: 'small', credentials: [credential] },
    ...options.simulator,
  })
  const name = uniqueName('site')
  const topics = {
    ...{ events: `${name}.events`, verified: `${name}.verified` },
    ...{ deadLetter: `${name}.dead`, outcomes: `${name}.outcomes`, replay: `${name}.replay` },
  }
  const retry = (options.delaysMs ?? []).map((delayMs) => ({ topic: `${name}.retry.${delayMs}`, delayMs }))
  const groupId = `${name}.group`
  const partitions = options.partitions ?? 2
  if (options.createEvents !== false) await broker.createTopic({ exact: topics.events, partitions })
  const folder = mkdtempSync(join(tmpdir(), 'attestr-site-'))
  const configFile = join(folder, 'attestr-kafka.yaml')
  writeFileSync(
    configFile,
    JSON.stringify(configOf({ options, at, simulator, topics, retry, groupId, partitions })),
  )
  const env = {
    SITE_AUTH_TOKEN: credential.authToken,
    SITE_CLIENT_SECRET: credential.clientSecret,
  }
  const instances: Instance[] = []
  const heres: Here[] = []

  const raw = async (topic: string): Promise<RawRow[]> =>
    (await broker.rows(topic)).map((row) => ({ ...row, transaction: null }))
  const outcomes = async () => decodeOutcomes(await raw(topics.outcomes))
  const deadLetters = async () => decodeDeadLetters(await raw(topics.deadLetter))
  const delaysOn = async (topic: string) =>
    decodeDelays(
      (await broker.rows(topic)).map((row) => ({
        ...{ ...row, transaction: null },
        headers: Object.fromEntries(Object.entries(row.headers).map(([key, value]) => [key, String(value)])),
      })),
    )

  return {
    ...{ broker, simulator, topics, groupId, configFile, env, outcomes, deadLetters },
    retryTopics: retry.map(({ topic }) => topic),
    events: createEvents(simulator.source),
    handshakeId: (n) => handshakeIdFor(SEED, n),
    send: (messages, partition) =>
      broker.append(
        partition === undefined ? { topic: topics.events } : { topic: topics.events, partition },
        messages,
      ),
    async here(...sets) {
      const here = await startHere(configFile, sets, env)
      heres.push(here)
      return here
    },
    process(...sets) {
      const instance = startInstance({ config: configFile, sets, env })
      instances.push(instance)
      return instance
    },
    async caughtUp() {
      const ends = await broker.admin.fetchTopicOffsets(topics.events)
      const answers = await broker.admin.fetchOffsets({ groupId, topics: [topics.events] }).catch(noneYet)
      const [answer] = answers
      const committed = new Map(answer?.partitions.map((one) => [one.partition, Number(one.offset)]))
      return ends.every(
        ({ partition, low, high }) => high === low || (committed.get(partition) ?? -1) >= Number(high),
      )
    },
    committed: (partition) => broker.committed(groupId, { topic: topics.events, partition }),
    rows: (topic) => broker.rows(topic),
    async outcomeOf(source) {
      const found = await outcomes()
      return found.find((row) => `${row.source.partition}@${row.source.offset}` === source)?.outcome
    },
    async violations(judging, expected) {
      const inputs = (await broker.rows(topics.events)).map(({ topic, partition, offset }): InputMessage => {
        const end = expected?.get(`${partition}@${offset}`)
        return { at: { topic, partition, offset }, ...(end === undefined ? {} : { expected: end }) }
      })
      const evidence = {
        inputs,
        calls: simulator.ledger.counts(),
        outcomes: await outcomes(),
        records: decodeRecords(await raw(topics.verified)),
        deadLetters: await deadLetters(),
        delays: (await Promise.all(retry.map(({ topic }) => delaysOn(topic)))).flat(),
      }
      return describeViolations(judge(evidence, judging))
    },
    async close() {
      await Promise.all(heres.map((here) => here.stop()))
      for (const instance of instances) if (instance.isAlive()) instance.kill('SIGKILL')
      await until('instances have ended', () => instances.every((instance) => !instance.isAlive()))
      await Promise.all([simulator.stop(), broker.close()])
      rmSync(folder, { recursive: true })
    },
  }
}

/** A coordinator that is still loading, or moves, knows no offsets. */
function noneYet(error: unknown): [] {
  if (error instanceof Error && 'retriable' in error && error.retriable === true) return []
  throw error
}

interface ConfigParts {
  readonly options: SiteOptions
  readonly at: StackAddress
  readonly simulator: Simulator
  readonly topics: Site['topics']
  readonly retry: readonly object[]
  readonly groupId: string
  readonly partitions: number
}

/** JSON is YAML. Settings are merged section by section; a list stands for itself. */
function configOf({ options, at, simulator, topics, retry, groupId, partitions }: ConfigParts): object {
  const config: Record<string, object> = {
    attestr: {
      baseUrl: options.baseUrl ?? simulator.baseUrl,
      credentials: [
        {
          id: 'main',
          // biome-ignore lint/suspicious/noTemplateCurlyInString: the configuration's own syntax
          authToken: '${SITE_AUTH_TOKEN}',
          // biome-ignore lint/suspicious/noTemplateCurlyInString: the configuration's own syntax
          clientSecret: '${SITE_CLIENT_SECRET}',
        },
      ],
    },
    kafka: {
      ...{ brokers: options.brokers ?? at.brokers, groupId },
      ...{ sessionTimeoutMs: 6000, rebalanceDrainMs: 2000 },
    },
    schemaRegistry: { url: options.registryUrl ?? at.registryUrl },
    topics: { ...topics, events: [topics.events], retry, partitions, replicationFactor: 1 },
    ops: { port: 0 },
  }
  for (const [section, members] of Object.entries(options.settings ?? {})) {
    const isMap = typeof members === 'object' && !Array.isArray(members)
    config[section] = isMap ? { ...config[section], ...members } : (members as object)
  }
  return config
}

async function startHere(
  file: string,
  sets: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Here> {
  const loaded = loadConfig({ file, sets, env })
  if ('problems' in loaded) throw new Error(loaded.problems.join('\n'))
  const lines: LogLine[] = []
  const stream = { write: (line: string) => void lines.push(JSON.parse(line) as LogLine) }
  const log = createLog({ level: 'debug', pretty: false, stream })
  const { connector, opsPort, stop } = await startService({
    ...{ config: loaded.config, version: 'test', env: {}, log },
  })
  const started = connector.start()
  // Whoever does not wait for the start learns of its end by `finished` or by a condition.
  started.catch(() => undefined)
  let stopping: Promise<void> | null = null
  return {
    ...endpointAt(opsPort),
    ...{ lines, started, finished: connector.finished },
    stop() {
      stopping ??= connector.stop().then(stop)
      return stopping
    },
  }
}

/** The operations endpoint on this port of this machine. */
export function endpointAt(port: number): Endpoint {
  const get: Endpoint['get'] = async (path) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`)
    return { status: response.status, text: await response.text() }
  }
  return {
    ...{ port, get },
    status: async () => JSON.parse((await get('/status')).text) as EndpointStatus,
    async resume(body) {
      const init = { method: 'POST', body: JSON.stringify(body) }
      const response = await fetch(`http://127.0.0.1:${port}/resume`, init)
      return { status: response.status, text: await response.text() }
    },
    async metric(start) {
      const { text } = await get('/metrics')
      const line = text.split('\n').find((one) => one.startsWith(start))
      return line === undefined ? 0 : Number(line.slice(line.lastIndexOf(' ')))
    },
  }
}

/** The endpoint of a process, once it has said where it listens. */
export async function endpointOf(instance: Instance): Promise<Endpoint> {
  const portOf = () => instance.lines.find(({ event }) => event === 'started')?.['ops']
  await until('the process listens', () => portOf() !== undefined)
  return endpointAt(Number(portOf()))
}
