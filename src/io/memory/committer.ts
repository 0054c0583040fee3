import type { CommitBatch, Committer, StartOffset } from '../../core/ports.js'

/** Writes one batch. Throws when it is unknown or false that it was written. */
export type Writer = (batch: CommitBatch) => Promise<void>

/**
 * A committer that is of no use after its first error.
 *
 * Throws: from `commit`, when an earlier one failed, is still running, or the committer is closed
 */
export function createCommitter(parts: {
  readonly start: StartOffset
  readonly writer: Writer
  readonly closed: () => void
}): Committer {
  let state: 'ready' | 'writing' | 'failed' | 'closed' = 'ready'
  let last: Promise<void> = Promise.resolve()

  async function write(batch: CommitBatch): Promise<void> {
    state = 'writing'
    try {
      await parts.writer(batch)
      if (state === 'writing') state = 'ready'
    } catch (error) {
      if (state === 'writing') state = 'failed'
      throw error
    }
  }

  return {
    start: parts.start,
    commit(batch) {
      if (state !== 'ready') return Promise.reject(new Error(`the committer is ${state}`))
      const written = write(batch)
      last = written.catch(() => undefined)
      return written
    },
    async close() {
      state = 'closed'
      await last
      parts.closed()
    },
  }
}
