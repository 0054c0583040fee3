import type { Producer, TopicOffsets, Transaction } from 'kafkajs'
import { onAbort } from '../../core/abort.js'
import type { TopicPartition } from '../../core/model.js'
import type { CommitBatch, Delivery } from '../../core/ports.js'
import { discardClient, openKafkaClient } from './client.js'
import { pause } from './deadline.js'
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
  const hanging = createHangingTransactions({
    topics: options.outputTopics,
    groupId: options.groupId,
    log: options.log,
  })
  return createDelivery(options, (at) => () => new TransactionalProducer(options, at, hanging))
}

class TransactionalProducer implements PartitionProducer {
  private readonly options: KafkaDeliveryOptions
  private readonly at: TopicPartition
  private readonly hanging: HangingTransactions
  private readonly transactionalId: string
  private readonly producer: Producer
  private readonly cluster: RawCluster
  /** A broker that comes back may have forgotten to end the last commit, and what goes on there would decide about it. */
  private readonly lost: AbortSignal
  private begun: Transaction | null = null
  readonly close: () => Promise<void>

  constructor(options: KafkaDeliveryOptions, at: TopicPartition, hanging: HangingTransactions) {
    const { connection, groupId, transactionTimeoutMs, log } = options
    const { kafka, sockets } = openKafkaClient({ connection, role: 'lane', log, once: true })
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
    this.lost = sockets.lost
    this.close = () => discardClient(producer, sockets)
  }

  open(signal: AbortSignal): Promise<'ready' | 'again'> {
    return this.unlessLost(() => this.prepare(signal))
  }

  private async prepare(signal: AbortSignal): Promise<'ready' | 'again'> {
    const { hanging, cluster, transactionalId } = this
    await this.producer.connect()
    const committed = await hanging.wasCommitted(cluster, transactionalId, signal)
    signal.throwIfAborted()
    const { transaction, manager } = await beginFirst(this.producer)
    const producerId = String(manager.getProducerId())
    // Whatever becomes of the assignment now: what hangs is ended by whoever has wiped out how.
    const places = await hanging.openOf(cluster, { transactionalId, producerId, signal: this.lost })
    this.begun = transaction
    if (places.length === 0) {
      hanging.forget(transactionalId)
      return 'ready'
    }
    await this.end({ transaction, manager, places, committed })
    return 'again'
  }

  /**
   * A broker that is killed in the moment of a commit may come back with the commit done and some or all of its markers
   * missing: records that no `read_committed` reader passes, and an offset that nobody sees, until another transaction of
   * the same producer ends them in its way. So they get the markers that they were to have, before anything else happens.
   */
  private async end({ transaction, manager, places, committed }: Hanging): Promise<void> {
    const { groupId, log } = this.options
    const { topic, partition } = this.at
    const outputs = places.filter((place) => place.topic !== OFFSETS_TOPIC)
    await manager.addPartitionsToTransaction(
      outputs.map((place) => ({ topic: place.topic, partitions: [{ partition: place.partition }] })),
    )
    await sendOffset(transaction, { groupId, topics: [], signal: this.lost })
    await (committed ? transaction.commit() : transaction.abort())
    log.warn('commit-mended', {
      topic,
      partition,
      places: places.length,
      as: committed ? 'committed' : 'aborted',
    })
  }

  write(batch: CommitBatch, signal: AbortSignal): Promise<void> {
    return this.unlessLost(() => this.commit(batch, signal))
  }

  /** Outputs first: they make the broker ready for the offset of the same transaction. */
  private async commit(batch: CommitBatch, signal: AbortSignal): Promise<void> {
    const current = this.begun ?? (await this.producer.transaction())
    this.begun = null
    for (const send of sends(batch, this.options.compression)) await current.sendBatch(send)
    const { topic, partition } = this.at
    const topics = [{ topic, partitions: [{ partition, offset: String(batch.next) }] }]
    await sendOffset(current, { groupId: this.options.groupId, topics, signal })
    await current.commit()
  }

  /** The library would try for seconds to reach a broker that it may not reach any more. */
  private unlessLost<T>(run: () => Promise<T>): Promise<T> {
    if (this.lost.aborted) return Promise.reject(new ConnectionLost())
    return new Promise((resolve, reject) => {
      const deaf = onAbort(this.lost, () => reject(new ConnectionLost()))
      run().then(resolve, reject).finally(deaf)
    })
  }
}

class ConnectionLost extends Error {
  readonly code = 'CONNECTION_LOST'
  constructor() {
    super('the connection to a broker was lost')
    this.name = 'ConnectionLost'
  }
}

interface Hanging {
  readonly transaction: Transaction
  readonly manager: TransactionManager
  readonly places: readonly OpenTransaction[]
  readonly committed: boolean
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
      await pause(CONCURRENT_WAIT_MS, signal)
    }
  }
}
