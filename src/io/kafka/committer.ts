import type { Producer } from 'kafkajs'
import type { CommitBatch, Committer, StartOffset } from '../../core/ports.js'
import { withDeadline } from './deadline.js'

export interface CommitterDeps {
  readonly producer: Producer
  readonly start: StartOffset
  /** A commit that takes longer has failed: kafkajs alone may retry for minutes. */
  readonly limitMs: number
  readonly write: (batch: CommitBatch) => Promise<void>
}

/**
 * A committer that is of no use after its first error: kafkajs would lose a later batch of the same producer in silence.
 * Source: kafkajs-exactly-once.md facts 8 and 9
 */
export function createCommitter({ producer, start, limitMs, write }: CommitterDeps): Committer {
  let usable = true
  let lastCall: Promise<unknown> = Promise.resolve()
  return {
    start,
    async commit(batch) {
      if (!usable) throw new Error('the committer is busy, failed or closed')
      usable = false
      const call = write(batch)
      lastCall = call.catch(() => undefined)
      await withDeadline(limitMs, () => call)
      usable = true
    },
    async close() {
      usable = false
      // A send in its retry loop would connect again after a disconnect.
      await lastCall
      await producer.disconnect().catch(() => undefined)
    },
  }
}
