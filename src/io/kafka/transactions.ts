import type { Producer, Transaction } from 'kafkajs'
import { moduleOf } from './shapes.js'

/** The part of a producer of kafkajs that keeps its transaction. */
export interface TransactionManager {
  getProducerId(): string
  getProducerEpoch(): number
  /** Makes partitions part of the transaction without a record. */
  addPartitionsToTransaction(
    topics: readonly {
      readonly topic: string
      readonly partitions: readonly { readonly partition: number }[]
    }[],
  ): Promise<void>
}

/** A broker as a cluster object of kafkajs gives it, connected. */
export interface RawBroker {
  /** Versions by number of the request; null before the first answer. */
  readonly versions: Readonly<Record<string, unknown>> | null
  readonly connectionPool: { send(protocol: object): Promise<unknown> }
  /** Makes a request of the library's own in the version that the broker knows. */
  lookupRequest(apiKey: number, definition: object): (input: object) => object
}

/** Kinds of coordinators. */
export const GROUP = 0
export const TRANSACTION = 1

export interface RawCluster {
  findBroker(of: { readonly nodeId: string | number }): Promise<RawBroker>
  findGroupCoordinator(of: { readonly groupId: string; readonly coordinatorType: number }): Promise<RawBroker>
}

interface Made {
  readonly manager: TransactionManager
  readonly cluster: RawCluster
}

type Make = (options: { readonly cluster: RawCluster }) => TransactionManager

let last: Made | null = null

/**
 * Keeps hold of what the library hides. Before the library is loaded: it keeps the function that it finds.
 * Throws: when the library has another shape
 */
export function exposeTransactionManagers(): void {
  const module = moduleOf('kafkajs/src/producer/eosManager')
  if (typeof module.exports !== 'function') throw new Error('kafkajs makes its transactions in another way')
  const make = module.exports as Make
  module.exports = ((options) => {
    const manager = make(options)
    last = { manager, cluster: options.cluster }
    return manager
  }) satisfies Make
}

/** The cluster object of a producer that `create` makes. */
export function withCluster(create: () => Producer): {
  readonly producer: Producer
  readonly cluster: RawCluster
} {
  const [producer, { cluster }] = madeIn(create)
  return { producer, cluster }
}

/** Begins the first transaction of a producer: the broker fences whoever had its id before. */
export async function beginFirst(
  producer: Producer,
): Promise<{ readonly transaction: Transaction; readonly manager: TransactionManager }> {
  const [begun, { manager }] = madeIn(() => producer.transaction())
  return { transaction: await begun, manager }
}

/** What runs may not wait before it makes its manager: others may make theirs meanwhile. */
function madeIn<T>(run: () => T): readonly [T, Made] {
  last = null
  const result = run()
  const made: Made | null = last
  if (made === null) throw new Error('kafkajs makes its transactions in another way')
  return [result, made]
}
