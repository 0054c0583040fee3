import { moduleOf } from './shapes.js'

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

/** Puts our filter in the place of the library's. To be called before the library is loaded for us. */
export function replaceAbortedFilter(): void {
  moduleOf('kafkajs/src/consumer/filterAbortedMessages').exports = filterAborted
}
