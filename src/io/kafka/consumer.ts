import type { Cluster, Consumer } from 'kafkajs'
import type { Log } from '../../core/ports.js'
import { type KafkaConnection, openKafkaClient } from './client.js'
import { type ConsumerHooks, hookAssigner } from './group-hooks.js'
import { loadKafkajs } from './patches.js'
import type { Sockets } from './sockets.js'

export interface ConsumerSettings {
  readonly connection: KafkaConnection
  readonly groupId: string
  readonly sessionTimeoutMs: number
  readonly rebalanceDrainMs: number
  /** Most bytes of one fetch, for one that takes all it is given. Default: little, because what lanes do not take is read again. */
  readonly fetchBytes?: { readonly partition: number; readonly all: number }
  readonly log: Log
}

/** What of a consumer of the library is used. */
export type LibraryConsumer = Pick<
  Consumer,
  | 'connect'
  | 'subscribe'
  | 'run'
  | 'on'
  | 'events'
  | 'pause'
  | 'resume'
  | 'seek'
  | 'commitOffsets'
  | 'disconnect'
>

export interface NewConsumer {
  readonly consumer: LibraryConsumer
  readonly sockets: Pick<Sockets, 'close'>
  /** Partitions of a topic, as its connections know them; 0: not known yet. */
  readonly partitionsOf?: (topic: string) => number
}

export type CreateConsumer = (hooks: ConsumerHooks) => NewConsumer

const FETCH_BYTES = { partition: 65_536, all: 2_097_152 }
/** Longest wait of an empty fetch; also how long a resumed partition may wait. */
const MAX_WAIT_MS = 200
const MIN_REQUEST_MS = 3000
const MAX_REQUEST_MS = 10_000

/** Longest wait for an answer: a heartbeat that takes longer is of no use any more. */
export const requestTimeoutOf = ({ sessionTimeoutMs }: ConsumerSettings): number =>
  Math.min(Math.max(Math.floor((sessionTimeoutMs * 2) / 3), MIN_REQUEST_MS), MAX_REQUEST_MS)

/** How long the group waits for its slowest member. */
export const rebalanceTimeoutOf = ({ sessionTimeoutMs, rebalanceDrainMs }: ConsumerSettings): number =>
  Math.max(2 * sessionTimeoutMs, 4 * rebalanceDrainMs)

/**
 * Makes consumers of the library, each with connections of its own. None starts itself again: the library's restart cannot
 * be called off, and would leave a member that nobody reads for.
 */
export function consumersOf(settings: ConsumerSettings): CreateConsumer {
  const { connection, groupId, sessionTimeoutMs, fetchBytes = FETCH_BYTES, log } = settings
  return (hooks) => {
    const { PartitionAssigners } = loadKafkajs()
    const requestTimeoutMs = requestTimeoutOf(settings)
    let cluster: Cluster | null = null
    const { kafka, sockets } = openKafkaClient({ connection, role: 'consumer', log, requestTimeoutMs })
    const consumer = kafka.consumer({
      groupId,
      sessionTimeout: sessionTimeoutMs,
      heartbeatInterval: Math.floor(sessionTimeoutMs / 6),
      rebalanceTimeout: rebalanceTimeoutOf(settings),
      maxWaitTimeInMs: Math.min(MAX_WAIT_MS, Math.floor(sessionTimeoutMs / 6)),
      maxBytesPerPartition: fetchBytes.partition,
      maxBytes: fetchBytes.all,
      allowAutoTopicCreation: false,
      readUncommitted: false,
      retry: { restartOnFailure: () => Promise.resolve(false) },
      partitionAssigners: [
        (args) => {
          cluster = args.cluster
          return hookAssigner(PartitionAssigners.roundRobin(args), hooks)
        },
      ],
    })
    return { consumer, sockets, partitionsOf: (topic) => partitionsIn(cluster, topic) }
  }
}

function partitionsIn(cluster: Cluster | null, topic: string): number {
  try {
    return cluster?.findTopicPartitionMetadata(topic).length ?? 0
  } catch {
    // Not loaded yet: the next assignment knows more.
    return 0
  }
}
