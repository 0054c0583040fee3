import { readFileSync } from 'node:fs'
import { type TypedKind, typedKindsOf } from './catalogue/typed-kinds.js'
import type { Config } from './config/config.js'
import { topicsRead } from './config/topics-read.js'
import { encodersOf } from './configured-encoders.js'
import type { Edges, StartWait } from './connector.js'
import type { Clock, Log, MediaStore, Metrics } from './core/ports.js'
import type { Departures } from './core/work.js'
import { createResultApi } from './io/attestr/http.js'
import { createKafkaAdmin, type KafkaAdmin } from './io/kafka/admin.js'
import { createAtLeastOnceDelivery } from './io/kafka/at-least-once.js'
import type { KafkaConnection } from './io/kafka/client.js'
import { createOutcomesTellOf } from './io/kafka/outcomes.js'
import { loadKafkajs } from './io/kafka/patches.js'
import { createKafkaSource } from './io/kafka/source.js'
import { ensureTopics, StartRefused, settleFirstOffsets, untilItWorks } from './io/kafka/topics.js'
import { createTransactionalDelivery } from './io/kafka/transactional.js'
import { createFileMediaStore } from './io/media/files.js'
import { createSchemaRegistry, type RegistryOptions } from './io/registry/client.js'
import { createEventReader } from './io/registry/events.js'
import { createOutcomeSourceReader } from './io/registry/outcomes.js'
import type { SchemaRegistry } from './io/registry/registry.js'
import type { ReplaceableEncoders } from './io/registry/replaceable-encoders.js'
import { createDepartures } from './io/system/departures.js'
import { createTurns } from './io/system/turns.js'

export interface RealEdgesOptions {
  readonly config: Config
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  readonly signal: AbortSignal
  /** What does not answer, while it is waited for; null when it has. */
  readonly waitsFor?: (reason: StartWait | null) => void
  /** Proxy of the environment, used only where `attestr.proxyUrl` says `env`. */
  readonly environmentProxy: string | null
}

/** Brokers, registry and API of the configuration. A broker or registry that is down is waited for. Throws StartRefused, RegistryRefused. */
export async function openRealEdges(options: RealEdgesOptions): Promise<Edges> {
  const { config } = options
  const connection = connectionOf(config)
  const admin = createKafkaAdmin(connection, options.log)
  const registry = registryOf(config)
  const kinds = typedKindsOf(config)
  try {
    await prepareTopics(options, connection, admin, kinds)
    const waiting = { ...options, waits: <T>(ask: () => Promise<T>) => told(options, 'registry-down', ask) }
    const encoders = await encodersOf(waiting, registry, kinds)
    return assemble(options, { kinds, connection, admin, registry, encoders })
  } catch (error) {
    await Promise.all([admin.close(), registry.close()])
    throw error
  }
}

/** The same operation, which says whether it is waited for. */
function told<T>(
  { waitsFor }: RealEdgesOptions,
  reason: StartWait,
  operation: () => Promise<T>,
): () => Promise<T> {
  return async () => {
    try {
      const done = await operation()
      waitsFor?.(null)
      return done
    } catch (error) {
      waitsFor?.(reason)
      throw error
    }
  }
}

interface Opened {
  readonly kinds: readonly TypedKind[]
  readonly connection: KafkaConnection
  readonly admin: KafkaAdmin
  readonly registry: SchemaRegistry
  readonly encoders: ReplaceableEncoders
}

function assemble(options: RealEdgesOptions, opened: Opened): Edges {
  const { kinds, connection, admin, registry, encoders } = opened
  const { config, clock, log, metrics } = options
  const { kafka, topics } = config
  const media = mediaStoreOf(config)
  const { CompressionTypes } = loadKafkajs()
  const compression = kafka.compression === 'gzip' ? CompressionTypes.GZIP : CompressionTypes.None
  const shared = { connection, groupId: kafka.groupId, log }
  const source = createKafkaSource({
    ...{ ...shared, topics: topicsRead(topics), clock, metrics },
    sessionTimeoutMs: kafka.sessionTimeoutMs,
    rebalanceDrainMs: kafka.rebalanceDrainMs,
  })
  const delivering = { ...shared, admin, compression, transactionTimeoutMs: kafka.transactionTimeoutMs }
  const delivery =
    config.delivery === 'exactly-once'
      ? createTransactionalDelivery({ ...delivering, outputTopics: topicsWritten(topics, kinds) })
      : createAtLeastOnceDelivery(delivering, source)
  const departures = createDepartures()
  const api = resultApiOf(options, departures)
  return {
    source,
    delivery,
    api,
    readAvro: createEventReader({ registry }),
    encoders,
    ...(media === null ? {} : { media }),
    turn: createTurns(departures),
    retentionOf: (topic) => admin.retentionMs(topic),
    endsOf: async (topic) =>
      new Map((await admin.ranges(topic)).map(({ partition, high }) => [partition, high])),
    async close() {
      await Promise.all([delivery.close(), api.close(), registry.close(), admin.close()])
    },
  }
}

