import type { CommitBatch, Committer, StartOffset } from '../../core/ports.js'
import { withDeadline } from './deadline.js'
import type { PartitionProducer } from './delivery.js'

export interface CommitterDeps {
  readonly producer: PartitionProducer
  readonly start: StartOffset
  /** A commit that takes longer has failed: kafkajs alone may retry for minutes. */
  readonly limitMs: number
  /** Of the delivery. */
  readonly signal: AbortSignal
  readonly onClosed: () => void
}

/**
 * A committer that is of no use after its first error: kafkajs would lose a later batch of the same producer in silence.
 * Source: kafkajs-exactly-once.md facts 8 and 9
 */
export function createCommitter(deps: CommitterDeps): Committer {
  const { producer, start, limitMs, signal, onClosed } = deps
  let usable = true
  let underWay: Promise<unknown> = Promise.resolve()
  let closing: Promise<void> | null = null

  async function commit(batch: CommitBatch): Promise<void> {
    if (!usable) throw new Error('the committer is busy, failed or closed')
    usable = false
    // What is under way when the delivery is closed may end, within the limit.
    const written = withDeadline(limitMs, () => producer.write(batch, signal))
    underWay = written.catch(() => undefined)
    await written
    usable = closing === null
  }

  async function shut(): Promise<void> {
    usable = false
    await underWay
    await producer.close()
    onClosed()
  }

  return {
    start,
    commit,
    close() {
      closing ??= shut()
      return closing
    },
  }
}
