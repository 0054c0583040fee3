import type { CompressionTypes, ICustomPartitioner, Message, ProducerBatch, TopicMessages } from 'kafkajs'
import type { MessageHeader, Output } from '../../core/model.js'
import { partitionOf } from '../../core/murmur2.js'
import type { CommitBatch } from '../../core/ports.js'

/** A message of ours as kafkajs takes it; the partitioner gets the whole object. */
interface PlacedMessage extends Message {
  readonly sourcePartition: number
}

/** One send makes one record batch a partition, and the broker refuses a batch over message.max.bytes (1,048,588 by default). */
const MAX_SEND_BYTES = 900_000
/** Key, value and header bytes aside, a record costs at most so much. */
const RECORD_OVERHEAD_BYTES = 70

/** murmur2 of the key as in the Java client; without a key the source partition modulo the number of partitions. */
export const partitioner: ICustomPartitioner =
  () =>
  ({ message, partitionMetadata }) => {
    const { key, sourcePartition } = message as PlacedMessage
    return Buffer.isBuffer(key)
      ? partitionOf(key, partitionMetadata.length)
      : sourcePartition % partitionMetadata.length
  }

/** Cuts outputs into sends that the broker takes, in order; between records of one event only where they fit into none. */
export function* sends(
  { outputs, apart = false }: Pick<CommitBatch, 'outputs' | 'apart'>,
  compression: CompressionTypes,
): Generator<ProducerBatch> {
  let byTopic = new Map<string, Message[]>()
  let bytes = 0
  const batch = (): ProducerBatch => {
    const topicMessages: TopicMessages[] = [...byTopic].map(([topic, messages]) => ({ topic, messages }))
    return { topicMessages, acks: -1, compression }
  }
  for (const [index, output] of outputs.entries()) {
    const size = outputBytes(output)
    const isTooMuch = bytes + size > MAX_SEND_BYTES || !fitsWhole(outputs, index, bytes)
    if (bytes > 0 && (apart || isTooMuch)) {
      yield batch()
      byTopic = new Map()
      bytes = 0
    }
    const messages = byTopic.get(output.topic)
    if (messages === undefined) byTopic.set(output.topic, [placed(output)])
    else messages.push(placed(output))
    bytes += size
  }
  if (bytes > 0) yield batch()
}

/** Whether the records of an event that begin here go into a send of so many bytes, or into no send alone. */
function fitsWhole(outputs: readonly Output[], first: number, bytes: number): boolean {
  const { key } = outputs[first] as Output
  // They share one key object.
  if (key === null || outputs[first - 1]?.key === key) return true
  let own = 0
  for (let at = first; outputs[at]?.key === key; at += 1) own += outputBytes(outputs[at] as Output)
  return bytes + own <= MAX_SEND_BYTES || own > MAX_SEND_BYTES
}

function placed(output: Output): PlacedMessage {
  const { key, value, headers, sourcePartition } = output
  if (headers.length === 0) return { key, value, sourcePartition }
  return { key, value, headers: headerMap(headers), sourcePartition }
}

function headerMap(headers: readonly MessageHeader[]): Record<string, Buffer | Buffer[]> {
  const values = new Map<string, Buffer[]>()
  // kafkajs writes a null header value as an empty one.
  for (const { key, value } of headers)
    values.set(key, [...(values.get(key) ?? []), value ?? Buffer.alloc(0)])
  return Object.fromEntries(values)
}

function outputBytes({ key, value, headers }: Output): number {
  let bytes = value.length + (key?.length ?? 0) + RECORD_OVERHEAD_BYTES
  for (const header of headers) bytes += header.key.length + (header.value?.length ?? 0) + 4
  return bytes
}
