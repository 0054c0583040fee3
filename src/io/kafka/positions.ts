import type { TopicPartition } from '../../core/model.js'
import type { FetchedBatch } from './group-hooks.js'

/** Where one partition is read from: an object for each seek. */
export interface Position {
  readonly next: number
}

/** Which offset is to be fetched next, by partition: what comes from elsewhere was asked for by a former assignment. */
export interface Positions {
  /** A new assignment: nothing is known until it is sought. */
  clear(): void
  sought(at: TopicPartition, next: number): void
  /** Undefined: not sought yet. */
  of(at: TopicPartition): Position | undefined
  /** Goes on from there, unless it was sought since `from` was asked for. */
  advance(at: TopicPartition, from: Position | undefined, next: number): void
  /** Out: 'wanted'; 'unknown' before the first seek; else the offset that is to be sought again. */
  check(batch: FetchedBatch): 'wanted' | 'unknown' | number
}

/**
 * A fetcher of the library that rejoins does not stop those of other brokers: the answer to a fetch of the assignment
 * before may come when its partition is read again, from another position. Taking it would leave out what lies between.
 * Source: kafkajs-exactly-once.md fact 35; kafkajs consumer/consumerGroup, recoverFromFetch
 */
export function createPositions(): Positions {
  const positions = new Map<string, Position>()
  return {
    clear: () => positions.clear(),
    sought: (at, next) => void positions.set(keyOf(at), { next }),
    of: (at) => positions.get(keyOf(at)),
    advance(at, from, next) {
      if (from !== undefined && positions.get(keyOf(at)) === from) positions.set(keyOf(at), { next })
    },
    check({ at, fetchedOffset, passesTo }) {
      const position = positions.get(keyOf(at))
      if (position === undefined) return 'unknown'
      if (fetchedOffset !== position.next) return position.next
      // Nobody is shown such a batch: the library steps over it by itself.
      if (passesTo !== null) positions.set(keyOf(at), { next: passesTo })
      return 'wanted'
    },
  }
}

const keyOf = (at: TopicPartition): string => `${at.topic}/${at.partition}`
