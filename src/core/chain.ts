import type { Failure } from './failure.js'
import type { Chain, Coordinates, MessageHeader, SourceMessage } from './model.js'
import type { DelayTiers } from './outcome.js'

/** Names of the headers that carry a chain over a retry or replay topic. `calls` may be absent: it then counts as 0. */
export const TRAVEL = {
  origin: 'attestr.origin',
  attempt: 'attestr.attempt',
  replays: 'attestr.replays',
  firstSeen: 'attestr.first-seen',
  calls: 'attestr.calls',
  due: 'attestr.due',
} as const

/** One retry topic and how long a message waits on it. */
export interface RetryTier {
  readonly topic: string
  readonly delayMs: number
}

/** What the headers of a message say. Not `sound`: the message is a dead letter, and `fault` names the header. */
export interface TravelRead {
  readonly chain: Chain
  /** Epoch ms before which the message must wait; null: none. */
  readonly dueAt: number | null
  readonly sound: boolean
  readonly fault: string | null
}

const INT_MAX = 2_147_483_647
// Encoded as Avro longs: libraries.md section 4.3.
const LONG_MAX = 2 ** 52
const DIGITS = /^(?:0|[1-9][0-9]{0,15})$/
const ORIGIN = /^([a-zA-Z0-9._-]{1,249})\/(0|[1-9][0-9]{0,9})\/(0|[1-9][0-9]{0,15})$/

/**
 * Says where in its chain a message stands.
 *
 * In:     now            epoch ms
 *         isEventsTopic  travel headers are honoured on retry and replay topics alone: on an events topic anyone writes
 * Out:    the chain; a message with missing or malformed travel headers opens one of its own and is not sound
 * Source: product.md section 7, Outcome and travel headers
 */
export function chainOf(message: SourceMessage, now: number, isEventsTopic: boolean): TravelRead {
  const source: Coordinates = { topic: message.topic, partition: message.partition, offset: message.offset }
  const first: Chain = { source, origin: source, attempt: 1, replays: 0, firstSeenAt: now, callsBefore: 0 }
  if (isEventsTopic) return { chain: first, dueAt: null, sound: true, fault: null }
  const unsound = (fault: string): TravelRead => ({ chain: first, dueAt: null, sound: false, fault })

  const origin = readOrigin(one(message.headers, TRAVEL.origin))
  if (origin === null) return unsound(TRAVEL.origin)
  const attempt = readNumber(one(message.headers, TRAVEL.attempt), INT_MAX)
  if (attempt === null || attempt < 1) return unsound(TRAVEL.attempt)
  const replays = readNumber(one(message.headers, TRAVEL.replays), INT_MAX)
  if (replays === null) return unsound(TRAVEL.replays)
  const firstSeenAt = readNumber(one(message.headers, TRAVEL.firstSeen), LONG_MAX)
  if (firstSeenAt === null) return unsound(TRAVEL.firstSeen)
  const callsBefore = readOptional(one(message.headers, TRAVEL.calls), INT_MAX, 0)
  if (callsBefore === null) return unsound(TRAVEL.calls)
  const due = readOptional(one(message.headers, TRAVEL.due), LONG_MAX, -1)
  if (due === null) return unsound(TRAVEL.due)
  return {
    chain: { source, origin, attempt, replays, firstSeenAt, callsBefore },
    dueAt: due === -1 ? null : due,
    sound: true,
    fault: null,
  }
}

/** The failure of a message whose travel headers cannot be read; `fault` is the header's name. */
export function travelFailure(fault: string | null): Failure {
  return { code: 'event-undecodable', detail: `travel header ${fault ?? 'unknown'} missing or malformed` }
}

/**
 * Writes the chain of the next message.
 *
 * In:  chain   attempt, replays and callsBefore as the next message shall have them
 *      dueAt   epoch ms; null: no waiting
 */
export function travelHeaders(chain: Chain, dueAt: number | null): MessageHeader[] {
  const { origin } = chain
  const headers = [
    header(TRAVEL.origin, `${origin.topic}/${origin.partition}/${origin.offset}`),
    header(TRAVEL.attempt, String(chain.attempt)),
    header(TRAVEL.replays, String(chain.replays)),
    header(TRAVEL.firstSeen, String(chain.firstSeenAt)),
    header(TRAVEL.calls, String(chain.callsBefore)),
  ]
  if (dueAt !== null) headers.push(header(TRAVEL.due, String(dueAt)))
  return headers
}

/**
 * The retry topic on which a chain goes on.
 *
 * In:     retry    shortest delay first
 *         attempt  that has just ended
 * Out:    null: none is left, the event is dead
 * Source: product.md sections 4 and 8
 */
export function nextTier(retry: readonly RetryTier[], attempt: number, tiers: DelayTiers): RetryTier | null {
  if (tiers === 'one' && attempt > 1) return null
  const last = tiers === 'last' ? retry.length : attempt
  return retry[Math.min(attempt, last) - 1] ?? null
}

/**
 * When a message that carries its chain may begin.
 *
 * In:     delayMs  of its topic: nobody waits longer there, whatever a header, another clock or a former configuration
 *                  said. Counted from the writing of the message, so that a restart does not begin it anew
 *         now      epoch ms
 * Out:    epoch ms; null: it never had to wait
 */
export function readyAt(message: SourceMessage, delayMs: number, now: number): number | null {
  const { dueAt } = chainOf(message, now, false)
  return dueAt === null ? null : Math.min(dueAt, Math.min(message.timestamp, now) + delayMs)
}

function header(key: string, text: string): MessageHeader {
  return { key, value: Buffer.from(text) }
}

/** The text of the only header of this name; undefined when there is none, null when there are several or it has no value. */
function one(headers: readonly MessageHeader[], key: string): string | null | undefined {
  let found: string | null | undefined
  for (const entry of headers) {
    if (entry.key !== key) continue
    if (found !== undefined) return null
    found = entry.value === null ? null : entry.value.toString('latin1')
  }
  return found
}

function readNumber(text: string | null | undefined, max: number): number | null {
  if (text === undefined || text === null || !DIGITS.test(text)) return null
  const value = Number(text)
  return value <= max ? value : null
}

function readOptional(text: string | null | undefined, max: number, absent: number): number | null {
  return text === undefined ? absent : readNumber(text, max)
}

function readOrigin(text: string | null | undefined): Coordinates | null {
  const match = typeof text === 'string' ? ORIGIN.exec(text) : null
  if (match === null) return null
  const [, topic = '', partitionText = '', offsetText = ''] = match
  const partition = Number(partitionText)
  const offset = Number(offsetText)
  return partition <= INT_MAX && offset <= LONG_MAX ? { topic, partition, offset } : null
}
