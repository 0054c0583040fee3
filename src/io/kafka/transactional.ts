import { setTimeout as wait } from 'node:timers/promises'
import type { Producer, Transaction } from 'kafkajs'
import type { TopicPartition } from '../../core/model.js'
import type { CommitBatch, Delivery } from '../../core/ports.js'
import { discardClient, openKafkaClient } from './client.js'
import {
  createDelivery,
  type KafkaDeliveryOptions,
  type PartitionProducer,
  type Written,
} from './delivery.js'
import { partitioner, probesOf, sends } from './produce.js'

/**
 * Exactly-once: outputs and offset in one transaction, a transactional id for each group, topic and partition.
 *
 * InitProducerId comes first: it completes or aborts what a former owner left, and fences it. Only then is the committed
 * offset final and read. After any error the producer is thrown away: kafkajs would lose a later batch in silence.
 * Source: kafkajs-exactly-once.md sections 1 and 2
 */
export function createTransactionalDelivery(options: KafkaDeliveryOptions): Delivery {
  return createDelivery(options, (at) => () => new TransactionalProducer(options, at))
}

class TransactionalProducer implements PartitionProducer {
  private readonly options: KafkaDeliveryOptions
  private readonly at: TopicPartition
  private readonly producer: Producer
  private begun: Transaction | null = null
  readonly close: () => Promise<void>

  constructor(options: KafkaDeliveryOptions, at: TopicPartition) {
    const { connection, groupId, transactionTimeoutMs, log } = options
    const { kafka, sockets } = openKafkaClient({ connection, role: 'lane', log })
    const producer = kafka.producer({
      transactionalId: `${groupId}.${at.topic}.${at.partition}`,
      idempotent: true,
      maxInFlightRequests: 1,
      transactionTimeout: transactionTimeoutMs,
      createPartitioner: partitioner,
      allowAutoTopicCreation: false,
    })
    this.options = options
    this.at = at
    this.producer = producer
    this.close = () => discardClient(producer, sockets)
  }

  async open(): Promise<void> {
    await this.producer.connect()
    this.begun = await this.producer.transaction()
  }

  /** Outputs first: they make the broker ready for the offset of the same transaction. */
  async write(batch: CommitBatch, signal: AbortSignal, onWritten: (written: Written) => void): Promise<void> {
    const current = this.begun ?? (await this.producer.transaction())
    this.begun = null
    const places: TopicPartition[] = []
    for (const send of sends(batch, this.options.compression)) {
      for (const { topicName: topic, partition } of await current.sendBatch(send))
        places.push({ topic, partition })
    }
    await sendOffset(current, { groupId: this.options.groupId, at: this.at, next: batch.next, signal })
    onWritten({ next: batch.next, places })
    await current.commit()
  }

  /** The markers of an aborted transaction of the same producer end what hangs where they are written. */
  async takeBack({ next, places }: Written, signal: AbortSignal): Promise<void> {
    const current = this.begun ?? (await this.producer.transaction())
    this.begun = null
    if (places.length > 0) await current.sendBatch({ topicMessages: probesOf(places), acks: -1 })
    await sendOffset(current, { groupId: this.options.groupId, at: this.at, next, signal })
    await current.abort()
  }
}

const CONCURRENT_TRIES = 20
const CONCURRENT_WAIT_MS = 20

export interface OffsetToSend {
  readonly groupId: string
  readonly at: TopicPartition
  readonly next: number
  /** Ends the wait between two tries. */
  readonly signal: AbortSignal
}

/** Without an output before it, AddOffsetsToTxn may meet the end of the transaction before; kafkajs does not retry it. */
export async function sendOffset(
  transaction: Pick<Transaction, 'sendOffsets'>,
  { groupId, at, next, signal }: OffsetToSend,
): Promise<void> {
  const partitions = [{ partition: at.partition, offset: String(next) }]
  for (let tries = 1; ; tries += 1) {
    try {
      await transaction.sendOffsets({ consumerGroupId: groupId, topics: [{ topic: at.topic, partitions }] })
      return
    } catch (error) {
      const concurrent = error instanceof Error && 'type' in error && error.type === 'CONCURRENT_TRANSACTIONS'
      if (!concurrent || tries >= CONCURRENT_TRIES) throw error
      await wait(CONCURRENT_WAIT_MS, undefined, { signal })
    }
  }
}
