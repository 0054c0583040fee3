import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Environment } from '../config/environment.js'
import type { Clock, Log } from '../core/ports.js'
import { createKafkaAdmin } from '../io/kafka/admin.js'
import type { KafkaConnection } from '../io/kafka/client.js'
import { openPublisher, removeTraces } from '../io/kafka/publisher.js'
import { createSchemaRegistry } from '../io/registry/client.js'
import { createHandshakeCompletedEncoder } from '../io/registry/handshake-completed.js'
import type { SchemaRegistry } from '../io/registry/registry.js'
import { createSystemClock } from '../io/system/clock.js'
import { createEvents } from '../simulator/events.js'
import { catalogueOf } from '../simulator/results.js'
import { type Simulator, startSimulator } from '../simulator/server.js'
import { type Stack, startStack } from '../stack/stack.js'
import type { RecordForm } from './bounds.js'
import { type ConnectorProcess, startConnectorProcess } from './connector-process.js'
import { DemoFault, stoppedEarly, unlessStopped } from './fault.js'
import { createPlan, type Plan } from './plan.js'
import { NEXT, outcomeTable, type Place, placesText, proofText, sampleText } from './print.js'
import { holds, type Proof, prove } from './proof.js'
import { createReleases, type Releases } from './releases.js'
import { type Progress, runEvents } from './run-events.js'
import {
  DEMO_CANARY,
  DEMO_SECRETS,
  DEMO_SEED,
  type DemoNames,
  demoConfig,
  demoNames,
  demoTypedTopics,
} from './settings.js'

export interface DemoOptions {
  readonly events: number
  readonly form: RecordForm
  /** Leaves everything running until the signal. */
  readonly keep: boolean
  readonly env: Environment
  readonly say: (line: string) => void
  readonly onProgress: (progress: Progress, total: number) => void
  /** Ends the demo wherever it is. */
  readonly signal: AbortSignal
}

/** Everything that runs. */
interface Scene {
  readonly stack: Stack
  readonly simulator: Simulator
  readonly connector: ConnectorProcess
  readonly registry: SchemaRegistry
  readonly connection: KafkaConnection
  readonly names: DemoNames
  readonly plan: Plan
  readonly configFile: string
  readonly clock: Clock
}

/** The demo speaks for itself; of the libraries' complaints it needs none. */
const SILENT: Log = { debug() {}, info() {}, warn() {}, error() {} }
const LATENCY_MS = 20
/** Over the drain time of the connector. */
const STOP_MS = 25_000
const QUICK_STOP_MS = 5_000

/**
 * Runs the connector over a mixed set of events and proves what came out. It is started as users start it, as a process with
 * a configuration file: what the demo shows is then what they will have, and the proof shares no memory with it.
 *
 * Out:    whether the proof holds; everything that was started has ended
 * Throws: StackUnavailable, DemoFault
 * Source: product.md section 11, demo
 */
export async function runDemo(options: DemoOptions): Promise<boolean> {
  const { say, signal } = options
  const releases = createReleases()
  try {
    const scene = await setScene(options, releases)
    const tookMs = await unlessStopped(signal, playEvents(options, scene, releases))
    if (!options.keep) await unlessStopped(signal, stopConnector(scene.connector))
    const proof = await unlessStopped(signal, readProof(options, scene, releases))
    say(report(proof, scene, tookMs))
    if (options.keep) await untilSignal(options, scene)
    return holds(proof)
  } catch (error) {
    if (!signal.aborted) throw error
    say('stopping everything')
    throw stoppedEarly()
  } finally {
    await releases.run()
  }
}

