import { randomUUID } from 'node:crypto'
import type { IHeaders, ITopicConfig, Kafka, Message, Producer, Transaction } from 'kafkajs'
import type { Coordinates, TopicPartition } from '../../src/core/model.js'
import { loadKafkajs } from '../../src/io/kafka/patches.js'
import { stack } from './stack.js'
import { until } from './until.js'

/** A message of a topic, with nothing decoded. */
export interface BrokerRow extends Coordinates {
  readonly timestamp: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: Readonly<Record<string, Buffer>>
}

export interface NewMessage {
  readonly key?: Buffer | string | null
  readonly value: Buffer | string | null
  readonly headers?: IHeaders
}

export interface TopicOptions {
  readonly partitions?: number
  /** Text before the random part of the name. */
  readonly name?: string
  /** The whole name. */
  readonly exact?: string
  readonly config?: Readonly<Record<string, string>>
}

/** The broker of the test run, by a client of its own: what a test writes, reads and breaks. */
export interface TestBroker {
  readonly kafka: Kafka
  createTopic(options?: TopicOptions): Promise<string>
  /** In order, outside of transactions, to the partition or by key. */
  append(to: { topic: string; partition?: number }, messages: readonly NewMessage[]): Promise<void>
  /** Everything from the start to the present ends, by partition and offset. */
  rows(topic: string, options?: { readonly committedOnly?: boolean }): Promise<BrokerRow[]>
  /** Offset after the last record, markers included. */
  end(at: TopicPartition): Promise<number>
  /** Moves the log start. */
  deleteBefore(at: TopicPartition, offset: number): Promise<void>
  /** -1: none. */
  committed(groupId: string, at: TopicPartition): Promise<number>
  setCommitted(groupId: string, at: TopicPartition, offset: number): Promise<void>
  admin: ReturnType<Kafka['admin']>
  close(): Promise<void>
}

/** A name nobody else uses. */
export const uniqueName = (prefix: string): string => `${prefix}-${randomUUID().slice(0, 8)}`

/** Connects to the broker of the test run, or to the one given. */
export async function connectBroker(brokers: readonly string[] = stack().brokers): Promise<TestBroker> {
  const { Kafka, logLevel } = loadKafkajs()
  const kafka = new Kafka({
    brokers: [...brokers],
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 50, retries: 10 },
  })
  const admin = kafka.admin()
  await admin.connect()
  let producer: Promise<Producer> | null = null

  const connected = async (): Promise<Producer> => {
    // Idempotent: another one may repeat a send whole when a partition of a new topic has no leader yet.
    const made = kafka.producer({ idempotent: true, maxInFlightRequests: 1, allowAutoTopicCreation: false })
    await made.connect()
    return made
  }
  const high = async (topic: string): Promise<Map<number, { low: number; high: number }>> =>
    new Map(
      (await admin.fetchTopicOffsets(topic)).map((one) => [
        one.partition,
        { low: Number(one.low), high: Number(one.high) },
      ]),
    )

  return {
    kafka,
    admin,
    async createTopic({ partitions = 1, name = 'test', exact = uniqueName(name), config = {} } = {}) {
      const topic = exact
      const configEntries = Object.entries(config).map(([key, value]) => ({ name: key, value }))
      const wanted: ITopicConfig = { topic, numPartitions: partitions, configEntries }
      await admin.createTopics({ waitForLeaders: false, topics: [wanted] })
      // Until each partition has a leader the question itself fails.
      await until('leaders of the new topic', () =>
        high(topic).then(
          (ends) => ends.size === partitions,
          () => false,
        ),
      )
      return topic
    },
    async append({ topic, partition }, messages) {
      producer ??= connected()
      const list = messages.map(({ key = null, value, headers }): Message => {
        const message: Message = { key, value, ...(headers === undefined ? {} : { headers }) }
        return partition === undefined ? message : { ...message, partition }
      })
      await (await producer).send({ topic, messages: list })
    },
    async rows(topic, { committedOnly = true } = {}) {
      const ends = await high(topic)
      return readRows(kafka, topic, ends, committedOnly)
    },
    async end({ topic, partition }) {
      return (await high(topic)).get(partition)?.high ?? -1
    },
    async deleteBefore({ topic, partition }, offset) {
      await admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: String(offset) }] })
    },
    async committed(groupId, { topic, partition }) {
      const [answer] = await admin.fetchOffsets({ groupId, topics: [topic] })
      return Number(answer?.partitions.find((one) => one.partition === partition)?.offset ?? -1)
    },
    async setCommitted(groupId, { topic, partition }, offset) {
      const transactionalId = uniqueName('set-offsets')
      const partitions = [{ partition, offset: String(offset) }]
      await inTransaction(kafka, transactionalId, async (transaction) => {
        await transaction.sendOffsets({ consumerGroupId: groupId, topics: [{ topic, partitions }] })
        await transaction.commit()
      })
      await whenCompleted(kafka, transactionalId)
    },
    async close() {
      await (await producer)?.disconnect()
      await admin.disconnect()
    },
  }
}

/** A commit or an abort returns before it shows; the next owner of the id begins only after that. */
export const whenCompleted = (kafka: Kafka, transactionalId: string): Promise<void> =>
  inTransaction(kafka, transactionalId, (transaction) => transaction.abort())

async function inTransaction(
  kafka: Kafka,
  transactionalId: string,
  run: (transaction: Transaction) => Promise<void>,
): Promise<void> {
  const producer = kafka.producer({ transactionalId, idempotent: true, maxInFlightRequests: 1 })
  await producer.connect()
  await run(await producer.transaction())
  await producer.disconnect()
}

async function readRows(
  kafka: Kafka,
  topic: string,
  ends: ReadonlyMap<number, { readonly low: number; readonly high: number }>,
  committedOnly: boolean,
): Promise<BrokerRow[]> {
  const left = new Set([...ends].filter(([, { low, high }]) => high > low).map(([partition]) => partition))
  const rows: BrokerRow[] = []
  if (left.size === 0) return rows
  const consumer = kafka.consumer({
    groupId: uniqueName('rows'),
    readUncommitted: !committedOnly,
    allowAutoTopicCreation: false,
    maxWaitTimeInMs: 50,
  })
  await consumer.connect()
  try {
    await consumer.subscribe({ topics: [topic], fromBeginning: true })
    // Behind the last record there may be markers only, which reach nobody: this event counts them.
    consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) => {
      const end = ends.get(payload.partition)?.high ?? 0
      if (Number(payload.lastOffset) + 1 >= end) left.delete(payload.partition)
    })
    await consumer.run({
      autoCommit: false,
      eachBatch: async ({ batch }) => {
        for (const { offset, timestamp, key, value, headers } of batch.messages) {
          rows.push({
            ...{ topic, partition: batch.partition, offset: Number(offset), timestamp: Number(timestamp) },
            ...{ key, value, headers: plainHeaders(headers) },
          })
        }
      },
    })
    await until(`the end of ${topic}`, () => left.size === 0)
  } finally {
    await consumer.disconnect()
  }
  return rows.sort((a, b) => a.partition - b.partition || a.offset - b.offset)
}

function plainHeaders(headers: IHeaders | undefined): Record<string, Buffer> {
  return Object.fromEntries(
    Object.entries(headers ?? {}).map(([key, value]) => {
      const [only = ''] = Array.isArray(value) ? value : [value ?? '']
      return [key, Buffer.from(only)]
    }),
  )
}
