import type { Admin } from 'kafkajs'
import { causeOf } from '../../core/cause.js'
import type { Log } from '../../core/ports.js'
import { discardClient, type KafkaConnection, openKafkaClient } from './client.js'
import { withDeadline } from './deadline.js'
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
  /** How long a topic keeps messages, in ms: Infinity for ever; null when we may not ask. */
  retentionMs(topic: string): Promise<number | null>
  existing(): Promise<ReadonlySet<string>>
  /** Creates those that do not exist. Out: the created ones. */
  create(topics: readonly TopicSettings[]): Promise<readonly string[]>
  /** All or none; see group-offsets.ts. */
  setOffsets(groupId: string, read: () => Promise<GroupOffsets | null>): Promise<void>
  deleteGroup(groupId: string): Promise<void>
  close(): Promise<void>
}

/** kafkajs may wait for an answer without end. */
const ANSWER_MS = 20_000
/** Questions come in groups, with minutes in between. */
const IDLE_MS = 2000

export function createKafkaAdmin(
  connection: KafkaConnection,
  log: Log,
  { answerMs = ANSWER_MS, idleMs = IDLE_MS }: { readonly answerMs?: number; readonly idleMs?: number } = {},
): KafkaAdmin {
  let current: AdminClient | null = null
  let closed = false
  let asking = 0
  let idle: NodeJS.Timeout | undefined

  const drop = (client: AdminClient): void => {
    if (current === client) current = null
    void client.discard()
  }
  /** After any error the connection is thrown away, and when it is not used: it may hold stale metadata or a dead socket. */
  const ask = async <T>(question: (admin: Admin) => Promise<T>): Promise<T> => {
    if (closed) throw new Error('the admin is closed')
    clearTimeout(idle)
    asking += 1
    current ??= openAdmin(connection, log)
    const mine = current
    try {
      return await withDeadline(answerMs, async () => question(await mine.connected))
    } catch (error) {
      drop(mine)
      throw error
    } finally {
      asking -= 1
      if (asking === 0 && !closed) idle = setTimeout(() => current !== null && drop(current), idleMs)
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
    compacted: (topic) =>
      ask(async (admin) => (await settingOf(admin, topic, 'cleanup.policy'))?.includes('compact') === true),
    retentionMs: (topic) =>
      ask(async (admin) => {
        const text = await settingOf(admin, topic, 'retention.ms')
        if (text === null) return null
        return Number(text) < 0 ? Number.POSITIVE_INFINITY : Number(text)
      }),
    existing: () => ask(async (admin) => new Set(await admin.listTopics())),
    create: (topics) => ask((admin) => createMissing(admin, topics)),
    setOffsets: (groupId, read) =>
      withDeadline(answerMs, () => commitOffsetsAtOnce(connection, log, groupId, read)),
    deleteGroup: (groupId) => ask(async (admin) => void (await admin.deleteGroups([groupId]))),
    async close() {
      closed = true
      clearTimeout(idle)
      const last = current
      current = null
      await last?.discard()
    },
  }
}

interface AdminClient {
  readonly connected: Promise<Admin>
  discard(): Promise<void>
}

function openAdmin(connection: KafkaConnection, log: Log): AdminClient {
  const { kafka, sockets } = openKafkaClient({ connection, role: 'admin', log })
  const admin = kafka.admin()
  const connected = admin.connect().then(() => admin)
  connected.catch(() => undefined)
  return { connected, discard: () => discardClient(admin, sockets) }
}

/** Null when we may not ask, or the topic is not there. */
async function settingOf(admin: Admin, topic: string, name: string): Promise<string | null> {
  const { ConfigResourceTypes } = loadKafkajs()
  const question = { type: ConfigResourceTypes.TOPIC, name: topic, configNames: [name] }
  try {
    const { resources } = await admin.describeConfigs({ resources: [question], includeSynonyms: false })
    return resources.flatMap(({ configEntries }) => configEntries).at(0)?.configValue ?? null
  } catch (error) {
    if (NOT_ALLOWED.test(causeOf(error))) return null
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
