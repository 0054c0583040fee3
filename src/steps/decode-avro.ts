import { EVENT_MEMBERS, type EventMember } from '../core/event-members.js'
import type { AvroEvent } from '../core/ports.js'
import type { EventParts, EventValue } from './decode-event.js'

/**
 * Takes the members of an event out of a decoded Avro record.
 *
 * Out:    a record without an event name counts as completed, like an envelope without one
 * Source: product.md section 3, form 4; avro/handshake-completed.avsc
 */
export function partsOfAvro(record: AvroEvent): EventParts {
  const members: Partial<Record<EventMember, EventValue>> = {}
  for (const name of EVENT_MEMBERS) {
    const value = eventValue(record[name])
    if (value !== undefined) members[name] = value
  }
  return { named: true, event: eventValue(record['event']), members }
}

function eventValue(value: unknown): EventValue | undefined {
  switch (typeof value) {
    case 'undefined':
      return undefined
    case 'string':
      return { kind: 'text', text: value }
    case 'boolean':
      return { kind: 'boolean', text: String(value) }
    case 'bigint':
      return { kind: 'number', text: String(value) }
    case 'number':
      // NaN and the infinities are no JSON.
      return Number.isFinite(value) ? { kind: 'number', text: String(value) } : { kind: 'other' }
    default:
      return { kind: value === null ? 'null' : 'other' }
  }
}
