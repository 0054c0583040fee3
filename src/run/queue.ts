import type { SourceMessage } from '../core/model.js'

/** Messages read but not admitted: bounded by about one fetch of a partition, since its owner pauses when it is full. */
export interface MessageQueue {
  push(message: SourceMessage): void
  shift(): SourceMessage | undefined
  first(): SourceMessage | undefined
  clear(): void
  length(): number
  isFull(): boolean
  /** Empty enough to read again. */
  isLow(): boolean
}

const MAX_MESSAGES = 256
const MAX_BYTES = 262_144

export function createMessageQueue(): MessageQueue {
  let messages: SourceMessage[] = []
  let bytes = 0
  return {
    push(message) {
      messages.push(message)
      bytes += sizeOf(message)
    },
    shift() {
      const message = messages.shift()
      if (message !== undefined) bytes -= sizeOf(message)
      return message
    },
    first: () => messages[0],
    clear() {
      messages = []
      bytes = 0
    },
    length: () => messages.length,
    isFull: () => messages.length >= MAX_MESSAGES || bytes >= MAX_BYTES,
    isLow: () => messages.length * 2 <= MAX_MESSAGES && bytes * 2 <= MAX_BYTES,
  }
}

/** Bytes that a message holds until its end is known. */
export function sizeOf(message: SourceMessage): number {
  return (message.value?.length ?? 0) + (message.key?.length ?? 0)
}
