import type { SourceMessage, TopicPartition } from '../../core/model.js'
import type { Cancel, Clock, SourceListener } from '../../core/ports.js'
import { isBrokerError } from './broker-error.js'
import type { MemoryBroker } from './kafka.js'
import type { Network } from './network.js'
import type { ReadReply, Slot } from './partition-log.js'

/** Reads one assigned partition. Paused at first. */
export interface Fetcher {
  pause(): void
  resume(): void
  seek(offset: number): void
  close(): void
}

interface Dependencies {
  readonly at: TopicPartition
  readonly groupId: string
  readonly network: Network
  readonly clock: Clock
  readonly listener: SourceListener
  readonly maxMessages: number
}

/** One request at a time; an answer that a pause or a seek has overtaken is dropped. */
export function createFetcher(broker: MemoryBroker, dependencies: Dependencies): Fetcher {
  const { at, network, clock, listener } = dependencies
  /** Null: where the group left off. */
  let next: number | null = null
  let paused = true
  let closed = false
  let asking = false
  /** Raised by whatever makes an answer on its way out of date. */
  let version = 0
  let seeks = 0
  let unwatch: Cancel = () => undefined

  function ask(): void {
    if (paused || closed || asking) return
    asking = true
    unwatch()
    const askedIn = version
    const finish = (then: () => void): void => {
      asking = false
      if (askedIn === version) then()
      else ask()
    }
    network
      .call('fetch', () => read(broker, dependencies, next))
      .then(
        (reply) => finish(() => deliver(reply)),
        (error: unknown) => finish(() => refused(error)),
      )
  }

  function deliver(reply: ReadReply): void {
    if (reply.slots.length === 0) {
      next = reply.next
      unwatch = broker.log(at).watch(next, () => clock.after(0, ask))
      return
    }
    const seeksBefore = seeks
    const batch = reply.slots.flatMap((slot) => messageOf(at, slot))
    const taken = listener.messages(at, batch, reply.endOffset)
    // A seek out of `messages` counts, whatever was taken.
    if (seeksBefore === seeks) next = batch[taken]?.offset ?? reply.next
    if (taken > 0) ask()
    // The listener wants none of it and did not pause: time must go on between two offers.
    else clock.after(1, ask)
  }

  function refused(error: unknown): void {
    if (!isBrokerError(error, 'OFFSET_OUT_OF_RANGE')) {
      clock.after(100, ask)
      return
    }
    pause()
    listener.outOfRange(at)
  }

  function pause(): void {
    paused = true
    overtake()
  }

  function overtake(): void {
    version += 1
    unwatch()
  }

  return {
    pause,
    resume() {
      if (!paused || closed) return
      paused = false
      ask()
    },
    seek(offset) {
      next = offset
      seeks += 1
      overtake()
      ask()
    },
    close() {
      closed = true
      pause()
    },
  }
}

function read(
  broker: MemoryBroker,
  { at, groupId, maxMessages }: Dependencies,
  position: number | null,
): ReadReply {
  const log = broker.log(at)
  return log.read(position ?? broker.offsets.committed(groupId, at) ?? log.start(), maxMessages)
}

function messageOf(at: TopicPartition, slot: Slot): SourceMessage[] {
  if (slot.message === null) return []
  return [{ ...at, ...slot.message, offset: slot.offset, timestamp: slot.timestamp }]
}
