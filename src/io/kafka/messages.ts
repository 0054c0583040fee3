import type { KafkaMessage } from 'kafkajs'
import type { MessageHeader, SourceMessage, TopicPartition } from '../../core/model.js'

/** A message of the library as a message of ours. */
export function sourceMessage(at: TopicPartition, message: KafkaMessage): SourceMessage {
  return {
    topic: at.topic,
    partition: at.partition,
    offset: Number(message.offset),
    timestamp: Number(message.timestamp),
    key: message.key,
    value: message.value,
    headers: headersOf(message.headers),
  }
}

const NO_HEADERS: readonly MessageHeader[] = []

function headersOf(headers: KafkaMessage['headers']): readonly MessageHeader[] {
  if (headers === undefined) return NO_HEADERS
  const list: MessageHeader[] = []
  for (const [key, values] of Object.entries(headers)) {
    for (const value of Array.isArray(values) ? values : [values]) {
      list.push({ key, value: value == null ? null : Buffer.from(value) })
    }
  }
  return list
}
