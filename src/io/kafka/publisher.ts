import type { Message } from 'kafkajs'
import type { Log } from '../../core/ports.js'
import { createKafkaClient, type KafkaConnection } from './client.js'
import { loadKafkajs } from './patches.js'

/** A message to be written as it is. */
export interface OutgoingEvent {
  readonly key: Buffer | null
  readonly value: Buffer | null
}

/** Writes to one topic, outside any transaction: for those who feed the connector, never for what it delivers. */
export interface Publisher {
  /** Resolves when the broker has all of them. Throws when it is unknown whether it has. */
  publish(events: readonly OutgoingEvent[]): Promise<void>
  close(): Promise<void>
}

/** One request holds at most so much: the broker refuses a batch over message.max.bytes (1,048,588 by default). */
const MAX_SEND_BYTES = 900_000

/**
 * Opens a publisher. Partitions are chosen as in the Java client: murmur2 of the key, in turn without one.
 *
 * Throws: when no broker can be reached
 */
export async function openPublisher(
  connection: KafkaConnection,
  topic: string,
  log: Log,
): Promise<Publisher> {
  const { Partitioners } = loadKafkajs()
  const producer = createKafkaClient(connection, 'consumer', log).producer({
    createPartitioner: Partitioners.DefaultPartitioner,
    allowAutoTopicCreation: false,
    // A send tried again must not double an event: each one is a message of its own to the connector.
    idempotent: true,
  })
  await producer.connect()
  return {
    async publish(events) {
      for (const messages of sendable(events)) await producer.send({ topic, messages, acks: -1 })
    },
    close: () => producer.disconnect(),
  }
}

function* sendable(events: readonly OutgoingEvent[]): Generator<Message[]> {
  let messages: Message[] = []
  let bytes = 0
  for (const { key, value } of events) {
    const size = (value?.length ?? 0) + (key?.length ?? 0)
    if (messages.length > 0 && bytes + size > MAX_SEND_BYTES) {
      yield messages
      messages = []
      bytes = 0
    }
    messages.push({ key, value })
    bytes += size
  }
  if (messages.length > 0) yield messages
}

/** Deletes topics and a group that somebody made for the moment. Throws when the cluster cannot be asked. */
export async function removeTraces(
  connection: KafkaConnection,
  traces: { readonly topics: readonly string[]; readonly groupId: string },
  log: Log,
): Promise<void> {
  const admin = createKafkaClient(connection, 'admin', log).admin()
  await admin.connect()
  try {
    const existing = new Set(await admin.listTopics())
    const topics = traces.topics.filter((topic) => existing.has(topic))
    if (topics.length > 0) await admin.deleteTopics({ topics })
    await admin.deleteGroups([traces.groupId]).catch(() => undefined)
  } finally {
    await admin.disconnect()
  }
}