function topicsWritten(topics: Config['topics'], kinds: readonly TypedKind[]): readonly string[] {
  const { verified, deadLetter, outcomes, evidence, retry } = topics
  const named = [verified, ...kinds.map(({ topic }) => topic), deadLetter, outcomes, evidence]
  return [...named.filter((topic) => typeof topic === 'string'), ...retry.map(({ topic }) => topic)]
}

async function prepareTopics(
  options: RealEdgesOptions,
  connection: KafkaConnection,
  admin: KafkaAdmin,
  kinds: readonly TypedKind[],
): Promise<void> {
  const { config, clock, log } = options
  const { topics, kafka } = config
  const typed = kinds.map(({ topic }) => topic)
  const tellOf = createOutcomesTellOf(
    { connection, admin, groupId: kafka.groupId, clock, log },
    createOutcomeSourceReader(),
  )
  const { events, startFrom } = topics
  const offsets = { groupId: kafka.groupId, events, startFrom }
  await untilItWorks({
    ...options,
    what: 'Kafka',
    operation: told(options, 'broker-down', async () => {
      const created = new Set(await ensureTopics(admin, { ...topics, typed }, log))
      // On a topic just made there is nothing yet, and it may have no leader to ask.
      const outcomes = created.has(topics.outcomes ?? '') ? null : topics.outcomes
      const delayed = topicsRead(topics).filter((topic) => !events.includes(topic) && !created.has(topic))
      await settleFirstOffsets(admin, { ...offsets, outcomes, delayed }, tellOf)
    }),
    isPassing: (error) => !(error instanceof StartRefused),
  })
}

/** How to reach the brokers of a configuration. Reads the files that it names. */
export function connectionOf({ kafka }: Config): KafkaConnection {
  const { brokers, clientId, ssl, sasl } = kafka
  if (typeof ssl === 'boolean') return { brokers, clientId, ssl, sasl }
  const files = {
    ...(ssl.caFile === null ? {} : { ca: readFileSync(ssl.caFile, 'utf8') }),
    ...(ssl.certFile === null ? {} : { cert: readFileSync(ssl.certFile, 'utf8') }),
    ...(ssl.keyFile === null ? {} : { key: readFileSync(ssl.keyFile, 'utf8') }),
  }
  return { brokers, clientId, ssl: files, sasl }
}

/** Where media are kept; null: they are dropped. */
export function mediaStoreOf({ privacy }: Config): MediaStore | null {
  const { directory } = privacy.media
  return directory === null ? null : createFileMediaStore(directory)
}

/** The schema registry of a configuration. */
export function registryOf(config: Config): SchemaRegistry {
  return createSchemaRegistry(registryOptionsOf(config))
}

/** How to reach the schema registry of a configuration. Reads the file that it names. */
export function registryOptionsOf({ schemaRegistry }: Config): RegistryOptions {
  const { url, username, password, token, caFile, register } = schemaRegistry
  const ca = caFile === null ? null : readFileSync(caFile)
  return { url, username, password, token, register, ca }
}

function resultApiOf({ config, clock, environmentProxy }: RealEdgesOptions, departures: Departures) {
  const { attestr, fetch } = config
  return createResultApi({
    baseUrl: attestr.baseUrl,
    version: attestr.version,
    // A connection that has just been used is free a turn later: spare ones let the next call go at once.
    connections: Math.ceil(fetch.concurrency * 1.5) + 8,
    timeoutMs: fetch.timeoutMs,
    maxResponseBytes: fetch.maxResponseBytes,
    proxyUrl: attestr.proxyUrl === 'env' ? environmentProxy : attestr.proxyUrl,
    ...(attestr.caFile === null ? {} : { ca: readFileSync(attestr.caFile) }),
    ...{ clock, departures },
  })
}
