import { sleep } from '../../core/abort.js'
import type { TopicPartition } from '../../core/model.js'
import type { Committer, Delivery, StartOffset } from '../../core/ports.js'
import { isBrokerError } from './broker-error.js'
import { createCommitter, type Writer } from './committer.js'
import type { MemoryBroker } from './kafka.js'
import { createNetwork, type NetworkOptions } from './network.js'
import { createPlainWriter, createTransactionalWriter } from './writers.js'

export interface MemoryDeliveryOptions extends NetworkOptions {
  readonly groupId: string
  /** False: at-least-once. */
  readonly transactional: boolean
  /** Default 15000. */
  readonly transactionTimeoutMs?: number
  /** How long an earlier owner's transaction is waited for. Default 30000. */
  readonly fenceTimeoutMs?: number
}

/** The transactional id of a partition: the same in every process, so that opening one fences the owner before. */
export const transactionalIdOf = (groupId: string, at: TopicPartition): string =>
  `${groupId}.${at.topic}.${at.partition}`

/**
 * Committers on the memory broker.
 *
 * Source: kafkajs-exactly-once.md section 2, open(list)
 */
export function createMemoryDelivery(broker: MemoryBroker, options: MemoryDeliveryOptions): Delivery {
  const { clock, groupId, transactional } = options
  const network = createNetwork(broker, options)
  const ending = new AbortController()
  const opened = new Set<Committer>()

  async function fence(at: TopicPartition, signal: AbortSignal): Promise<Writer | Error> {
    if (!transactional) return createPlainWriter({ broker, network, groupId, at })
    const transactionalId = transactionalIdOf(groupId, at)
    const giveUpAt = clock.monotonic() + (options.fenceTimeoutMs ?? 30_000)
    for (;;) {
      if (signal.aborted) return new Error('it was given up before it was open')
      try {
        const session = await network.call('init-producer', () =>
          broker.transactions.init(transactionalId, options.transactionTimeoutMs ?? 15_000),
        )
        return createTransactionalWriter({
          broker,
          network,
          clock,
          groupId,
          at,
          session,
          signal: ending.signal,
        })
      } catch (error) {
        const again = isBrokerError(error, 'CONCURRENT_TRANSACTIONS') && clock.monotonic() < giveUpAt
        if (!again || !(await sleep(clock, 5, ending.signal))) return asError(error)
      }
    }
  }

  function startOf(at: TopicPartition): StartOffset {
    const log = broker.log(at)
    const committed = broker.offsets.committed(groupId, at)
    if (committed === null) return { kind: 'start', offset: log.start() }
    const outside = committed < log.start() || committed > log.end()
    if (outside) return { kind: 'events-lost', from: committed, to: log.start() }
    return { kind: 'start', offset: committed }
  }

  function startOrError(at: TopicPartition): StartOffset | Error {
    try {
      return startOf(at)
    } catch (error) {
      return asError(error)
    }
  }

  async function openOne(at: TopicPartition, signal: AbortSignal): Promise<Committer | Error> {
    if (ending.signal.aborted) return new Error('the delivery is closed')
    const writer = await fence(at, signal)
    if (writer instanceof Error) return writer
    try {
      // Only after the fence: before it, the offset of a commit in flight may still be the old one.
      const start = await network.call('offset-fetch', () => startOrError(at))
      if (start instanceof Error) return start
      const committer: Committer = createCommitter({ start, writer, closed: () => opened.delete(committer) })
      opened.add(committer)
      return committer
    } catch (error) {
      return asError(error)
    }
  }

  return {
    open: (list, signal) => list.map((at) => openOne(at, signal)),
    async close() {
      ending.abort()
      await Promise.all([...opened].map((committer) => committer.close()))
    },
  }
}

const asError = (cause: unknown): Error => (cause instanceof Error ? cause : new Error('could not be opened'))
