import { type ReaderOptions, readToEnd } from './reader.js'
import type { OutcomesTellOf } from './topics.js'

/** In: `sourceTopicOf`, which reads the source topic out of an outcome row. */
export function createOutcomesTellOf(
  options: ReaderOptions,
  sourceTopicOf: (value: Buffer) => string | null,
): OutcomesTellOf {
  return async (outcomesTopic, topics) => {
    let found = false
    await readToEnd(options, [outcomesTopic], (message) => {
      const topic = message.value === null ? null : sourceTopicOf(message.value)
      found ||= topic !== null && topics.includes(topic)
      return !found
    })
    return found
  }
}
