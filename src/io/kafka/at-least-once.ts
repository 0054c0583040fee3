import type { Delivery } from '../../core/ports.js'
import { createKafkaClient } from './client.js'
import { createDelivery, type KafkaDeliveryOptions } from './delivery.js'
import { partitioner, sends } from './produce.js'
import type { KafkaSource } from './source.js'

/**
 * At-least-once: records are written, then the outcomes that tell of them, then the offset is committed. What was written before a failure is written again.
 * Producers are idempotent: kafkajs repeats a send whole when one of its partitions moved.
 */
export function createAtLeastOnceDelivery(
  options: KafkaDeliveryOptions,
  source: Pick<KafkaSource, 'commit'>,
): Delivery {
  const client = createKafkaClient(options.connection, 'lane', options.log)
  const open = async () => {
    const producer = client.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      createPartitioner: partitioner,
      allowAutoTopicCreation: false,
    })
    try {
      await producer.connect()
      return { producer, transaction: null }
    } catch (error) {
      producer.disconnect().catch(() => undefined)
      throw error
    }
  }
  return createDelivery(options, open, (at, { producer }) => async (batch) => {
    const records = batch.outputs.filter((output) => output.isOutcome !== true)
    const outcomes = batch.outputs.filter((output) => output.isOutcome === true)
    for (const outputs of [records, outcomes]) {
      for (const send of sends({ ...batch, outputs }, options.compression)) await producer.sendBatch(send)
    }
    await source.commit(at, batch.next)
  })
}
