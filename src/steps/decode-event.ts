import { writtenOut } from '../core/digits.js'
import type { EventMember } from '../core/event-members.js'
import type { Failure, SkipCode } from '../core/failure.js'
import type { HandshakeEvent } from '../core/model.js'
import { trimEnd } from '../core/trim-end.js'

/** What decode needs of the privacy text rules: product.md section 9, `aadhaar-text` and `tag-digits`. */
export interface TextProtect {
  maskText(text: string): string
  maskTag(tag: string): string
  /** Whether a rule would change this text. */
  matches(text: string): boolean
}

/** Names of the events to fetch and to skip. */
export interface EventNames {
  readonly fetch: ReadonlySet<string>
  readonly ignore: ReadonlySet<string>
}

export interface EventRules {
  readonly names: EventNames
  readonly protect: TextProtect
  readonly now: () => number
}

/** One member as it was sent. A number is its exact characters; `other` is an object, an array or bytes. */
export type EventValue = ScalarValue | { readonly kind: 'null' } | { readonly kind: 'other' }

interface ScalarValue {
  readonly kind: 'text' | 'number' | 'boolean'
  readonly text: string
}

/** An event of any form before its rules. A member that was not there is undefined. */
export interface EventParts {
  /** Whether the form has an event name at all: a bare payload and a bare id have none. */
  readonly named: boolean
  readonly event: EventValue | undefined
  readonly members: Partial<Record<EventMember, EventValue>>
}

/**
 * How decoding ended. `reduced` of a dead end is what its dead letter holds: product.md section 7, REDUCED; null where
 * nothing of the value could be read, which makes it a REFERENCE (or RAW with `deadLetters.undecodable: keep`).
 */
export type DecodeEnd =
  | { readonly kind: 'ok'; readonly value: HandshakeEvent }
  | { readonly kind: 'skip'; readonly code: SkipCode; readonly handshakeId: string | null }
  | { readonly kind: 'dead'; readonly failure: Failure; readonly reduced: string | null }

export const EVENT_COMPLETED = 'flowx.completed'

const HANDSHAKE_ID = /^DS0[0-9a-zA-Z_-]{6,30}$/
const BLANKS = ' \t\r\n'
const NUMERIC = /^-?[0-9]{1,20}(?:\.[0-9]{1,20})?(?:[eE][+-]?[0-9]{1,3})?$/
const EARLIEST = Date.UTC(2015, 0, 1)
const DAY_MS = 86_400_000
const WRONG_ID_LENGTH = 64
// Masked before it is cut, so that no number loses its first digits to the cut; this much is enough to see it whole.
const WRONG_ID_SEEN = 256
const REDUCED_MEMBERS = ['tag', 'number', 'requestId', 'flowId', 'snapshot', 'updated'] as const

/**
 * Applies the rules of section 3 to an event of any form.
 *
 * In:     parts        members as they were sent
 *         traceparent  of the message, if well formed
 * Out:    an event with a good id, masked texts and plausible time, or a recorded skip
 * Fails:  event-no-id, event-bad-id; the name is looked at first: an event that is not fetched needs no good id
 * Source: product.md sections 3 and 7; attestr.md section 1
 */
export function concludeEvent(parts: EventParts, traceparent: Buffer | null, rules: EventRules): DecodeEnd {
  const eventType = eventTypeOf(parts)
  const id = idOf(parts.members)
  const goodId = id?.kind === 'text' && HANDSHAKE_ID.test(trimBlanks(id.text)) ? trimBlanks(id.text) : null
  if (eventType !== null && !rules.names.fetch.has(eventType)) {
    const code = rules.names.ignore.has(eventType) ? 'event-ignored' : 'event-unsupported'
    return { kind: 'skip', code, handshakeId: goodId }
  }
  if (id === undefined) {
    const failure: Failure = { code: 'event-no-id', detail: 'neither _id nor handshakeId' }
    return { kind: 'dead', failure, reduced: reduceEvent(parts, rules.protect) }
  }
  if (goodId === null) {
    const detail = id.kind === 'text' ? 'not a handshake id' : `handshake id of kind ${id.kind}`
    return {
      kind: 'dead',
      failure: { code: 'event-bad-id', detail },
      reduced: reduceEvent(parts, rules.protect),
    }
  }
  return { kind: 'ok', value: eventOf(parts, goodId, eventType, traceparent, rules) }
}

