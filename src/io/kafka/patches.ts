import { createRequire } from 'node:module'
import type * as Kafkajs from 'kafkajs'
import type { TopicPartition } from '../../core/model.js'
import { addCodecs } from './codecs.js'
import { rememberCoordinators } from './coordinators.js'
import { replaceRecordBatch } from './record-batch.js'

/** What a consumer is told by the patched library, before it would go its own way. */
export interface ConsumerHooks {
  /** Before the group is joined anew: finish work here. The join waits. */
  revoking(): Promise<void>
  /** The fetch position lies outside the log. The library would reset it in silence; it does not. */
  outOfRange(at: TopicPartition): void
}

/** The one version that the patches were written for and proved with. */
export const PATCHED_VERSION = '2.2.4'

const require = createRequire(import.meta.url)
const hooksOf = new WeakMap<object, ConsumerHooks>()
let library: typeof Kafkajs | null = null

/**
 * Loads kafkajs with its faults mended. Each patch replaces one function:
 * - filterAbortedMessages: the original shows aborted records when aborted transactions overlap in a partition.
 * - RecordBatch: the original copies each record three times; the bytes are the same (speed alone).
 * - RequestQueue.scheduleCheckPendingRequests: the original wakes every millisecond on each idle connection.
 * - Cluster.retry: undefined in the original, so that InitProducerId and TxnOffsetCommit wait 300 ms and more.
 * - Cluster.findGroupCoordinator: the original asks the broker four times in each transaction.
 * - ConsumerGroup.joinAndSync: the original rejoins without waiting for work in flight.
 * - ConsumerGroup.recoverFromOffsetOutOfRange: the original resets the position in silence.
 *
 * Throws when another version is installed: without the patches exactly-once does not hold.
 * Source: kafkajs issue 1556 (timer), measured behaviour in docs/decisions/kafkajs.md
 */
export function loadKafkajs(): typeof Kafkajs {
  if (library !== null) return library
  const { version } = require('kafkajs/package.json') as { version: string }
  if (version !== PATCHED_VERSION) {
    throw new Error(
      `kafkajs ${version} is installed, but delivery is proved with ${PATCHED_VERSION} only: install that version`,
    )
  }
  replaceAbortedFilter()
  replaceRecordBatch()
  library = require('kafkajs') as typeof Kafkajs
  addCodecs(library)
  patchRequestQueue()
  patchCluster()
  patchConsumerGroup()
  return library
}

/** Ties hooks to a partition assigner: the only object of ours that a consumer group of the library holds. */
export function hookAssigner<T extends object>(assigner: T, hooks: ConsumerHooks): T {
  hooksOf.set(assigner, hooks)
  return assigner
}

interface RawMessage {
  readonly offset: string
  readonly key: Buffer | null
  readonly isControlRecord: boolean
  readonly batchContext: { readonly producerId: string; readonly inTransaction: boolean }
}

interface AbortedTransaction {
  readonly producerId: string
  readonly firstOffset: string
}

const ABORT_MARKER = Buffer.from([0, 0, 0, 0])

/** Drops the records of aborted transactions: opened at their first offset, closed by their producer's abort marker. */
export function filterAborted<T extends RawMessage>(input: {
  readonly messages: readonly T[]
  readonly abortedTransactions?: readonly AbortedTransaction[] | null
}): readonly T[] {
  const { messages, abortedTransactions } = input
  if (abortedTransactions == null || abortedTransactions.length === 0) return messages
  const waiting = [...abortedTransactions]
    .map(({ producerId, firstOffset }) => ({
      producerId: String(producerId),
      firstOffset: BigInt(firstOffset),
    }))
    .sort((a, b) => (a.firstOffset < b.firstOffset ? -1 : a.firstOffset > b.firstOffset ? 1 : 0))
  const open = new Set<string>()
  let next = 0
  return messages.filter((message) => {
    const offset = BigInt(message.offset)
    for (
      let begun = waiting[next];
      begun !== undefined && begun.firstOffset <= offset;
      begun = waiting[next]
    ) {
      open.add(begun.producerId)
      next += 1
    }
    const producerId = String(message.batchContext.producerId)
    if (message.isControlRecord) {
      if (message.key !== null && Buffer.from(message.key).equals(ABORT_MARKER)) open.delete(producerId)
      return true
    }
    return !(message.batchContext.inTransaction && open.has(producerId))
  })
}

/** Modules that hold a consumer, in the order in which one loads the other. */
const HOLDERS = [
  '',
  '/src',
  '/src/admin',
  '/src/consumer',
  '/src/consumer/consumerGroup',
  '/src/consumer/batch',
]

function replaceAbortedFilter(): void {
  // A host that loaded the library before keeps its consumers as they are; ours are built anew, around our filter.
  for (const holder of HOLDERS) delete require.cache[require.resolve(`kafkajs${holder}`)]
  const path = require.resolve('kafkajs/src/consumer/filterAbortedMessages')
  require(path)
  const loaded = require.cache[path]
  if (loaded === undefined) throw new Error('kafkajs has no consumer/filterAbortedMessages')
  loaded.exports = filterAborted
}

function patchRequestQueue(): void {
  const queue = prototypeOf('kafkajs/src/network/requestQueue', 'scheduleCheckPendingRequests')
  const original = queue.method
  queue.prototype['scheduleCheckPendingRequests'] = function (this: {
    pending: unknown[]
    throttledUntil: number
  }) {
    if (this.pending.length === 0 && this.throttledUntil <= Date.now()) return
    original.call(this)
  }
}

function patchCluster(): void {
  const cluster = prototypeOf('kafkajs/src/cluster', 'findGroupCoordinator')
  cluster.prototype['retry'] = { initialRetryTime: 10, maxRetryTime: 50, retries: 200 }
  const find = cluster.method as Parameters<typeof rememberCoordinators>[0]
  cluster.prototype['findGroupCoordinator'] = rememberCoordinators(find, () => performance.now())
}

interface GroupState {
  readonly assigners: readonly object[]
  readonly preferredReadReplicasPerTopicPartition: Record<string, Record<number, unknown> | undefined>
}

function patchConsumerGroup(): void {
  const join = prototypeOf('kafkajs/src/consumer/consumerGroup', 'joinAndSync')
  join.prototype['joinAndSync'] = async function (this: GroupState) {
    await hooksFor(this)?.revoking()
    return join.method.call(this)
  }
  const recover = prototypeOf('kafkajs/src/consumer/consumerGroup', 'recoverFromOffsetOutOfRange')
  recover.prototype['recoverFromOffsetOutOfRange'] = async function (
    this: GroupState,
    error: TopicPartition,
  ) {
    const hooks = hooksFor(this)
    const follower = this.preferredReadReplicasPerTopicPartition[error.topic]?.[error.partition]
    if (hooks === undefined || follower !== undefined) await recover.method.call(this, error)
    else hooks.outOfRange({ topic: error.topic, partition: error.partition })
  }
}

function hooksFor(group: GroupState): ConsumerHooks | undefined {
  return group.assigners.map((assigner) => hooksOf.get(assigner)).find((hooks) => hooks !== undefined)
}

type Method = (this: unknown, ...args: unknown[]) => unknown

function prototypeOf(module: string, method: string): { prototype: Record<string, unknown>; method: Method } {
  const { prototype } = require(module) as { prototype?: Record<string, unknown> }
  const original = prototype?.[method]
  if (prototype === undefined || typeof original !== 'function') throw new Error(`${module} has no ${method}`)
  return { prototype, method: original as Method }
}
