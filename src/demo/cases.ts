import type { FailureCode, SkipCode } from '../core/failure.js'
import type { OutcomeKind } from '../core/outcome.js'
import type { Encoder } from '../core/ports.js'
import type { AvroEvent, Events } from '../simulator/events.js'
import type { Fault, HandshakeRule } from '../simulator/faults.js'
import { MAX_RESPONSE_BYTES } from './settings.js'

/** What the values of events are made with. */
export interface Writers {
  readonly events: Events
  readonly avro: Encoder<AvroEvent>
}

export interface DemoEnd {
  readonly outcome: OutcomeKind
  readonly code: FailureCode | SkipCode | null
}

/** A kind of event: what is sent, how the API behaves for its handshake, how it must end. */
export interface DemoCase {
  readonly name: string
  readonly write: (handshakeId: string, writers: Writers) => Buffer | null
  readonly rules: readonly HandshakeRule[]
  readonly end: DemoEnd
  /** So many, however long the demo is; without it a share of all events. */
  readonly fixed?: number
  /** Is about the handshake of an event sent before. */
  readonly repeats?: boolean
}

type Write = DemoCase['write']

const VERIFIED: DemoEnd = { outcome: 'VERIFIED', code: null }
const text =
  (write: (events: Events, handshakeId: string) => string): Write =>
  (handshakeId, { events }) =>
    Buffer.from(write(events, handshakeId))
const reduced = text((events, id) => events.reduced(id))

/** All four forms of an event, and what one of them may lack. */
export const PLAIN: readonly DemoCase[] = [
  plain(
    'webhook with result',
    text((events, id) => events.completed(id)),
  ),
  plain('webhook', reduced),
  plain(
    'webhook without event name',
    text((events, id) => events.withoutName(id)),
  ),
  plain(
    'webhook flowx.errored',
    text((events, id) => events.errored(id)),
  ),
  plain(
    'bare payload',
    text((events, id) => events.bare(id)),
  ),
  plain(
    'payload with handshakeId',
    text((events, id) => events.handshakeIdMember(id)),
  ),
  plain(
    'bare id',
    text((events, id) => events.idText(id)),
  ),
  plain(
    'id as JSON',
    text((events, id) => events.idJson(id)),
  ),
  plain('Avro', (id, { events, avro }) => avro(events.avroFields(id))),
]

/** Everything out of the ordinary that brings no systemic trouble. `record-unencodable` alone cannot be brought about. */
export const SPECIAL: readonly DemoCase[] = [...skips(), ...badEvents(), ...badAnswers(), ...healing()]

function skips(): DemoCase[] {
  const skip = (name: string, code: SkipCode, write: Write, rules: readonly HandshakeRule[] = []) => ({
    ...{ name, write, rules },
    end: { outcome: 'SKIPPED', code } as const,
  })
  return [
    skip('null value', 'null-value', () => null),
    skip(
      'ignored event',
      'event-ignored',
      text((events, id) => events.skipped(id)),
    ),
    skip(
      'event of another service',
      'event-unsupported',
      text((events, id) => events.unsupported(id)),
    ),
    skip('result without stages', 'no-stages', reduced, always({ kind: 'result', value: 'empty' })),
  ]
}

function badEvents(): DemoCase[] {
  const bad = (name: string, code: FailureCode, write: Write) => ({
    ...{ name, write, rules: [] },
    end: { outcome: 'DEAD', code } as const,
  })
  return [
    bad('no bytes', 'event-undecodable', () => Buffer.alloc(0)),
    bad('not UTF-8', 'event-undecodable', () => Buffer.from([0xc3, 0x28, 0xff, 0xfe])),
    bad(
      'cut off JSON',
      'event-undecodable',
      text((events, id) => events.completed(id).slice(0, -40)),
    ),
    bad(
      'member twice',
      'event-undecodable',
      text((_, id) => `{"_id":"${id}","_id":"${id}"}`),
    ),
    bad('unknown Avro schema', 'event-undecodable', unknownSchema),
    bad(
      'no id',
      'event-no-id',
      text(() => '{"event":"flowx.completed","payload":{"tag":"4711"}}'),
    ),
    bad(
      'JSON array',
      'event-no-id',
      text((_, id) => JSON.stringify([id])),
    ),
    bad(
      'wrong id',
      'event-bad-id',
      text((_, id) => JSON.stringify({ _id: id.slice(0, 5) })),
    ),
    bad(
      'prose',
      'event-bad-id',
      text(() => 'a user has finished'),
    ),
  ]
}

