import type { Admin } from 'kafkajs'
import { causeOf } from '../../core/cause.js'
import type { Log } from '../../core/ports.js'
import { createKafkaClient, type KafkaConnection } from './client.js'
import { commitOffsetsAtOnce, type GroupOffsets } from './group-offsets.js'
import { loadKafkajs } from './patches.js'

export interface PartitionRange {
  readonly partition: number
  /** First offset that can be read. */
  readonly low: number
  /** Offset after the last record. */
  readonly high: number
}

export interface TopicSettings {
  readonly topic: string
  readonly partitions: number
  readonly replicationFactor: number
  readonly config: Readonly<Record<string, string>>
}

/** Questions to the cluster. Each throws when it cannot be answered; the connection is then made anew. */
export interface KafkaAdmin {
  /** Partition to committed offset; -1 where there is none. Throws when one of the wanted partitions is not known yet. */
  committed(groupId: string, topic: string, wanted?: readonly number[]): Promise<ReadonlyMap<number, number>>
  ranges(topic: string): Promise<readonly PartitionRange[]>
  /** Partition to the first offset whose message is as young as this (epoch ms); the end where none is. */
  offsetsAt(topic: string, since: number): Promise<ReadonlyMap<number, number>>
  /** Whether the broker may throw messages away in the middle of the log. False when we may not ask. */
  compacted(topic: string): Promise<boolean>
  existing(): Promise<ReadonlySet<string>>
  /** Creates those that do not exist. Out: the created ones. */
  create(topics: readonly TopicSettings[]): Promise<readonly string[]>
  /** All or none; see group-offsets.ts. */
  setOffsets(groupId: string, read: () => Promise<GroupOffsets | null>): Promise<void>
  deleteGroup(groupId: string): Promise<void>
  close(): Promise<void>
}

export function createKafkaAdmin(connection: KafkaConnection, log: Log): KafkaAdmin {
  let current: Promise<Admin> | null = null
  let closed = false

  const connect = async (): Promise<Admin> => {
    const admin = createKafkaClient(connection, 'admin', log).admin()
    try {
      await admin.connect()
      return admin
    } catch (error) {
      admin.disconnect().catch(() => undefined)
      throw error
    }
  }
  /** After any error the connection is thrown away: it may hold stale metadata or a half-open socket. */
  const ask = async <T>(question: (admin: Admin) => Promise<T>): Promise<T> => {
    if (closed) throw new Error('the admin is closed')
    current ??= connect()
    const mine = current
    try {
      return await question(await mine)
    } catch (error) {
      if (current === mine) current = null
      mine.then((admin) => admin.disconnect()).catch(() => undefined)
      throw error
    }
  }
  return {
    committed: (groupId, topic, wanted = []) =>
      ask(async (admin) => {
        const [answer] = await admin.fetchOffsets({ groupId, topics: [topic] })
        const offsets = new Map((answer?.partitions ?? []).map((one) => [one.partition, Number(one.offset)]))
        // The question was asked with metadata older than the partition; the next connection knows it.
        if (wanted.some((partition) => !offsets.has(partition)))
          throw new Error('a partition is not known yet')
        return offsets
      }),
    ranges: (topic) =>
      ask(async (admin) => {
        const list = await admin.fetchTopicOffsets(topic)
        return list.map(({ partition, low, high }) => ({ partition, low: Number(low), high: Number(high) }))
      }),
    offsetsAt: (topic, since) =>
      ask(async (admin) => {
        const list = await admin.fetchTopicOffsetsByTimestamp(topic, since)
        return new Map(list.map(({ partition, offset }) => [partition, Number(offset)]))
      }),
    compacted: (topic) => ask((admin) => isCompacted(admin, topic)),
    existing: () => ask(async (admin) => new Set(await admin.listTopics())),
    create: (topics) => ask((admin) => createMissing(admin, topics)),
    setOffsets: (groupId, read) => commitOffsetsAtOnce(connection, log, groupId, read),
    deleteGroup: (groupId) => ask(async (admin) => void (await admin.deleteGroups([groupId]))),
    async close() {
      closed = true
      const last = current
      current = null
      await last?.then((admin) => admin.disconnect()).catch(() => undefined)
    },
  }
}

async function isCompacted(admin: Admin, topic: string): Promise<boolean> {
  const { ConfigResourceTypes } = loadKafkajs()
  const question = { type: ConfigResourceTypes.TOPIC, name: topic, configNames: ['cleanup.policy'] }
  try {
    const { resources } = await admin.describeConfigs({ resources: [question], includeSynonyms: false })
    return resources.some(({ configEntries }) =>
      configEntries.some(({ configValue }) => configValue.includes('compact')),
    )
  } catch (error) {
    if (NOT_ALLOWED.test(causeOf(error))) return false
    throw error
  }
}

const NOT_ALLOWED = /AUTHORIZATION_FAILED/

async function createMissing(admin: Admin, topics: readonly TopicSettings[]): Promise<readonly string[]> {
  const existing = new Set(await admin.listTopics())
  const missing = topics.filter(({ topic }) => !existing.has(topic))
  if (missing.length === 0) return []
  // Waiting for leaders may fail for a topic just created; readers and writers of ours retry by themselves.
  await admin.createTopics({
    waitForLeaders: false,
    topics: missing.map(({ topic, partitions, replicationFactor, config }) => ({
      topic,
      numPartitions: partitions,
      replicationFactor,
      configEntries: Object.entries(config).map(([name, value]) => ({ name, value })),
    })),
  })
  return missing.map(({ topic }) => topic)
}