function eventOf(
  parts: EventParts,
  handshakeId: string,
  eventType: string | null,
  traceparent: Buffer | null,
  rules: EventRules,
): HandshakeEvent {
  const { members } = parts
  const { protect } = rules
  return {
    handshakeId,
    eventType,
    tag: tagOf(members.tag, protect),
    flowId: textOf(members.flowId, protect),
    snapshot: textOf(members.snapshot, protect),
    updated: updatedOf(members.updated, rules.now()),
    // Only a dead letter needs it, and few events end as one.
    get reduced() {
      return reduceEvent(parts, protect)
    },
    traceparent,
  }
}

/** Null: the form has no name. A name of the wrong type is a name that nobody supports. */
function eventTypeOf(parts: EventParts): string | null {
  const { event } = parts
  if (event === undefined || event.kind === 'null') return parts.named ? EVENT_COMPLETED : null
  return event.kind === 'text' ? event.text : ''
}

function idOf(members: EventParts['members']): EventValue | undefined {
  const own = members._id
  if (own !== undefined && own.kind !== 'null') return own
  const other = members.handshakeId
  return other === undefined || other.kind === 'null' ? undefined : other
}

/** Tags are often digits, and some senders write them as numbers. */
function tagOf(value: EventValue | undefined, protect: TextProtect): string | null {
  if (value?.kind === 'number') return maskNumber(value.text, protect.maskTag)
  return value?.kind === 'text' ? protect.maskTag(value.text) : null
}

function textOf(value: EventValue | undefined, protect: TextProtect): string | null {
  return value?.kind === 'text' ? protect.maskText(value.text) : null
}

function updatedOf(value: EventValue | undefined, now: number): number | null {
  if (value === undefined || (value.kind !== 'number' && value.kind !== 'text')) return null
  const text = trimBlanks(value.text)
  if (!NUMERIC.test(text)) return null
  const updated = Math.trunc(Number(text))
  return updated >= EARLIEST && updated <= now + DAY_MS ? updated : null
}

/** Blanks as JSON and shells know them; not `trim`, which also takes a byte order mark away. */
function trimBlanks(text: string): string {
  return trimEnd(text.replace(/^[ \t\r\n]+/, ''), BLANKS)
}

/** Only members that were there, only scalars, texts under the privacy rules. */
function reduceEvent(parts: EventParts, protect: TextProtect): string {
  const pieces: string[] = []
  const id = idOf(parts.members)
  if (id !== undefined) {
    const shown = id.kind === 'text' ? { ...id, text: reducedId(id.text, protect) } : id
    addMember(pieces, '_id', shown, protect.maskText)
  }
  for (const name of REDUCED_MEMBERS) {
    addMember(pieces, name, parts.members[name], name === 'tag' ? protect.maskTag : protect.maskText)
  }
  const payload = `{${pieces.join(',')}}`
  const { event } = parts
  return event?.kind === 'text'
    ? `{"event":${JSON.stringify(protect.maskText(event.text))},"payload":${payload}}`
    : payload
}

function reducedId(text: string, protect: TextProtect): string {
  const trimmed = trimBlanks(text)
  if (HANDSHAKE_ID.test(trimmed)) return trimmed
  const cut = protect.maskText(wholePairs(trimmed, WRONG_ID_SEEN))
  return wholePairs(cut, WRONG_ID_LENGTH)
}

function wholePairs(text: string, length: number): string {
  if (text.length <= length) return text
  const last = text.charCodeAt(length - 1)
  const splitsPair = last >= 0xd800 && last <= 0xdbff
  return text.slice(0, splitsPair ? length - 1 : length)
}

function addMember(
  pieces: string[],
  name: string,
  value: EventValue | undefined,
  mask: (text: string) => string,
): void {
  if (value === undefined || value.kind === 'other') return
  const key = JSON.stringify(name)
  if (value.kind === 'null') {
    pieces.push(`${key}:null`)
    return
  }
  pieces.push(`${key}:${scalarJson(value, mask)}`)
}

function scalarJson(value: ScalarValue, mask: (text: string) => string): string {
  if (value.kind === 'boolean') return value.text
  if (value.kind === 'text') return JSON.stringify(mask(value.text))
  const masked = maskNumber(value.text, mask)
  // A masked number is no number any more.
  return masked === value.text ? masked : JSON.stringify(masked)
}

/** A number is looked at without its exponent, which could hide its digits. */
function maskNumber(text: string, mask: (text: string) => string): string {
  const plain = writtenOut(text)
  const masked = mask(plain)
  return masked === plain ? text : masked
}
