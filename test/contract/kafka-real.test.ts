import { setTimeout as sleep } from 'node:timers/promises'
import type { Producer } from 'kafkajs'
import type { TopicPartition } from '../../src/core/model.js'
import type { Delivery, Log, SourceListener } from '../../src/core/ports.js'
import { createKafkaAdmin } from '../../src/io/kafka/admin.js'
import { createAtLeastOnceDelivery } from '../../src/io/kafka/at-least-once.js'
import type { KafkaConnection } from '../../src/io/kafka/client.js'
import { loadKafkajs } from '../../src/io/kafka/patches.js'
import { createKafkaSource, type KafkaSource } from '../../src/io/kafka/source.js'
import { createTransactionalDelivery } from '../../src/io/kafka/transactional.js'
import { createSystemClock } from '../../src/io/system/clock.js'
import { connectBroker, type TestBroker, uniqueName, whenCompleted } from '../support/broker.js'
import { stack } from '../support/stack.js'
import { until } from '../support/until.js'
import {
  type DeliveryWorld,
  describeDeliveryContract,
  type OverlappingTransaction,
} from './delivery.contract.js'

describeDeliveryContract('Kafka itself', createRealWorld)

const clock = createSystemClock()
const log: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
/** The least the broker allows. */
const SESSION_MS = 6000
const IDLE: SourceListener = {
  revoking: () => Promise.resolve(),
  assigned: () => undefined,
  messages: (_, batch) => batch.length,
  heartbeat: () => undefined,
  outOfRange: () => undefined,
}

async function createRealWorld(): Promise<DeliveryWorld> {
  const broker = await connectBroker()
  const connection: KafkaConnection = {
    ...{ brokers: stack().brokers, clientId: 'contract', ssl: false, sasl: null },
  }
  const admin = createKafkaAdmin(connection, log)
  const topics: string[] = []
  const source = (groupId: string, topics: readonly string[]): KafkaSource =>
    createKafkaSource({
      ...{ connection, groupId, topics, clock, log },
      ...{ sessionTimeoutMs: SESSION_MS, rebalanceDrainMs: 2000 },
    })

  return {
    async createTopic(partitions) {
      const topic = await broker.createTopic({ partitions, name: 'contract' })
      topics.push(topic)
      return topic
    },
    newGroup: () => uniqueName('contract-group'),
    append: (at, values) =>
      broker.append(
        at,
        values.map((value) => ({ value })),
      ),
    appendOverlapping: (at, transactions, endOrder) => appendOverlapping(broker, at, transactions, endOrder),
    deleteBefore: (at, offset) => broker.deleteBefore(at, offset),
    setCommitted: (groupId, at, offset) => broker.setCommitted(groupId, at, offset),
    async committed(groupId, at) {
      const offset = await broker.committed(groupId, at)
      return offset < 0 ? null : offset
    },
    async read(topic, options) {
      const rows = await broker.rows(topic, options)
      return rows.map(({ partition, offset, key, value, headers }) => ({
        ...{ partition, offset, key: key?.toString() ?? null, value: value?.toString() ?? null },
        headers: Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, text.toString()])),
      }))
    },
    source: ({ groupId, topics }) => source(groupId, topics),
    delivery({ groupId, transactional }) {
      const { CompressionTypes } = loadKafkajs()
      const options = { connection, groupId, admin, log, compression: CompressionTypes.None }
      const delivering = { ...options, transactionTimeoutMs: 15_000 }
      if (transactional) return createTransactionalDelivery({ ...delivering, outputTopics: topics })
      return withMember(groupId, source, (member) => createAtLeastOnceDelivery(delivering, member))
    },
    async abandonTransaction(groupId, at, output, next) {
      const transactionalId = `${groupId}.${at.topic}.${at.partition}`
      const producer = await transactionalProducer(broker, transactionalId)
      const transaction = await producer.transaction()
      const { key, value } = output
      await transaction.send({ topic: output.topic, messages: [{ key, value, partition: 0 }] })
      const partitions = [{ partition: at.partition, offset: String(next) }]
      await transaction.sendOffsets({ consumerGroupId: groupId, topics: [{ topic: at.topic, partitions }] })
      await producer.disconnect()
    },
    until,
    moment: () => sleep(500),
    async close() {
      await Promise.all([broker.close(), admin.close()])
    },
  }
}

/** At-least-once commits through a member of the group, which joins with the first commit. */
function withMember(
  groupId: string,
  source: (groupId: string, topics: readonly string[]) => KafkaSource,
  create: (member: Pick<KafkaSource, 'claim'>) => Delivery,
): Delivery {
  let member: KafkaSource | null = null
  const delivery = create({
    claim: (at) => ({
      async commit(next) {
        if (member === null) {
          member = source(groupId, [at.topic])
          await member.start(IDLE)
        }
        await member.claim(at).commit(next)
      },
    }),
  })
  return {
    open: (list, signal) => delivery.open(list, signal),
    async close() {
      await delivery.close()
      await member?.stop()
    },
  }
}

async function appendOverlapping(
  broker: TestBroker,
  at: TopicPartition,
  transactions: readonly OverlappingTransaction[],
  endOrder: readonly number[],
): Promise<void> {
  const begun = []
  for (const { values, commit } of transactions) {
    const transactionalId = uniqueName('writer')
    const producer = await transactionalProducer(broker, transactionalId)
    const transaction = await producer.transaction()
    const messages = values.map((value) => ({ value, partition: at.partition }))
    await transaction.send({ topic: at.topic, messages })
    begun.push({ transactionalId, producer, transaction, commit })
  }
  for (const index of endOrder) {
    const one = begun[index]
    if (one === undefined) throw new Error('endOrder names a transaction that is not there')
    await (one.commit ? one.transaction.commit() : one.transaction.abort())
    await one.producer.disconnect()
    await whenCompleted(broker.kafka, one.transactionalId)
  }
}

async function transactionalProducer(broker: TestBroker, transactionalId: string): Promise<Producer> {
  const producer = broker.kafka.producer({ transactionalId, idempotent: true, maxInFlightRequests: 1 })
  await producer.connect()
  return producer
}
