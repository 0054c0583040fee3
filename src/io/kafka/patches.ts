import { createRequire } from 'node:module'
import { dirname, sep } from 'node:path'
import type * as Kafkajs from 'kafkajs'
import { replaceAbortedFilter } from './aborted-filter.js'
import { addCodecs } from './codecs.js'
import { patchConnections } from './connections.js'
import { rememberCoordinators } from './coordinators.js'
import { patchConsumerGroup } from './group-hooks.js'
import { replaceRecordBatch } from './record-batch.js'
import { methodOf } from './shapes.js'
import { exposeTransactionManagers } from './transactions.js'

/** The one version that the patches were written for and proved with. */
export const PATCHED_VERSION = '2.2.4'

const require = createRequire(import.meta.url)
const skipped: string[] = []
let library: typeof Kafkajs | null = null

/**
 * Loads kafkajs with its faults mended. Each patch replaces one function:
 * - createEosManager: the original hides what transactions that a broker forgot are ended with.
 * - filterAbortedMessages: the original shows aborted records when aborted transactions overlap in a partition.
 * - Connection.connect: the original opens a socket for each asker, reads on behind half an answer after a cut, and storms
 *   a broker that is away.
 * - ConnectionPool.send: the original goes on with a connection that does not answer.
 * - Cluster.retry: undefined in the original, so that InitProducerId and TxnOffsetCommit give up early, and wait long.
 * - ConsumerGroup.joinAndSync: the original rejoins without waiting for work in flight.
 * - ConsumerGroup.recoverFromOffsetOutOfRange: the original resets the position in silence.
 * - ConsumerGroup.commitOffsets: the original commits again after a rejoin what was meant for before it.
 * - Runner.handleBatch: the original takes a batch that was fetched for another position.
 *
 * For speed alone, and left out where the place looks different:
 * - RecordBatch: the original copies each record three times; the bytes are the same.
 * - RequestQueue.scheduleCheckPendingRequests: the original wakes every millisecond on each idle connection.
 * - Cluster.findGroupCoordinator: the original asks the broker four times in each transaction.
 *
 * Throws when another version is installed, or one of the first list has no place: without them exactly-once does not hold.
 * Source: kafkajs issues 1556 (timer) and 715 (connect), measured behaviour in docs/decisions/kafkajs.md
 */
export function loadKafkajs(): typeof Kafkajs {
  if (library !== null) return library
  const { version } = require('kafkajs/package.json') as { version: string }
  if (version !== PATCHED_VERSION) {
    throw new Error(
      `kafkajs ${version} is installed, but delivery is proved with ${PATCHED_VERSION} only: install that version`,
    )
  }
  forgetLoaded()
  // Before the library is loaded, as below.
  exposeTransactionManagers()
  replaceAbortedFilter()
  // Before the library is loaded: it keeps the function that it finds.
  unlessDifferent('record batches', replaceRecordBatch)
  library = require('kafkajs') as typeof Kafkajs
  addCodecs(library)
  patchConnections()
  patchTransactionRetries()
  patchConsumerGroup()
  unlessDifferent('idle timer', patchIdleTimer)
  unlessDifferent('coordinators', patchCoordinators)
  return library
}

/** Names of the patches for speed that were left out, because the library has another shape there. */
export function skippedPatches(): readonly string[] {
  return skipped
}

/** Whoever has loaded the library before keeps what he has; ours is another one, loaded with the patches in place. */
function forgetLoaded(): void {
  const folder = dirname(require.resolve('kafkajs/package.json')) + sep
  for (const path of Object.keys(require.cache)) if (path.startsWith(folder)) delete require.cache[path]
}

function unlessDifferent(name: string, patch: () => void): void {
  try {
    patch()
  } catch {
    skipped.push(name)
  }
}

function patchTransactionRetries(): void {
  const cluster = methodOf('kafkajs/src/cluster', 'isConnected')
  cluster.prototype['retry'] = { initialRetryTime: 10, maxRetryTime: 50, retries: 200 }
}

interface QueueState {
  readonly pending: readonly unknown[]
  readonly throttledUntil: number
}

function patchIdleTimer(): void {
  const name = 'kafkajs/src/network/requestQueue'
  const queue = methodOf(name, 'scheduleCheckPendingRequests')
  const Queue = require(name) as new (options: object) => Partial<QueueState>
  const { pending, throttledUntil } = new Queue({ maxInFlightRequests: null, requestTimeout: 1, logger: {} })
  if (!Array.isArray(pending) || typeof throttledUntil !== 'number') throw new Error(`${name} is different`)
  queue.prototype['scheduleCheckPendingRequests'] = function (this: QueueState) {
    if (this.pending.length === 0 && this.throttledUntil <= Date.now()) return
    queue.method.call(this)
  }
}

function patchCoordinators(): void {
  const cluster = methodOf('kafkajs/src/cluster', 'findGroupCoordinator')
  methodOf('kafkajs/src/cluster', 'findBroker')
  const find = cluster.method as Parameters<typeof rememberCoordinators>[0]
  cluster.prototype['findGroupCoordinator'] = rememberCoordinators(find, () => performance.now())
}
