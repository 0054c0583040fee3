/** Every key of the configuration with its type, default and meaning. Source: product.md section 10. */
import { z } from 'zod'
import { deadLetters, ops, records, systemic } from './schema-outcomes.js'
import { policy } from './schema-policy.js'
import { privacy } from './schema-privacy.js'
import {
  durationMs,
  flag,
  headerToken,
  hostAndPort,
  identifier,
  oneOf,
  secret,
  text,
  topicName,
  webAddress,
  whole,
} from './values.js'

const EVENT_NAMES = ['flowx.completed', 'flowx.skipped', 'flowx.errored'] as const

const credential = z.strictObject({
  id: identifier('Name of the credential in records, logs and pause reasons.'),
  authToken: headerToken('Auth token of the Attestr app, sent as it is after `Basic`.'),
  clientSecret: secret('Client secret of the same app: checks the signature of results.'),
  match: z
    .strictObject({
      topics: z
        .array(topicName(''))
        .default([])
        .describe('Events topics whose handshakes use this credential.'),
      flowIds: z.array(text('')).default([]).describe('Flow ids whose handshakes use this credential.'),
    })
    .prefault({}),
})

const attestr = z.strictObject({
  baseUrl: webAddress('Base URL of the API: https, or http on loopback.').prefault(
    'https://api.attestr.com/api',
  ),
  allowHttp: flag('Allows an http base URL that is not loopback: for test networks only.').default(false),
  version: identifier('API version, the path segment after the base URL.').default('v1'),
  proxyUrl: webAddress('Proxy for calls of the API; `env` takes the proxy of the environment.', ['env'])
    .nullable()
    .default(null),
  caFile: text('File of extra certificate authorities (PEM) for the API.').nullable().default(null),
  credentials: z
    .array(credential)
    .min(1)
    .describe('One entry an Attestr app; a handshake uses the first that matches, else the first of all.'),
  watchMs: durationMs(
    'How often the files of the configuration are looked at for other credentials; null: on SIGHUP alone.',
    100,
  )
    .nullable()
    .default(null),
})

const ssl = z.strictObject({
  caFile: text('Certificate authorities of the brokers (PEM).').nullable().default(null),
  certFile: text('Client certificate (PEM).').nullable().default(null),
  keyFile: text('Key of the client certificate (PEM).').nullable().default(null),
})

const sasl = z.strictObject({
  mechanism: oneOf('SASL mechanism; the names of Kafka Connect are taken too.', [
    'plain',
    'scram-sha-256',
    'scram-sha-512',
    'PLAIN',
    'SCRAM-SHA-256',
    'SCRAM-SHA-512',
  ]),
  username: text('User name at the brokers.'),
  password: secret('Password at the brokers.'),
})

const kafka = z.strictObject({
  brokers: z.array(hostAndPort('')).min(1).describe('Brokers to begin with, each HOST:PORT.'),
  clientId: text('Name of this client at the brokers.').default('attestr-kafka'),
  groupId: text('Consumer group; also part of each transactional id.').default('attestr-kafka'),
  ssl: z
    .union([z.boolean(), ssl])
    .describe('TLS to the brokers: true, false, or the files to use.')
    .default(false),
  sasl: sasl.nullable().default(null),
  sessionTimeoutMs: durationMs(
    'Time without heartbeats after which the group gives the partitions away.',
    1000,
  ).default(15_000),
  rebalanceDrainMs: durationMs('Time for work in flight when the group rebalances.', 0).default(3_000),
  transactionTimeoutMs: durationMs('Time after which the broker aborts a transaction.', 1000).default(15_000),
  maxRecordBytes: whole('Largest record written; a larger one is a dead letter.', 1024).default(1_000_000),
  compression: oneOf('Compression of written batches.', ['none', 'gzip']).default('none'),
})

const events = z.strictObject({
  fetch: z
    .array(oneOf('', EVENT_NAMES))
    .default([...EVENT_NAMES])
    .describe('Events whose result is fetched.'),
  ignore: z.array(oneOf('', EVENT_NAMES)).default([]).describe('Events that are skipped.'),
})

const limits = z.strictObject({
  depth: whole('Nesting of input and output; they are depth 1.').default(32),
  leaves: whole('Leaves of one stage.').default(2_000),
  stages: whole('Stages of one result.').default(200),
  keyLength: whole('Characters of one member name.').default(512),
})

