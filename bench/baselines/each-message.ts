import type { Consumer, Producer } from 'kafkajs'
import type { BaselineConfig } from '../subjects.js'
import type { Work } from './work.js'

export interface LoopParts {
  readonly config: BaselineConfig
  readonly consumer: Consumer
  readonly producer: Producer
  readonly work: Work
  /** So many more events are done. */
  readonly progress: (events: number) => void
}

/** One message at a time, each fetched and produced before the next; the library commits. */
export async function runEachMessage({ config, consumer, producer, work, progress }: LoopParts) {
  await consumer.run({
    eachMessage: async ({ topic, partition, message }) => {
      const messages = await work({ topic, partition, message })
      await producer.send({ topic: config.verifiedTopic, messages })
      progress(1)
    },
  })
}
