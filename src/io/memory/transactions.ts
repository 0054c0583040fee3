import type { TopicPartition } from '../../core/model.js'
import type { Cancel, Clock, Random } from '../../core/ports.js'
import { BrokerError } from './broker-error.js'
import type { OffsetStore } from './offsets.js'
import type { NewMessage, PartitionLog } from './partition-log.js'
import { randomInt } from './random.js'

/** What a producer shows with each request: an older epoch is refused. */
export interface ProducerSession {
  readonly transactionalId: string
  readonly producerId: number
  readonly epoch: number
}

export interface TransactionCoordinator {
  /**
   * Fences every earlier session of this id. Throws CONCURRENT_TRANSACTIONS until what was left open is completed
   * (an open transaction is aborted, one that is being ended is ended).
   */
  init(transactionalId: string, timeoutMs: number): ProducerSession
  produce(session: ProducerSession, log: PartitionLog, messages: readonly NewMessage[]): void
  offsets(session: ProducerSession, groupId: string, at: TopicPartition, offset: number): void
  /** Answers when the decision is final; the markers, and the offsets with them, follow one by one. */
  end(session: ProducerSession, commit: boolean): void
}

interface Coordinated {
  readonly producerId: number
  epoch: number
  timeoutMs: number
  state: 'idle' | 'open' | 'ending'
  /** Number of the transaction that is open or ending, or was the last. */
  transaction: number
  touched: Set<PartitionLog>
  offsets: { readonly groupId: string; readonly at: TopicPartition; readonly offset: number }[]
  cancelExpiry: Cancel
}

interface Dependencies {
  readonly clock: Clock
  readonly random: Random
  readonly offsetStore: OffsetStore
  /** Longest wait between the decision and one of its markers. */
  readonly maxMarkerDelayMs: number
}

/**
 * The transaction coordinator: one transaction at a time and id, fencing by epoch, expiry.
 *
 * Source: KIP-98; kafkajs-exactly-once.md E6, E7 (the offset is stale until the marker is written)
 */
export function createTransactionCoordinator(dependencies: Dependencies): TransactionCoordinator {
  const { clock, random, offsetStore, maxMarkerDelayMs } = dependencies
  const byId = new Map<string, Coordinated>()
  let producers = 0
  let transactions = 0

  function current(session: ProducerSession): Coordinated {
    const found = byId.get(session.transactionalId)
    if (found === undefined || found.producerId !== session.producerId) {
      throw new BrokerError('INVALID_PRODUCER_ID_MAPPING')
    }
    if (found.epoch !== session.epoch) throw new BrokerError('INVALID_PRODUCER_EPOCH')
    return found
  }

  function begin(found: Coordinated): void {
    if (found.state === 'ending') throw new BrokerError('CONCURRENT_TRANSACTIONS')
    if (found.state === 'open') return
    found.state = 'open'
    found.transaction = transactions++
    found.cancelExpiry = clock.after(found.timeoutMs, () => {
      // A broker fences the owner of an expired transaction, so that it cannot go on in the next one.
      found.epoch += 1
      decide(found, false)
    })
  }

  function decide(found: Coordinated, commit: boolean): void {
    found.cancelExpiry()
    found.state = 'ending'
    const { transaction } = found
    const steps: (() => void)[] = [...found.touched].map((log) => () => log.mark(transaction, commit))
    if (commit && found.offsets.length > 0) {
      const pending = found.offsets
      steps.push(() => {
        for (const { groupId, at, offset } of pending) offsetStore.commit(groupId, at, offset)
      })
    }
    found.touched = new Set()
    found.offsets = []
    // The markers of one transaction are written by different brokers: in any order, one by one.
    const delayMs = (): number => randomInt(random, 0, maxMarkerDelayMs)
    runEach(clock, delayMs, steps, () => {
      found.state = 'idle'
    })
  }

  return {
    init(transactionalId, timeoutMs) {
      const found = byId.get(transactionalId) ?? createCoordinated(producers++)
      byId.set(transactionalId, found)
      if (found.state === 'open') {
        found.epoch += 1
        decide(found, false)
      }
      if (found.state !== 'idle') throw new BrokerError('CONCURRENT_TRANSACTIONS')
      found.epoch += 1
      found.timeoutMs = timeoutMs
      return { transactionalId, producerId: found.producerId, epoch: found.epoch }
    },
    produce(session, log, messages) {
      const found = current(session)
      begin(found)
      found.touched.add(log)
      log.append(messages, found.transaction)
    },
    offsets(session, groupId, at, offset) {
      const found = current(session)
      begin(found)
      found.offsets.push({ groupId, at, offset })
    },
    end(session, commit) {
      const found = current(session)
      if (found.state === 'ending') throw new BrokerError('CONCURRENT_TRANSACTIONS')
      if (found.state !== 'open') throw new BrokerError('INVALID_TXN_STATE')
      decide(found, commit)
    },
  }
}

function runEach(
  clock: Clock,
  delayMs: () => number,
  steps: readonly (() => void)[],
  done: () => void,
): void {
  let left = steps.length
  if (left === 0) done()
  for (const step of steps) {
    clock.after(delayMs(), () => {
      step()
      left -= 1
      if (left === 0) done()
    })
  }
}

function createCoordinated(producerId: number): Coordinated {
  return {
    producerId,
    epoch: -1,
    timeoutMs: 0,
    state: 'idle',
    transaction: -1,
    touched: new Set(),
    offsets: [],
    cancelExpiry: () => undefined,
  }
}
