import { setTimeout as wait } from 'node:timers/promises'
import type { Producer, TopicOffsets, Transaction } from 'kafkajs'
import type { TopicPartition } from '../../core/model.js'
import type { CommitBatch, Delivery } from '../../core/ports.js'
import { discardClient, openKafkaClient } from './client.js'
import { createDelivery, type KafkaDeliveryOptions, type PartitionProducer } from './delivery.js'
import type { OpenTransaction } from './describe.js'
import { createHangingTransactions, type HangingTransactions, OFFSETS_TOPIC } from './hanging.js'
import { partitioner, sends } from './produce.js'
import { beginFirst, type RawCluster, type TransactionManager, withCluster } from './transactions.js'

export interface TransactionalDeliveryOptions extends KafkaDeliveryOptions {
  /** Everything that outputs may go to. */
  readonly outputTopics: readonly string[]
}

/**
 * Exactly-once: outputs and offset in one transaction, a transactional id for each group, topic and partition.
 *
 * InitProducerId comes first: it completes or aborts what a former owner left, and fences it; what a broker forgot of that
 * is ended as it was begun. Only then is the committed offset final and read. After any error the producer is thrown away:
 * kafkajs would lose a later batch in silence.
 * Source: kafkajs-exactly-once.md sections 1 and 2; docs/decisions/kafkajs.md, Forgotten commits
 */
export function createTransactionalDelivery(options: TransactionalDeliveryOptions): Delivery {
  const hanging = createHangingTransactions(options.outputTopics, options.log)
  return createDelivery(options, (at) => () => new TransactionalProducer(options, at, hanging))
}

class TransactionalProducer implements PartitionProducer {
  private readonly options: KafkaDeliveryOptions
  private readonly at: TopicPartition
  private readonly hanging: HangingTransactions
  private readonly transactionalId: string
  private readonly producer: Producer
  private readonly cluster: RawCluster
  private begun: Transaction | null = null
  readonly isStale: () => boolean
  readonly close: () => Promise<void>

  constructor(options: KafkaDeliveryOptions, at: TopicPartition, hanging: HangingTransactions) {
    const { connection, groupId, transactionTimeoutMs, log } = options
    const { kafka, sockets } = openKafkaClient({ connection, role: 'lane', log })
    const transactionalId = `${groupId}.${at.topic}.${at.partition}`
    const { producer, cluster } = withCluster(() =>
      kafka.producer({
        transactionalId,
        idempotent: true,
        maxInFlightRequests: 1,
        transactionTimeout: transactionTimeoutMs,
        createPartitioner: partitioner,
        allowAutoTopicCreation: false,
      }),
    )
    this.options = options
    this.at = at
    this.hanging = hanging
    this.transactionalId = transactionalId
    this.producer = producer
    this.cluster = cluster
    // A broker that comes back may have forgotten to end the last commit; another transaction would decide about it.
    this.isStale = () => sockets.hasLost()
    this.close = () => discardClient(producer, sockets)
  }

  async open(signal: AbortSignal): Promise<'ready' | 'again'> {
    const { hanging, cluster, transactionalId } = this
    await this.producer.connect()
    const committed = await hanging.wasCommitted(cluster, transactionalId)
    const { transaction, manager } = await beginFirst(this.producer)
    const places = await hanging.openOf(cluster, transactionalId, String(manager.getProducerId()))
    this.begun = transaction
    if (places.length === 0) return 'ready'
    await this.end({ transaction, manager, places, committed, signal })
    return 'again'
  }

  /**
   * A broker that is killed in the moment of a commit may come back with the commit done and some or all of its markers
   * missing: records that no `read_committed` reader passes, and an offset that nobody sees, until another transaction of
   * the same producer ends them in its way. So they get the markers that they were to have, before anything else happens.
   */
  private async end({ transaction, manager, places, committed, signal }: Hanging): Promise<void> {
    const { groupId, log } = this.options
    const { topic, partition } = this.at
    log.warn('commit-mended', {
      topic,
      partition,
      places: places.length,
      as: committed ? 'committed' : 'aborted',
    })
    const outputs = places.filter((place) => place.topic !== OFFSETS_TOPIC)
    await manager.addPartitionsToTransaction(
      outputs.map((place) => ({ topic: place.topic, partitions: [{ partition: place.partition }] })),
    )
    await sendOffset(transaction, { groupId, topics: [], signal })
    await (committed ? transaction.commit() : transaction.abort())
  }

  /** Outputs first: they make the broker ready for the offset of the same transaction. */
  async write(batch: CommitBatch, signal: AbortSignal): Promise<void> {
    const current = this.begun ?? (await this.producer.transaction())
    this.begun = null
    for (const send of sends(batch, this.options.compression)) await current.sendBatch(send)
    const { topic, partition } = this.at
    const topics = [{ topic, partitions: [{ partition, offset: String(batch.next) }] }]
    await sendOffset(current, { groupId: this.options.groupId, topics, signal })
    await current.commit()
  }
}

interface Hanging {
  readonly transaction: Transaction
  readonly manager: TransactionManager
  readonly places: readonly OpenTransaction[]
  readonly committed: boolean
  readonly signal: AbortSignal
}

const CONCURRENT_TRIES = 20
const CONCURRENT_WAIT_MS = 20

export interface OffsetToSend {
  readonly groupId: string
  /** None: the offsets that the transaction has already. */
  readonly topics: TopicOffsets[]
  /** Ends the wait between two tries. */
  readonly signal: AbortSignal
}

/** Without an output before it, AddOffsetsToTxn may meet the end of the transaction before; kafkajs does not retry it. */
export async function sendOffset(
  transaction: Pick<Transaction, 'sendOffsets'>,
  { groupId, topics, signal }: OffsetToSend,
): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await transaction.sendOffsets({ consumerGroupId: groupId, topics })
      return
    } catch (error) {
      const concurrent = error instanceof Error && 'type' in error && error.type === 'CONCURRENT_TRANSACTIONS'
      if (!concurrent || tries >= CONCURRENT_TRIES) throw error
      await wait(CONCURRENT_WAIT_MS, undefined, { signal })
    }
  }
}
