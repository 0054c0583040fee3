import type { MessageHeader } from '../../core/model.js'
import type { Cancel } from '../../core/ports.js'
import { BrokerError } from './broker-error.js'

/** One message to append. */
export interface NewMessage {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly MessageHeader[]
}

/** What one transaction wrote into one partition. */
export interface Span {
  readonly transaction: number
  readonly firstOffset: number
  fate: 'open' | 'committed' | 'aborted'
}

/** A place in the log, with an offset: a message, or a control marker when `message` is null. */
export interface Slot {
  readonly offset: number
  readonly timestamp: number
  readonly message: NewMessage | null
  /** Null: written outside of a transaction. */
  readonly span: Span | null
}

export interface ReadReply {
  readonly slots: readonly Slot[]
  /** Where the next read goes on: behind markers and aborted records too. */
  readonly next: number
  /** The end of the log, open transactions included. */
  readonly endOffset: number
}

export interface PartitionLog {
  /** Returns the first offset. `transaction` is its number; null: none. */
  append(messages: readonly NewMessage[], transaction: number | null): number
  /** Ends what the transaction has written here; the control marker takes an offset. */
  mark(transaction: number, commit: boolean): void
  /** read_committed, up to the last stable offset. Throws OFFSET_OUT_OF_RANGE. */
  read(offset: number, maxMessages: number): ReadReply
  deleteBefore(offset: number): void
  /** Calls once, as soon as the last stable offset is above `offset`: at once when it is already. */
  watch(offset: number, changed: () => void): Cancel
  start(): number
  end(): number
  lastStable(): number
  /** Everything from the start of the log: aborted and open records and markers included. */
  slots(): readonly Slot[]
}

/**
 * The log of one partition, as a broker keeps it.
 *
 * In:     now   epoch ms, for timestamps
 */
export function createPartitionLog({ now }: { readonly now: () => number }): PartitionLog {
  const slots: Slot[] = []
  const open = new Map<number, Span>()
  const watchers = new Set<{ readonly offset: number; readonly changed: () => void }>()
  let startOffset = 0

  const end = (): number => slots.length

  function lastStable(): number {
    let stable = end()
    for (const span of open.values()) stable = Math.min(stable, span.firstOffset)
    return stable
  }

  function put(message: NewMessage | null, span: Span | null): void {
    slots.push({ offset: slots.length, timestamp: now(), message, span })
  }

  function tell(): void {
    const stable = lastStable()
    for (const watcher of [...watchers]) {
      if (stable > watcher.offset && watchers.delete(watcher)) watcher.changed()
    }
  }

  function spanOf(transaction: number): Span {
    const known = open.get(transaction)
    if (known !== undefined) return known
    const span: Span = { transaction, firstOffset: end(), fate: 'open' }
    open.set(transaction, span)
    return span
  }

  return {
    append(messages, transaction) {
      const first = end()
      const span = transaction === null ? null : spanOf(transaction)
      for (const message of messages) put(message, span)
      tell()
      return first
    },
    mark(transaction, commit) {
      const span = open.get(transaction)
      if (span === undefined) return
      span.fate = commit ? 'committed' : 'aborted'
      open.delete(transaction)
      put(null, span)
      tell()
    },
    read(offset, maxMessages) {
      if (offset < startOffset || offset > end()) throw new BrokerError('OFFSET_OUT_OF_RANGE')
      const stable = lastStable()
      const found: Slot[] = []
      let next = offset
      for (; next < stable && found.length < maxMessages; next += 1) {
        const slot = slots[next]
        if (slot !== undefined && slot.message !== null && slot.span?.fate !== 'aborted') found.push(slot)
      }
      return { slots: found, next, endOffset: end() }
    },
    deleteBefore(offset) {
      startOffset = Math.max(startOffset, Math.min(offset, end()))
    },
    watch(offset, changed) {
      const watcher = { offset, changed }
      watchers.add(watcher)
      tell()
      return () => {
        watchers.delete(watcher)
      }
    },
    start: () => startOffset,
    end,
    lastStable,
    slots: () => slots.slice(startOffset),
  }
}
