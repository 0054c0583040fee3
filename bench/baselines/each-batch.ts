import pLimit from 'p-limit'
import { PARTITIONS } from '../cells.js'
import type { LoopParts } from './each-message.js'

/** Events of one send and one commit. */
const SLICE = 50

/** All partitions at once, their calls under one limit; a slice of a batch is produced and committed when all of it is fetched. */
export async function runEachBatch({ config, consumer, producer, work, progress }: LoopParts) {
  const limit = pLimit(config.concurrency)
  await consumer.run({
    autoCommit: false,
    eachBatchAutoResolve: false,
    partitionsConsumedConcurrently: PARTITIONS,
    eachBatch: async ({ batch, resolveOffset, heartbeat, isRunning, isStale }) => {
      const { topic, partition } = batch
      for (let first = 0; first < batch.messages.length; first += SLICE) {
        if (!isRunning() || isStale()) return
        const slice = batch.messages.slice(first, first + SLICE)
        const records = await Promise.all(
          slice.map((message) => limit(() => work({ topic, partition, message }))),
        )
        await producer.send({ topic: config.verifiedTopic, messages: records.flat() })
        const last = slice.at(-1)?.offset ?? batch.lastOffset()
        resolveOffset(last)
        await consumer.commitOffsets([{ topic, partition, offset: String(Number(last) + 1) }])
        progress(slice.length)
        await heartbeat()
      }
    },
  })
}