const schemaRegistry = z.strictObject({
  url: webAddress('Address of the schema registry (Confluent API).'),
  username: text('User name at the registry.').nullable().default(null),
  password: secret('Password at the registry.').nullable().default(null),
  token: headerToken('Bearer token for the registry, instead of a user name.').nullable().default(null),
  caFile: text('Certificate authorities of the registry (PEM).').nullable().default(null),
  register: flag('Registers missing schemas; false only looks them up.').default(true),
  idsFile: text('File that keeps the schema ids for a start while the registry is down; null keeps none.')
    .nullable()
    .default(null),
})

const RETRY = [
  { topic: 'attestr.retry.1m', delayMs: 60_000 },
  { topic: 'attestr.retry.10m', delayMs: 600_000 },
  { topic: 'attestr.retry.1h', delayMs: 3_600_000 },
]

const topics = z.strictObject({
  events: z
    .array(topicName(''))
    .min(1)
    .default(['attestr.handshakes'])
    .describe('Topics that are read for events.'),
  verified: topicName('Verified stage records.').default('attestr.verified'),
  deadLetter: topicName('Dead letters.').default('attestr.dead-letter'),
  outcomes: topicName('One outcome a consumed message; null turns it off.')
    .nullable()
    .default('attestr.outcomes'),
  evidence: topicName('What was signed, encrypted; null keeps none. Needs privacy.encryptionKeys.')
    .nullable()
    .default(null),
  retry: z
    .array(
      z.strictObject({
        topic: topicName('Topic of delayed retries.'),
        delayMs: durationMs('How long a message waits on it.'),
      }),
    )
    .default(RETRY)
    .describe('Retry topics, shortest delay first.'),
  replay: topicName('Replayed dead letters.').default('attestr.replay'),
  startFrom: oneOf('Where a group without offsets begins.', ['earliest', 'latest']).default('earliest'),
  create: flag('Creates missing topics at start.').default(true),
  partitions: whole('Partitions of created topics.', 1, 100_000).default(12),
  replicationFactor: whole("Replicas of created topics; -1 is the broker's default.", -1, 32_767)
    .refine((value) => value !== 0, 'must be -1 or at least 1')
    .default(-1),
})

const fetch = z.strictObject({
  concurrency: whole('Calls in flight.', 1, 10_000).default(64),
  maxHeldEvents: whole('Events held between reading and commit.').default(2_048),
  maxInFlightBytes: whole('Bytes held between reading and commit.').default(67_108_864),
  timeoutMs: durationMs('Time-out of one call.').default(5_000),
  deadlineMs: durationMs('Time for one event with all its calls in place.').default(15_000),
  attempts: whole('Calls in place for one event.', 1, 1_000).default(4),
  giveUpMs: whole('Age at which a delayed event ends as a dead letter.').default(86_400_000),
  ratePerSecond: z
    .number()
    .positive()
    .max(100_000)
    .nullable()
    .default(null)
    .describe('Calls a second of the group, may have a fraction; each process uses its share.'),
  ratePerDay: whole('Calls in any 24 hours of the group; each process counts its share since its start.')
    .nullable()
    .default(null),
  maxResponseBytes: whole(
    'Largest response; texts of 128 MiB and more cannot be scanned.',
    1024,
    134_217_727,
  ).default(8_388_608),
})

const commit = z.strictObject({
  intervalMs: durationMs('Longest time a finished event waits for its transaction.').default(100),
  maxEvents: whole('Events of one transaction.').default(500),
})

const verification = z.strictObject({
  algorithm: oneOf('Hash of the HMAC.', ['sha256']).default('sha256'),
  method: oneOf('How the signed bytes are formed; auto tries each in order.', [
    'auto',
    'raw',
    'compact',
    'sorted',
  ]).default('auto'),
})

export const configSchema = z.strictObject({
  attestr: attestr.prefault({} as z.input<typeof attestr>),
  kafka: kafka.prefault({} as z.input<typeof kafka>),
  events: events.prefault({}),
  limits: limits.prefault({}),
  schemaRegistry: schemaRegistry.prefault({} as z.input<typeof schemaRegistry>),
  topics: topics.prefault({}),
  delivery: oneOf('Delivery guarantee.', ['exactly-once', 'at-least-once']).default('exactly-once'),
  fetch: fetch.prefault({}),
  commit: commit.prefault({}),
  verification: verification.prefault({}),
  ...records,
  privacy: privacy.prefault({}),
  deadLetters: deadLetters.prefault({}),
  ...systemic,
  policy,
  ...ops,
})
