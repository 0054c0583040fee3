import type { Producer } from 'kafkajs'
import type { CommitBatch, Delivery } from '../../core/ports.js'
import { discardClient, openKafkaClient } from './client.js'
import { createDelivery, type KafkaDeliveryOptions, type PartitionProducer } from './delivery.js'
import { partitioner, sends } from './produce.js'
import type { Claim, KafkaSource } from './source.js'

/**
 * At-least-once: records are written, then the outcomes that tell of them, then the offset is committed. What was written
 * before a failure is written again.
 *
 * Producers are idempotent: kafkajs repeats a send whole when one of its partitions moved. The right to commit belongs to
 * the assignment that a partition was opened for: a late commit of a former one would step the offset back.
 */
export function createAtLeastOnceDelivery(
  options: KafkaDeliveryOptions,
  source: Pick<KafkaSource, 'claim'>,
): Delivery {
  return createDelivery(options, (at) => {
    const claim = source.claim(at)
    return () => new PlainProducer(options, claim)
  })
}

class PlainProducer implements PartitionProducer {
  private readonly options: KafkaDeliveryOptions
  private readonly claim: Claim
  private readonly producer: Producer
  readonly close: () => Promise<void>

  constructor(options: KafkaDeliveryOptions, claim: Claim) {
    const { connection, log } = options
    const { kafka, sockets } = openKafkaClient({ connection, role: 'lane', log })
    const producer = kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      createPartitioner: partitioner,
      allowAutoTopicCreation: false,
    })
    this.options = options
    this.claim = claim
    this.producer = producer
    this.close = () => discardClient(producer, sockets)
  }

  async open(): Promise<'ready'> {
    await this.producer.connect()
    return 'ready'
  }

  async write(batch: CommitBatch): Promise<void> {
    const records = batch.outputs.filter((output) => output.isOutcome !== true)
    const outcomes = batch.outputs.filter((output) => output.isOutcome === true)
    for (const outputs of [records, outcomes]) {
      for (const send of sends({ ...batch, outputs }, this.options.compression))
        await this.producer.sendBatch(send)
    }
    await this.claim.commit(batch.next)
  }
}
