import { BatchTooLarge, type Committer } from '../../core/ports.js'

/** Protocol words of a broker that stores nothing so large: of a batch over max.message.bytes, or over a segment. */
const TOO_LARGE: ReadonlySet<unknown> = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE'])

/**
 * A committer that opens its partition anew when the broker refused a batch as too large.
 *
 * A producer is of no use after any error: kafkajs counts sequences back also for what the broker has stored, and would lose
 * a later batch in silence. The refusal came behind a request that checks the epoch, so the partition was still ours.
 *
 * In:     first    the committer as it was opened
 *         reopen   fences, then reads where to go on; what was begun is aborted by that
 * Throws: BatchTooLarge once it can go on; what `first` throws
 * Source: kafkajs-exactly-once.md facts 8 and 9
 */
export function createRenewing(first: Committer, reopen: () => Promise<Committer | Error>): Committer {
  let current = first
  let at = first.start.kind === 'start' ? first.start.offset : null
  let closed = false
  let renewing: Promise<void> = Promise.resolve()

  async function renew(): Promise<void> {
    await current.close()
    if (closed) return
    const opened = await reopen()
    if (opened instanceof Error) throw opened
    current = opened
    if (closed) await opened.close()
    const { start } = opened
    if (start.kind === 'start' && start.offset === at) return
    throw new Error('the partition went on in another process')
  }

  return {
    start: first.start,
    async commit(batch) {
      try {
        await current.commit(batch)
        at = batch.next
      } catch (error) {
        if (!isTooLarge(error)) throw error
        renewing = renew()
        await renewing
        throw new BatchTooLarge()
      }
    },
    async close() {
      closed = true
      await renewing.catch(() => undefined)
      await current.close()
    },
  }
}

function isTooLarge(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return ('type' in error && TOO_LARGE.has(error.type)) || isTooLarge(error.cause)
}
