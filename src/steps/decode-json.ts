import { Buffer } from 'node:buffer'
import { EVENT_MEMBERS, type EventMember } from '../core/event-members.js'
import {
  codeOf,
  firstOf,
  type JsonNode,
  type JsonTape,
  kindOf,
  memberOf,
  nextOf,
  OBJECT,
  ROOT,
  sourceText,
  stringText,
  valueAfter,
} from '../core/json/tape.js'
import type { EventParts, EventValue } from './decode-event.js'

const MEMBERS: ReadonlySet<string> = new Set(EVENT_MEMBERS)

// From this length on a part of the text is copied: as a view it would keep all of the text, photos of the result included.
const LONG_TEXT = 4_096

/**
 * Takes the members of an event out of scanned JSON; `result` and everything unknown is stepped over.
 *
 * In:     tape  its root is an object
 * Out:    an object with a `payload` object is the webhook envelope, any other one a bare payload
 * Source: product.md section 3, forms 1 and 2
 */
export function partsOfJson(tape: JsonTape): EventParts {
  const event = memberOf(tape, ROOT, 'event')
  const payload = memberOf(tape, ROOT, 'payload')
  const isEnvelope = payload !== null && codeOf(tape, payload) === OBJECT
  return {
    named: isEnvelope,
    event: event === null ? undefined : eventValue(tape, event),
    members: membersOf(tape, isEnvelope ? payload : ROOT),
  }
}

function membersOf(tape: JsonTape, object: JsonNode): EventParts['members'] {
  const members: Partial<Record<EventMember, EventValue>> = {}
  const after = nextOf(tape, object)
  for (let at = firstOf(object); at < after; at = nextOf(tape, valueAfter(at))) {
    const name = stringText(tape, at)
    if (isMember(name)) members[name] = eventValue(tape, valueAfter(at))
  }
  return members
}

function isMember(name: string): name is EventMember {
  return MEMBERS.has(name)
}

function eventValue(tape: JsonTape, node: JsonNode): EventValue {
  const kind = kindOf(tape, node)
  if (kind === 'string') return { kind: 'text', text: owned(tape, stringText(tape, node)) }
  if (kind === 'number' || kind === 'boolean') return { kind, text: owned(tape, sourceText(tape, node)) }
  return { kind: kind === 'null' ? 'null' : 'other' }
}

function owned(tape: JsonTape, part: string): string {
  return tape.text.length < LONG_TEXT ? part : Buffer.from(part).toString()
}
