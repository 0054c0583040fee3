import type { CompressionTypes, Producer, Transaction } from 'kafkajs'
import pLimit from 'p-limit'
import type { TopicPartition } from '../../core/model.js'
import type { CommitBatch, Delivery, Log } from '../../core/ports.js'
import type { KafkaAdmin } from './admin.js'
import { createKafkaClient, type KafkaConnection } from './client.js'
import { createCommitter } from './committer.js'
import { withDeadline } from './deadline.js'
import { partitioner, sends } from './produce.js'
import { createRenewing } from './renewing.js'
import { readStarts } from './starts.js'

export interface KafkaDeliveryOptions {
  readonly connection: KafkaConnection
  readonly groupId: string
  readonly transactionTimeoutMs: number
  readonly compression: CompressionTypes
  readonly admin: KafkaAdmin
  readonly log: Log
}

/** Producers that are opened at the same time. */
const OPENING_AT_ONCE = 16

/**
 * Exactly-once: outputs and offset in one transaction, a transactional id for each group, topic and partition.
 *
 * InitProducerId comes first: it completes or aborts what a former owner left, and fences it. Only then is the committed
 * offset final and read. After any error the producer is thrown away: kafkajs would lose a later batch in silence.
 * Source: kafkajs-exactly-once.md sections 1 and 2
 */
export function createTransactionalDelivery(options: KafkaDeliveryOptions): Delivery {
  const { connection, groupId, transactionTimeoutMs, log } = options
  const client = createKafkaClient(connection, 'lane', log)
  const open = async (at: TopicPartition): Promise<Opening> => {
    const producer = client.producer({
      transactionalId: `${groupId}.${at.topic}.${at.partition}`,
      idempotent: true,
      maxInFlightRequests: 1,
      transactionTimeout: transactionTimeoutMs,
      createPartitioner: partitioner,
      allowAutoTopicCreation: false,
    })
    try {
      await producer.connect()
      return { producer, transaction: await producer.transaction() }
    } catch (error) {
      producer.disconnect().catch(() => undefined)
      throw error
    }
  }
  return createDelivery(options, open, (at, opening) => transactionWriter(options, at, opening))
}

interface Opening {
  readonly producer: Producer
  readonly transaction: Transaction | null
}

type Writer = (at: TopicPartition, opening: Opening) => (batch: CommitBatch) => Promise<void>

/** What both kinds of delivery share: open all producers, then read where to start. */
export function createDelivery(
  options: KafkaDeliveryOptions,
  open: (at: TopicPartition) => Promise<Opening>,
  writer: Writer,
): Delivery {
  const limit = pLimit(OPENING_AT_ONCE)
  const settle = async (at: TopicPartition): Promise<Opening | Error> => {
    const opening = open(at)
    try {
      return await withDeadline(options.transactionTimeoutMs, () => opening)
    } catch (error) {
      // One that opens after all is of no use any more.
      opening.then(({ producer }) => producer.disconnect()).catch(() => undefined)
      return asError(error)
    }
  }
  const openAll: Delivery['open'] = async (list) => {
    const openings = await Promise.all(list.map((at) => limit(() => settle(at))))
    const starts = await readStarts(options.admin, options.groupId, list)
    return list.map((at, index) => {
      const opening = openings[index]
      const start = starts[index]
      if (opening === undefined || opening instanceof Error) return opening ?? new Error('nothing was opened')
      if (start === undefined || start instanceof Error) {
        opening.producer.disconnect().catch(() => undefined)
        return start ?? new Error('no start offset')
      }
      return createCommitter({
        producer: opening.producer,
        start,
        limitMs: options.transactionTimeoutMs,
        write: writer(at, opening),
      })
    })
  }
  return {
    async open(list) {
      const committers = await openAll(list)
      return committers.map((one, index) => {
        const at = list[index]
        if (one instanceof Error || at === undefined) return one
        return createRenewing(one, async () => (await openAll([at]))[0] ?? new Error('nothing was opened'))
      })
    },
    close: () => Promise.resolve(),
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error('kafkajs threw something that is no error')
}

const CONCURRENT_TRIES = 20
const CONCURRENT_WAIT_MS = 20

/** Outputs first: they make the broker ready for the offset of the same transaction. */
function transactionWriter(
  options: KafkaDeliveryOptions,
  at: TopicPartition,
  { producer, transaction }: Opening,
) {
  let begun = transaction
  return async (batch: CommitBatch): Promise<void> => {
    const current = begun ?? (await producer.transaction())
    begun = null
    for (const send of sends(batch, options.compression)) await current.sendBatch(send)
    await sendOffset(options.groupId, at, current, batch.next)
    await current.commit()
  }
}

/** Without an output before it, AddOffsetsToTxn may meet the end of the transaction before; kafkajs does not retry it. */
async function sendOffset(
  groupId: string,
  at: TopicPartition,
  transaction: Transaction,
  next: number,
): Promise<void> {
  const partitions = [{ partition: at.partition, offset: String(next) }]
  for (let tries = 1; ; tries += 1) {
    try {
      await transaction.sendOffsets({ consumerGroupId: groupId, topics: [{ topic: at.topic, partitions }] })
      return
    } catch (error) {
      const concurrent = error instanceof Error && 'type' in error && error.type === 'CONCURRENT_TRANSACTIONS'
      if (!concurrent || tries >= CONCURRENT_TRIES) throw error
      await new Promise((resolve) => setTimeout(resolve, CONCURRENT_WAIT_MS))
    }
  }
}
