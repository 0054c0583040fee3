import { sleep } from '../../core/abort.js'
import type { Output, TopicPartition } from '../../core/model.js'
import type { Clock } from '../../core/ports.js'
import { BrokerError, isBrokerError } from './broker-error.js'
import type { Writer } from './committer.js'
import type { MemoryBroker } from './kafka.js'
import type { Network } from './network.js'
import { partitionKey } from './offsets.js'
import { partitionFor } from './placement.js'
import type { ProducerSession } from './transactions.js'

interface Parts {
  readonly broker: MemoryBroker
  readonly network: Network
  readonly groupId: string
  readonly at: TopicPartition
}

interface TransactionalParts extends Parts {
  readonly clock: Clock
  readonly session: ProducerSession
  /** Ends the wait for a transaction that is still being completed. */
  readonly signal: AbortSignal
}

/** Records, offset and end in one transaction; an error ends it, and the next owner finds out what became of it. */
export function createTransactionalWriter(parts: TransactionalParts): Writer {
  const { broker, network, clock, groupId, at, session, signal } = parts

  /** The previous transaction may still be completed: the one error that is repeated, since nothing was applied. */
  async function whenCompleted(operation: 'produce' | 'txn-offsets', apply: () => void): Promise<void> {
    for (;;) {
      try {
        await network.call(operation, apply)
        return
      } catch (error) {
        if (!isBrokerError(error, 'CONCURRENT_TRANSACTIONS')) throw error
        if (!(await sleep(clock, 2, signal))) throw error
      }
    }
  }

  return async function write({ outputs, next }) {
    if (outputs.length > 0) {
      const placed = place(broker, outputs)
      await whenCompleted('produce', () => {
        for (const [target, group] of placed) broker.transactions.produce(session, broker.log(target), group)
      })
    }
    await whenCompleted('txn-offsets', () => broker.transactions.offsets(session, groupId, at, next))
    await network.call('end-txn', () => broker.transactions.end(session, true))
  }
}

/** At least once: records first, then the offset, which is taken only within the generation the writer was made in. */
export function createPlainWriter({ broker, network, groupId, at }: Parts): Writer {
  const generationNow = (): number => broker.group(groupId).state().generation
  const generation = generationNow()
  function commit(next: number): void {
    if (generationNow() !== generation) throw new BrokerError('ILLEGAL_GENERATION')
    broker.offsets.commit(groupId, at, next)
  }
  return async function write({ outputs, next }) {
    if (outputs.length > 0) {
      const placed = place(broker, outputs)
      await network.call('produce', () => {
        for (const [target, group] of placed) broker.log(target).append(group, null)
      })
    }
    await network.call('offset-commit', () => commit(next))
  }
}

/** Groups by target partition; the order within one stays. */
function place(broker: MemoryBroker, outputs: readonly Output[]): [TopicPartition, Output[]][] {
  const groups = new Map<string, [TopicPartition, Output[]]>()
  for (const output of outputs) {
    const partitions = broker.partitionsOf(output.topic).length
    const target = { topic: output.topic, partition: partitions === 0 ? 0 : partitionFor(output, partitions) }
    const key = partitionKey(target)
    const group = groups.get(key) ?? [target, []]
    groups.set(key, group)
    group[1].push(output)
  }
  return [...groups.values()]
}