async function setScene(options: DemoOptions, releases: Releases): Promise<Scene> {
  const { env, say, signal } = options
  const stack = await startStack({ env, say, signal })
  releases.add(stack.stop)
  const names = demoNames(stack.kind === 'given')
  const connection = { brokers: stack.brokers, clientId: 'attestr-kafka-demo', ssl: false, sasl: null }
  const { groupId, ...topicNames } = names
  if (stack.kind === 'given') {
    const topics = [...Object.values(topicNames), ...demoTypedTopics(names)]
    releases.add(() => removeTraces(connection, { topics, groupId }, SILENT))
  }
  const plan = createPlan(options.events, DEMO_SEED)
  const simulator = await startSimulator({
    ...{ seed: DEMO_SEED, latencyMs: LATENCY_MS, canary: DEMO_CANARY, script: plan.script },
  })
  releases.add(simulator.stop)
  const folder = await mkdtemp(join(tmpdir(), 'attestr-kafka-demo-'))
  releases.add(() => rm(folder, { recursive: true, force: true }))
  const configFile = join(folder, 'attestr-kafka.yaml')
  const addresses = { ...stack, baseUrl: simulator.baseUrl }
  await writeFile(
    configFile,
    demoConfig(addresses, names, catalogueOf(simulator.source).stages, options.form),
  )
  signal.throwIfAborted()
  say('starting the connector: attestr-kafka run')
  const connector = startConnectorProcess(configFile, { ...env, ...DEMO_SECRETS })
  releases.add(() => connector.stop(QUICK_STOP_MS))
  const registry = openRegistry(stack.registryUrl)
  releases.add(() => registry.close())
  const clock = createSystemClock()
  return { stack, simulator, connector, registry, connection, names, plan, configFile, clock }
}

async function playEvents(options: DemoOptions, scene: Scene, releases: Releases): Promise<number> {
  const { plan, simulator, connector, registry, connection, names, clock } = scene
  await Promise.race([connector.opsUrl, connector.ended])
  const writers = {
    events: createEvents(simulator.source),
    avro: await createHandshakeCompletedEncoder(registry, names.events),
  }
  const publisher = await openPublisher(connection, names.events, SILENT)
  releases.add(publisher.close)
  return runEvents({
    ...{ plan, writers, publisher, connector, clock, signal: options.signal },
    onProgress: (progress) => options.onProgress(progress, plan.events.length),
  })
}

async function stopConnector(connector: ConnectorProcess): Promise<void> {
  const how = await connector.stop(STOP_MS)
  if (how === 'exit code 0') return
  throw new DemoFault(
    `the connector did not stop in order: ${how}`,
    `Its log ends with:\n${connector.lastLines().join('\n')}`,
  )
}

async function readProof({ say }: DemoOptions, scene: Scene, releases: Releases): Promise<Proof> {
  const { connection, clock, names, plan, registry } = scene
  say('reading all topics as read_committed')
  const admin = createKafkaAdmin(connection, SILENT)
  releases.add(() => admin.close())
  return prove({
    reader: { connection, admin, clock, groupId: `${names.groupId}.proof`, log: SILENT },
    ...{ registry, names },
    events: plan.events.length,
    expected: plan.expected,
  })
}

function report(proof: Proof, { plan, simulator }: Scene, tookMs: number): string {
  const seconds = (tookMs / 1000).toFixed(1)
  return [
    `\n${plan.events.length.toLocaleString('en-US')} events in ${seconds} s\n`,
    outcomeTable(proof, plan.expected),
    sampleText('verified record', proof.verified),
    sampleText('dead letter', proof.deadLetter),
    proofText(proof, simulator.ledger.summary()),
    placesText('Where to look next', NEXT),
  ].join('\n')
}

/** Says where everything is and waits for the signal, or for the connector to end. */
async function untilSignal({ say, signal }: DemoOptions, scene: Scene): Promise<void> {
  const { stack, simulator, connector, configFile, names } = scene
  const opsUrl = await connector.opsUrl
  const places: readonly Place[] = [
    { what: 'broker', where: stack.brokers.join(',') },
    { what: 'topics', where: `${names.events} ${names.verified} ${names.deadLetter} ${names.outcomes}` },
    { what: 'registry', where: stack.registryUrl },
    { what: 'operations', where: `${opsUrl}/status  ${opsUrl}/metrics  ${opsUrl}/readyz` },
    { what: 'simulator', where: `${simulator.baseUrl}  ledger of calls: ${simulator.url}/ledger` },
    { what: 'configuration', where: configFile },
  ]
  say(placesText('\nStill running, until Ctrl-C', places))
  say(`For example, in another terminal:\n  curl -s ${opsUrl}/status`)
  say(`  curl -s ${simulator.url}/ledger?limit=1\n`)
  const stopped = new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
  const ended = connector.ended.then((how) => say(`the connector ended: ${how}`))
  await Promise.race([stopped, ended])
}

function openRegistry(url: string): SchemaRegistry {
  return createSchemaRegistry({ url, username: null, password: null, token: null, ca: null, register: true })
}
