import { createCatalogue } from './catalogue/index.js'
import { layoutOf } from './catalogue/layout.js'
import { createShapeOf } from './catalogue/shape.js'
import { namedTypes, typedKindsOf } from './catalogue/typed-kinds.js'
import type { Config } from './config/config.js'
import { createConfiguredMedia, createConfiguredProtect, sealerOf } from './configured-privacy.js'
import type { CredentialChoice } from './core/credentials.js'
import type { Drift } from './core/drift.js'
import { createPolicy } from './core/policy.js'
import type {
  Clock,
  EventReader,
  Log,
  MediaStore,
  MediaStoreDown,
  Metrics,
  Random,
  ResultApi,
} from './core/ports.js'
import type { RateFeedback } from './core/rate.js'
import { createStageTypeOf, type StageTypeOf } from './core/stage-type.js'
import type { Path, Turn } from './core/work.js'
import { createPath } from './pipeline.js'
import type { Supervisor } from './run/supervisor.js'
import { createDecode } from './steps/decode.js'
import { readEnvelope } from './steps/envelope.js'
import { createEvidence, type EvidenceOf } from './steps/evidence.js'
import { createFetch } from './steps/fetch.js'
import { createFlatten } from './steps/flatten.js'
import type { RecordForms } from './steps/record-outputs.js'
import { createRoute, type RouteDeps } from './steps/route.js'
import { createStoreMedia, type StoreMedia } from './steps/store-media.js'
import { createTyped } from './steps/typed.js'
import { createVerify } from './steps/verify.js'

export interface PathParts {
  readonly config: Config
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly metrics: Metrics
  readonly api: ResultApi
  readonly readAvro: EventReader
  readonly encoders: RouteDeps['encoders']
  readonly supervisor: Supervisor
  readonly rate: RateFeedback
  readonly drift: Drift
  readonly credentials: CredentialChoice
  readonly media?: MediaStore
  readonly turn?: Turn
}

/** The path with its steps as a configuration says. */
export function createConfiguredPath(parts: PathParts): Path {
  const { config, clock, random, metrics, log, supervisor } = parts
  const protect = createConfiguredProtect(config)
  const now = (): number => clock.now()
  const turn = parts.turn === undefined ? {} : { turn: parts.turn }
  return createPath({
    eventTopics: config.topics.events,
    clock,
    ...turn,
    decode: createDecode({
      ...{ readAvro: parts.readAvro, protect, now },
      fetchEvents: config.events.fetch,
      ignoreEvents: config.events.ignore,
    }),
    credentials: parts.credentials,
    fetch: createFetch({
      ...{ api: parts.api, health: supervisor, rate: parts.rate, clock, random, metrics, readEnvelope },
      limits: config.fetch,
      hasRetryTopics: config.topics.retry.length > 0,
      classify: createPolicy(config.policy),
      ...turn,
    }),
    verify: createVerify({
      ...{ algorithm: config.verification.algorithm, method: config.verification.method, now },
      onMethodChange: (credential, from, to) => {
        metrics.add('attestr_verification_method_changes_total', 1, { credential })
        log.warn('verification-method-changed', { credential, from, to })
      },
    }),
    flatten: createFlatten({
      ...{ limits: config.limits, protect, takeMedia: createConfiguredMedia(config) },
      stageTypeOf: stageTypeOf(parts),
    }),
    ...storeMediaOf(parts),
    route: createRoute({
      ...{ encoders: parts.encoders, topics: config.topics, deadLetters: config.deadLetters, protect, now },
      maxRecordBytes: config.kafka.maxRecordBytes,
      hashKey: hashKeyOf(config),
      forms: recordFormsOf(parts),
      ...evidenceOf(parts),
    }),
    onDecodeThrow: (error, signal) => holdForRegistry(error, signal, supervisor),
  })
}

function stageTypeOf({ config, log }: PathParts): StageTypeOf {
  const { types, find } = createCatalogue(config.catalogue.types)
  const isKnown = (name: string): boolean => find(name) !== null
  const unknown = namedTypes(config.catalogue).filter((name) => !isKnown(name))
  if (unknown.length > 0) log.warn('unknown-stage-types', { types: unknown })
  return createStageTypeOf({ catalogue: config.catalogue, shapeOf: createShapeOf(types), isKnown })
}

function recordFormsOf({ config, drift, log }: PathParts): RecordForms {
  const kinds = typedKindsOf(config)
  const { form } = config.records
  if (form !== 'long') {
    const types = kinds.map(({ stageType }) => stageType)
    const longOnly = namedTypes(config.catalogue).filter((type) => !types.includes(type))
    if (types.length === 0 || longOnly.length > 0) log.warn('typed-records', { form, types, longOnly })
    else log.info('typed-records', { form, types })
  }
  return {
    ...config.records,
    typedOf: createTyped(
      kinds.map(({ spec }) => layoutOf(spec)),
      drift,
    ),
    topics: new Map(kinds.map(({ stageType, topic }) => [stageType, topic])),
  }
}

/** The registry is down or refuses: no event is to blame. Anything else is a bug. */
async function holdForRegistry(
  error: unknown,
  signal: AbortSignal,
  supervisor: Supervisor,
): Promise<boolean> {
  const isRegistry =
    error instanceof Error && (error.name === 'RegistryDown' || error.name === 'RegistryRefused')
  if (!isRegistry) throw error
  return supervisor.waitForRegistry(signal)
}

/** Throws when the edges have no encoder for a topic that is configured: a bug. */
function evidenceOf({ config, encoders }: PathParts): { readonly evidence?: EvidenceOf } {
  const { evidence: topic } = config.topics
  if (topic === null) return {}
  const { evidence: encoder } = encoders
  const sealer = sealerOf(config)
  if (encoder === undefined || sealer === null) throw new Error('topics.evidence has no encoder or no key')
  return { evidence: createEvidence({ topic, encoder, sealer, maxRecordBytes: config.kafka.maxRecordBytes }) }
}

/** Throws when the edges have no store for a configured folder: a bug. */
function storeMediaOf(parts: PathParts): { readonly storeMedia?: StoreMedia } {
  const { config, media: store, clock, log, supervisor } = parts
  if (config.privacy.media.directory === null) return {}
  const sealer = sealerOf(config)
  if (store === undefined || sealer === null)
    throw new Error('privacy.media.directory has no store or no key')
  let word: string | null = null
  const onState = (down: MediaStoreDown | null): void => {
    if (down !== null && down.word !== word) log.error('media-store-down', { cause: down.word })
    word = down?.word ?? null
    supervisor.setDown('media', down !== null)
  }
  return { storeMedia: createStoreMedia({ store, sealer, clock, onState }) }
}

function hashKeyOf(config: Config): Buffer | null {
  const { hashKey } = config.privacy
  return hashKey === null ? null : Buffer.from(hashKey.reveal(), 'hex')
}