function badAnswers(): DemoCase[] {
  const dead = (code: FailureCode, fault: Fault, more: Partial<DemoCase> = {}): DemoCase => ({
    ...{ name: `API: ${code}, ${JSON.stringify(fault)}`, write: reduced, rules: always(fault) },
    end: { outcome: 'DEAD', code },
    ...more,
  })
  const status = (code: FailureCode, http: number, attestr?: number) =>
    dead(code, { kind: 'status', status: http, ...(attestr === undefined ? {} : { code: attestr }) })
  return [
    dead('response-too-large', { kind: 'oversize', bytes: 2 * MAX_RESPONSE_BYTES }),
    dead('response-too-large', { kind: 'oversize', bytes: 2 * MAX_RESPONSE_BYTES, framing: 'chunked' }),
    dead('response-malformed', { kind: 'bytes', value: 'lone-surrogate' }),
    dead('response-malformed', { kind: 'duplicate-keys', at: 'deep' }),
    dead('response-mismatch', { kind: 'id', value: 'swapped' }),
    dead('result-archived', { kind: 'archived' }),
    dead('result-not-ready', { kind: 'not-consumed' }),
    dead('result-missing', { kind: 'result', value: 'null' }),
    dead('result-unexpected-shape', { kind: 'result', value: 'stage-not-object' }),
    dead('result-over-limits', { kind: 'deep', depth: 40 }),
    dead('result-over-limits', { kind: 'many-stages', stages: 201 }),
    dead('record-too-large', { kind: 'many-leaves', leaves: 1900 }),
    dead('signature-missing', { kind: 'signature', value: 'null' }),
    dead('signature-mismatch', { kind: 'signature', value: 'wrong' }),
    dead('signature-mismatch', { kind: 'tampered' }),
    status('request-rejected', 400, 4001),
    status('handshake-not-found', 404),
    status('handshake-forbidden', 403, 4031),
    status('consent-invalid', 403, 40398),
    // Three of them: fewer handshakes than open the breaker, should all others be done.
    dead('retries-exhausted', { kind: 'status', status: 500, code: 5001 }, { fixed: 3 }),
  ]
}

function healing(): DemoCase[] {
  const heals = (fault: Fault, more: Partial<DemoCase> = {}): DemoCase => ({
    ...{ name: `heals: ${JSON.stringify(fault)}`, write: reduced, rules: [{ fault }], end: VERIFIED },
    ...more,
  })
  return [
    heals({ kind: 'status', status: 500, code: 5001 }),
    heals({ kind: 'status', status: 503, as: 'html' }),
    heals({ kind: 'status', status: 404 }),
    // Each of these stops all calls for as long as it says.
    heals({ kind: 'status', status: 429, code: 4291, retryAfter: 1 }, { fixed: 1 }),
    heals({ kind: 'status', status: 429, code: 4292, retryAfter: 0 }, { fixed: 2 }),
    heals({ kind: 'hang' }, { fixed: 1 }),
    heals({ kind: 'reset-before' }),
    heals({ kind: 'reset-mid' }),
    heals({ kind: 'truncate' }),
    heals({ kind: 'cut-json' }),
    heals({ kind: 'delay', delayMs: 600 }),
    heals({ kind: 'drip', bytes: 4_096, everyMs: 5 }),
    heals({ kind: 'gzip' }),
    heals({ kind: 'extra-members' }),
    heals({ kind: 'signature', value: 'upper-case' }),
    { ...plain('webhook sent again', reduced), repeats: true },
  ]
}

function plain(name: string, write: Write): DemoCase {
  return { name, write, rules: [], end: VERIFIED }
}

function always(fault: Fault): readonly HandshakeRule[] {
  return [{ fault, times: null }]
}

/** Confluent framing with a schema id that no registry here has given out. */
function unknownSchema(): Buffer {
  const framed = Buffer.alloc(16)
  framed.writeUInt32BE(2_000_000_000, 1)
  return framed
}
