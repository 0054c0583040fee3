import type { Kafka, KafkaConfig, LogEntry, SASLOptions } from 'kafkajs'
import type { SecretText } from '../../core/model.js'
import type { Log } from '../../core/ports.js'
import { withDeadline } from './deadline.js'
import { loadKafkajs } from './patches.js'
import { createSockets, type Sockets } from './sockets.js'

export interface KafkaConnection {
  readonly brokers: readonly string[]
  readonly clientId: string
  /** False, true, or PEM texts. */
  readonly ssl: boolean | { readonly ca?: string; readonly cert?: string; readonly key?: string }
  readonly sasl: {
    /** In any letter case. */
    readonly mechanism: string
    readonly username: string
    readonly password: SecretText
  } | null
}

export type Role = 'consumer' | 'lane' | 'admin'

/** Source: kafkajs-exactly-once.md section 2; a lane retries fast because a transaction is short. */
const TIMES: Readonly<Record<Role, Pick<KafkaConfig, 'requestTimeout' | 'retry'>>> = {
  consumer: { requestTimeout: 10_000, retry: { initialRetryTime: 100, maxRetryTime: 1000, retries: 5 } },
  lane: { requestTimeout: 5000, retry: { initialRetryTime: 10, maxRetryTime: 50, retries: 100 } },
  // Partitions wait for its answers before they begin.
  admin: { requestTimeout: 5000, retry: { initialRetryTime: 100, maxRetryTime: 1000, retries: 5 } },
}

export interface ClientOptions {
  readonly connection: KafkaConnection
  readonly role: Role
  readonly log: Log
  /** Instead of that of the role. */
  readonly requestTimeoutMs?: number
  /** See SocketsOptions. */
  readonly once?: boolean
}

/** A client of kafkajs and its sockets: to be thrown away together. */
export interface KafkaClient {
  readonly kafka: Kafka
  readonly sockets: Sockets
}

/** Its log lines go to `debug`, reduced to fixed words: they quote what was sent. */
export function openKafkaClient(options: ClientOptions): KafkaClient {
  const { connection, role, log, requestTimeoutMs, once = false } = options
  const { Kafka, logLevel } = loadKafkajs()
  const { ssl, sasl } = connection
  const sockets = createSockets({ once })
  const kafka = new Kafka({
    brokers: [...connection.brokers],
    clientId: connection.clientId,
    connectionTimeout: 3000,
    ssl: typeof ssl === 'boolean' ? ssl : { ...ssl },
    ...(sasl === null ? {} : { sasl: saslOptions(sasl) }),
    ...TIMES[role],
    ...(requestTimeoutMs === undefined ? {} : { requestTimeout: requestTimeoutMs }),
    socketFactory: sockets.factory,
    logLevel: logLevel.WARN,
    logCreator: () => (entry) => noteLibraryLine(log, role, entry),
  })
  return { kafka, sockets }
}

/** A client whose producers and admins are disconnected by whoever made them. */
export function createKafkaClient(connection: KafkaConnection, role: Role, log: Log): Kafka {
  return openKafkaClient({ connection, role, log }).kafka
}

/** A disconnect waits for answers, which may never come. */
const DISCONNECT_MS = 1000

/** Disconnects in order, if that can be done within a second, and takes the sockets away in any case. Never throws. */
export async function discardClient(
  part: { disconnect(): Promise<void> },
  sockets: Sockets,
  limitMs = DISCONNECT_MS,
): Promise<void> {
  await withDeadline(limitMs, () => part.disconnect()).catch(() => undefined)
  sockets.close()
}

function saslOptions(sasl: NonNullable<KafkaConnection['sasl']>): SASLOptions {
  return {
    mechanism: sasl.mechanism.toLowerCase(),
    username: sasl.username,
    password: sasl.password.reveal(),
  } as SASLOptions
}

function noteLibraryLine(log: Log, role: Role, entry: LogEntry): void {
  log.debug('kafka-client', { role, part: entry.namespace, level: entry.label })
}
