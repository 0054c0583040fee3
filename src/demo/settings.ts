import { randomBytes } from 'node:crypto'
import { stringify } from 'yaml'
import { allTypedTopics } from '../catalogue/typed-kinds.js'
import { DEVELOPMENT_CREDENTIAL } from '../simulator/credentials.js'
import type { RecordForm } from './bounds.js'

/** Far over every result of the simulator, so that one answer can be over it. */
export const MAX_RESPONSE_BYTES = 524_288
/** Only the result that is made to be too large has a record over it: in the typed form its list is one JSON text. */
const MAX_RECORD_BYTES: Readonly<Record<RecordForm, number>> = { long: 48_000, typed: 8_000, both: 48_000 }
const PARTITIONS = 6

/** Stands in every secret and full Aadhaar number of the simulated results: none of them may come out anywhere. */
export const DEMO_CANARY = { secret: 'PLANTED7SECRET', aadhaar: '234567890124' } as const

export const DEMO_SEED = 2026

export interface DemoNames {
  readonly groupId: string
  readonly events: string
  readonly verified: string
  readonly deadLetter: string
  readonly outcomes: string
  readonly replay: string
}

/**
 * Names topics and group: the defaults on a broker of our own, names of this run alone on one that was given, which may hold
 * topics of others.
 */
export function demoNames(given: boolean): DemoNames {
  const prefix = given ? `attestr.demo-${randomBytes(4).toString('hex')}` : 'attestr'
  return {
    groupId: given ? prefix : 'attestr-kafka',
    events: `${prefix}.handshakes`,
    verified: `${prefix}.verified`,
    deadLetter: `${prefix}.dead-letter`,
    outcomes: `${prefix}.outcomes`,
    replay: `${prefix}.replay`,
  }
}

/** Where typed records of any built-in type lie. */
export function demoTypedTopics({ verified }: DemoNames): string[] {
  return allTypedTopics({ topics: { verified }, catalogue: { stages: {}, flows: {}, types: {} } })
}

export interface Addresses {
  readonly brokers: readonly string[]
  readonly registryUrl: string
  readonly baseUrl: string
}

/** What the connector's environment must have for the configuration below. */
export const DEMO_SECRETS: Readonly<Record<string, string>> = {
  ATTESTR_AUTH_TOKEN: DEVELOPMENT_CREDENTIAL.authToken,
  ATTESTR_CLIENT_SECRET: DEVELOPMENT_CREDENTIAL.clientSecret,
}

/**
 * Writes the configuration that the demo runs with.
 *
 * In:   stages  stage id to stage type, as the simulator has them
 *       form    of verified records
 * Out:  YAML; secrets come from the environment
 */
export function demoConfig(
  { brokers, registryUrl, baseUrl }: Addresses,
  names: DemoNames,
  stages: Readonly<Record<string, string>>,
  form: RecordForm = 'long',
): string {
  return stringify({
    attestr: {
      baseUrl,
      // biome-ignore-start lint/suspicious/noTemplateCurlyInString: the configuration takes variables in this form
      credentials: [
        { id: 'demo', authToken: '${ATTESTR_AUTH_TOKEN}', clientSecret: '${ATTESTR_CLIENT_SECRET}' },
      ],
      // biome-ignore-end lint/suspicious/noTemplateCurlyInString: as above
    },
    kafka: { brokers, groupId: names.groupId, maxRecordBytes: MAX_RECORD_BYTES[form] },
    schemaRegistry: { url: registryUrl },
    topics: {
      events: [names.events],
      verified: names.verified,
      deadLetter: names.deadLetter,
      outcomes: names.outcomes,
      // Nobody wants to watch a delay of minutes: events that are not ready end as dead letters.
      retry: [],
      replay: names.replay,
      partitions: PARTITIONS,
    },
    events: { fetch: ['flowx.completed', 'flowx.errored'], ignore: ['flowx.skipped'] },
    // Short, so that what never heals ends soon.
    fetch: { timeoutMs: 2000, deadlineMs: 8000, attempts: 3, maxResponseBytes: MAX_RESPONSE_BYTES },
    records: { form },
    catalogue: { stages },
    onSystemic: 'exit',
    ops: { port: 0 },
  })
}
