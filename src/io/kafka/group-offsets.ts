import type { Transaction } from 'kafkajs'
import type { Log } from '../../core/ports.js'
import { discardClient, type KafkaClient, type KafkaConnection, openKafkaClient } from './client.js'

/** Offsets to go on from, by topic and partition. */
export type GroupOffsets = ReadonlyMap<string, ReadonlyMap<number, number>>

const TRANSACTION_TIMEOUT_MS = 15_000

/**
 * Commits offsets of a group, of all topics or of none: one transaction.
 *
 * In:     read   what to commit; null: nothing any more. Asked when no other process can be between its own question
 *                and commit: whoever was there has ended or is fenced
 * Out:    resolves when everyone sees them
 * Throws: errors of the broker, and when another process took over; nothing was committed then
 */
export async function commitOffsetsAtOnce(
  connection: KafkaConnection,
  log: Log,
  groupId: string,
  read: () => Promise<GroupOffsets | null>,
): Promise<void> {
  const open = (): KafkaClient => openKafkaClient({ connection, role: 'lane', log })
  await inTransaction(open(), groupId, async (transaction) => {
    const offsets = await read()
    if (offsets === null) return transaction.abort()
    const topics = [...offsets].map(([topic, partitions]) => ({
      topic,
      partitions: [...partitions].map(([partition, offset]) => ({ partition, offset: String(offset) })),
    }))
    await transaction.sendOffsets({ consumerGroupId: groupId, topics })
    await transaction.commit()
  })
  // A commit returns before its offsets show; the next transaction of the same id begins only after they do.
  await inTransaction(open(), groupId, (transaction) => transaction.abort())
}

async function inTransaction(
  { kafka, sockets }: KafkaClient,
  groupId: string,
  run: (transaction: Transaction) => Promise<void>,
): Promise<void> {
  const producer = kafka.producer({
    transactionalId: `${groupId}.first-offsets`,
    idempotent: true,
    maxInFlightRequests: 1,
    transactionTimeout: TRANSACTION_TIMEOUT_MS,
    allowAutoTopicCreation: false,
  })
  try {
    await producer.connect()
    await run(await producer.transaction())
  } finally {
    await discardClient(producer, sockets)
  }
}
