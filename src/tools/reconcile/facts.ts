/** What the proof keeps of a message: coordinates, codes, counts and hashes of ids, nothing else. */
import type { Coordinates } from '../../core/model.js'
import type { OutcomeKind } from '../../core/outcome.js'

/** Where in a chain a message stands, as it says itself. */
interface OfAttempt {
  /** Where the message itself lies. */
  readonly at: Coordinates
  /** The first event of the chain: what ties everything together. */
  readonly origin: Coordinates
  readonly attempt: number
  readonly replays: number
  /** Kafka timestamp in whole seconds; 0 when there is none. */
  readonly seconds: number
}

/** A message of an events, retry or replay topic. */
export interface MessageFacts extends OfAttempt {
  readonly kind: 'message'
}

export interface OutcomeFacts extends OfAttempt {
  readonly kind: 'outcome'
  readonly source: Coordinates
  readonly outcome: OutcomeKind
  readonly code: string | null
  readonly records: number
  /** `idHash` of the handshake id; 0 for none. */
  readonly handshake: number
}

export interface RecordFacts extends OfAttempt {
  readonly kind: 'record'
  readonly stageIndex: number
  readonly stageCount: number
  /** `idHash` of recordId, handshakeId and resultId. */
  readonly id: number
  readonly handshake: number
  readonly result: number
}

export interface DeadLetterFacts extends OfAttempt {
  readonly kind: 'deadLetter'
  readonly source: Coordinates
  readonly code: string
  readonly handshake: number
}

export type Facts = MessageFacts | OutcomeFacts | RecordFacts | DeadLetterFacts

/** Everything about one first event. */
export interface OriginFacts {
  readonly origin: Coordinates
  readonly messages: MessageFacts[]
  readonly outcomes: OutcomeFacts[]
  readonly records: RecordFacts[]
  readonly deadLetters: DeadLetterFacts[]
}

const HIGH_BITS = 0xffff
const LOW_RANGE = 0x1_0000_0000

/**
 * A 48-bit hash of an id: two ids of one event are the same for one pair in 2.8e14.
 *
 * Out:    1 to 2^48 - 1
 * Source: cyrb53, two multiplicative hashes side by side
 */
export function idHash(id: string): number {
  let low = 0xdeadbeef
  let high = 0x41c6ce57
  for (let at = 0; at < id.length; at += 1) {
    const unit = id.charCodeAt(at)
    low = Math.imul(low ^ unit, 2_654_435_761)
    high = Math.imul(high ^ unit, 1_597_334_677)
  }
  low = Math.imul(low ^ (low >>> 16), 2_246_822_507) ^ Math.imul(high ^ (high >>> 13), 3_266_489_909)
  high = Math.imul(high ^ (high >>> 16), 2_246_822_507) ^ Math.imul(low ^ (low >>> 13), 3_266_489_909)
  return (high & HIGH_BITS) * LOW_RANGE + (low >>> 0) || 1
}
