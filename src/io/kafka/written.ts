import type { Kafka } from 'kafkajs'
import type { Log } from '../../core/ports.js'
import type { PartitionRange } from './admin.js'
import { createKafkaClient, type KafkaConnection } from './client.js'

/** How far partitions are written, with what open transactions have written so far. */
export interface WrittenEnds {
  /** Throws when the cluster cannot be asked. */
  ranges(topic: string): Promise<readonly PartitionRange[]>
  close(): Promise<void>
}

/**
 * Connects. An admin of kafkajs tells of committed ends alone: what a transaction has committed may lie above them, behind
 * another one that is still open.
 *
 * Throws: when no broker can be reached
 */
export async function openWrittenEnds(connection: KafkaConnection, log: Log): Promise<WrittenEnds> {
  const kafka = createKafkaClient(connection, 'admin', log)
  seeUncommitted(kafka)
  const admin = kafka.admin()
  try {
    await admin.connect()
  } catch (error) {
    admin.disconnect().catch(() => undefined)
    throw error
  }
  return {
    async ranges(topic) {
      const list = await admin.fetchTopicOffsets(topic)
      return list.map(({ partition, low, high }) => ({ partition, low: Number(low), high: Number(high) }))
    },
    close: () => admin.disconnect().catch(() => undefined),
  }
}

const CREATE_CLUSTER = 'private:Kafka:createCluster'
const READ_UNCOMMITTED = 0

/** The library has no setting for it: every cluster object this client makes gets the level that its requests carry. */
function seeUncommitted(kafka: Kafka): void {
  const inside = kafka as unknown as Record<symbol, unknown>
  const name = Object.getOwnPropertySymbols(kafka).find(({ description }) => description === CREATE_CLUSTER)
  const original = name === undefined ? undefined : inside[name]
  if (name === undefined || typeof original !== 'function')
    throw new Error(`kafkajs has no ${CREATE_CLUSTER}`)
  inside[name] = (options: object): unknown => original({ ...options, isolationLevel: READ_UNCOMMITTED })
}
