import { createRequire } from 'node:module'
import type { RawBroker } from './transactions.js'

const require = createRequire(import.meta.url)

/** Numbers of requests that kafkajs does not know. */
export const DESCRIBE_PRODUCERS = 61
export const DESCRIBE_TRANSACTIONS = 65

/** An open transaction of a producer in a partition: readers that want what is committed stop before it. */
export interface OpenTransaction {
  readonly topic: string
  readonly partition: number
  readonly producerId: string
}

export interface PartitionAnswer {
  readonly topic: string
  readonly partition: number
  /** Error code of the protocol; 0: none. */
  readonly error: number
  readonly open: readonly OpenTransaction[]
}

export interface TransactionAnswer {
  readonly error: number
  /** Word of the protocol, such as CompleteCommit. */
  readonly state: string
  readonly producerId: string
}

export interface TopicAnswer {
  /** Error code of the protocol; 0: none. */
  readonly topicErrorCode: number
  readonly topic: string
  /** A leader below 0 is none. */
  readonly partitionMetadata: readonly { readonly partitionId: number; readonly leader: number }[]
}

interface Encoder {
  writeInt32(value: number): Encoder
  writeUVarIntString(text: string): Encoder
  writeUVarIntArray(items: readonly Encoder[]): Encoder
  /** Without an argument: one byte 0, which is also "no tagged fields". */
  writeUVarIntBytes(): Encoder
}

interface Decoder {
  readInt16(): number
  readInt32(): number
  readInt64(): { toString(): string }
  readUVarIntString(): string
  readUVarIntArray<T>(read: (decoder: Decoder) => T): T[]
  readTaggedFields(): void
}

const newEncoder = (): Encoder => new (require('kafkajs/src/protocol/encoder') as new () => Encoder)()
const newDecoder = (bytes: Buffer): Decoder =>
  new (require('kafkajs/src/protocol/decoder') as new (bytes: Buffer) => Decoder)(bytes)

/**
 * The producers of partitions, as their leader knows them: which of them have a transaction open there.
 * Source: Kafka protocol, DescribeProducers version 0 (KIP-664)
 */
export function describeProducers(topics: ReadonlyMap<string, readonly number[]>) {
  const items = [...topics].map(([topic, partitions]) =>
    newEncoder()
      .writeUVarIntString(topic)
      .writeUVarIntArray(partitions.map((partition) => newEncoder().writeInt32(partition)))
      .writeUVarIntBytes(),
  )
  return requestOf('DescribeProducers', DESCRIBE_PRODUCERS, items, decodeProducers)
}

/**
 * A transaction as its coordinator knows it.
 * Source: Kafka protocol, DescribeTransactions version 0 (KIP-664)
 */
export function describeTransaction(transactionalId: string) {
  const items = [newEncoder().writeUVarIntString(transactionalId)]
  return requestOf('DescribeTransactions', DESCRIBE_TRANSACTIONS, items, decodeTransactions)
}

const METADATA = 3

interface Protocol {
  readonly request: object
  readonly response: { readonly decode: (bytes: Buffer) => Promise<unknown> }
}

/** Where partitions are. The library's own call throws when one of them has an error. */
export async function metadataOf(
  { connectionPool, lookupRequest }: RawBroker,
  topics: readonly string[],
): Promise<readonly TopicAnswer[]> {
  const { requests } = require('kafkajs/src/protocol/requests') as {
    readonly requests: { readonly Metadata: object }
  }
  const metadata = lookupRequest(METADATA, requests.Metadata)
  const { request, response } = metadata({ topics, allowAutoTopicCreation: false }) as Protocol
  const whole = { request, response: { decode: response.decode, parse: async (answer: unknown) => answer } }
  return ((await connectionPool.send(whole)) as { readonly topicMetadata: readonly TopicAnswer[] })
    .topicMetadata
}

/** A request in the form that a connection pool of kafkajs sends: one array of items. */
function requestOf<T>(
  apiName: string,
  apiKey: number,
  items: readonly Encoder[],
  decode: (decoder: Decoder) => T,
) {
  return {
    request: {
      ...{ apiKey, apiVersion: 0, apiName },
      encode: async () => newEncoder().writeUVarIntBytes().writeUVarIntArray(items).writeUVarIntBytes(),
    },
    response: {
      async decode(bytes: Buffer): Promise<T> {
        const decoder = newDecoder(bytes)
        decoder.readTaggedFields()
        decoder.readInt32()
        return decode(decoder)
      },
      parse: async (answer: T): Promise<T> => answer,
    },
  }
}

function decodeProducers(decoder: Decoder): PartitionAnswer[] {
  const topics = decoder.readUVarIntArray((one) => {
    const topic = one.readUVarIntString()
    return tagged(
      one,
      one.readUVarIntArray((each) => decodePartition(each, topic)),
    )
  })
  return topics.flat()
}

function decodePartition(decoder: Decoder, topic: string): PartitionAnswer {
  const partition = decoder.readInt32()
  const error = decoder.readInt16()
  decoder.readUVarIntString()
  const producers = decoder.readUVarIntArray((one) => {
    const producerId = one.readInt64().toString()
    one.readInt32()
    one.readInt32()
    one.readInt64()
    one.readInt32()
    const isOpen = !one.readInt64().toString().startsWith('-')
    return tagged(one, isOpen ? [{ topic, partition, producerId }] : [])
  })
  return tagged(decoder, { topic, partition, error, open: producers.flat() })
}

function decodeTransactions(decoder: Decoder): TransactionAnswer[] {
  return decoder.readUVarIntArray((one) => {
    const error = one.readInt16()
    one.readUVarIntString()
    const state = one.readUVarIntString()
    one.readInt32()
    one.readInt64()
    const producerId = one.readInt64().toString()
    one.readInt16()
    one.readUVarIntArray((each) => {
      each.readUVarIntString()
      each.readUVarIntArray((number) => number.readInt32())
      each.readTaggedFields()
    })
    return tagged(one, { error, state, producerId })
  })
}

function tagged<T>(decoder: Decoder, value: T): T {
  decoder.readTaggedFields()
  return value
}
