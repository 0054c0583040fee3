import type { Kafka, KafkaConfig, LogEntry, SASLOptions } from 'kafkajs'
import type { SecretText } from '../../core/model.js'
import type { Log } from '../../core/ports.js'
import { loadKafkajs } from './patches.js'

export interface KafkaConnection {
  readonly brokers: readonly string[]
  readonly clientId: string
  /** False, true, or PEM texts. */
  readonly ssl: boolean | { readonly ca?: string; readonly cert?: string; readonly key?: string }
  readonly sasl: {
    readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'
    readonly username: string
    readonly password: SecretText
  } | null
}

export type Role = 'consumer' | 'lane' | 'admin'

/** Source: kafkajs-exactly-once.md section 2; a lane retries fast because a transaction is short. */
const TIMES: Readonly<Record<Role, Pick<KafkaConfig, 'requestTimeout' | 'retry'>>> = {
  consumer: { requestTimeout: 10_000, retry: { initialRetryTime: 100, maxRetryTime: 1000, retries: 5 } },
  lane: { requestTimeout: 5000, retry: { initialRetryTime: 10, maxRetryTime: 50, retries: 100 } },
  admin: { requestTimeout: 10_000, retry: { initialRetryTime: 100, maxRetryTime: 1000, retries: 5 } },
}

/** One client object of kafkajs for a role. Its log lines go to `debug`, reduced to fixed words: they quote what was sent. */
export function createKafkaClient(connection: KafkaConnection, role: Role, log: Log): Kafka {
  const { Kafka, logLevel } = loadKafkajs()
  const { ssl, sasl } = connection
  return new Kafka({
    brokers: [...connection.brokers],
    clientId: connection.clientId,
    connectionTimeout: 3000,
    ssl: typeof ssl === 'boolean' ? ssl : { ...ssl },
    ...(sasl === null ? {} : { sasl: saslOptions(sasl) }),
    ...TIMES[role],
    logLevel: logLevel.WARN,
    logCreator: () => (entry) => noteLibraryLine(log, role, entry),
  })
}

function saslOptions(sasl: NonNullable<KafkaConnection['sasl']>): SASLOptions {
  return {
    mechanism: sasl.mechanism,
    username: sasl.username,
    password: sasl.password.reveal(),
  } as SASLOptions
}

function noteLibraryLine(log: Log, role: Role, entry: LogEntry): void {
  log.debug('kafka-client', { role, part: entry.namespace, level: entry.label })
}
