import avro from 'avsc'
import type { Chain, HandshakeEvent, Output, SourceMessage } from '../../src/core/model.js'
import type { FlatStage, Verification } from '../../src/core/records.js'
import { createEncoders } from '../../src/io/registry/encoders.js'
import { type RecordKind, SCHEMAS } from '../../src/io/registry/schemas.js'
import type { TextProtect } from '../../src/steps/decode-event.js'
import { createRoute, type Route, type RouteDeps } from '../../src/steps/route.js'

export const NOW = Date.UTC(2026, 10, 22)
export const ID = 'DS02zfeuv6n4gkq51hvw6'
export const TRACEPARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
export const RETRY = [60_000, 600_000, 3_600_000].map((delayMs, i) => ({ topic: `r${i + 1}`, delayMs }))
const IDS = { verified: 11, deadLetter: 12, outcome: 13 }

/** Stands in for the privacy rules: `SECRET` is what they find. */
export const protect: TextProtect = {
  maskText: (text) => text.replaceAll('SECRET', 'xxxxxx'),
  maskTag: (tag) => tag.replaceAll('SECRET', 'tttttt'),
  matches: (text) => text.includes('SECRET'),
}

export function message(parts: Partial<SourceMessage> = {}): SourceMessage {
  return {
    topic: 'attestr.handshakes',
    partition: 3,
    offset: 42,
    timestamp: NOW,
    key: Buffer.from('the-key'),
    value: Buffer.from(ID),
    headers: [],
    ...parts,
  }
}

export function textMap<V>(entries: Readonly<Record<string, V>>): Record<string, V> {
  return Object.assign(Object.create(null), entries)
}

export function stage(stageId: string, parts: Partial<FlatStage> = {}): FlatStage {
  return {
    recordId: `${ID}/${stageId}@0123456789ab`,
    stageId,
    ...(stageId === 'FS0pan'
      ? { stageType: 'PAN', stageTypeSource: 'CATALOGUE' }
      : { stageType: null, stageTypeSource: 'UNKNOWN' }),
    status: 'COMPLETE',
    valid: true,
    input: textMap({ pan: 'ABCDE1234F' }),
    output: textMap({ valid: 'true', 'name.first': 'Asha', photo: null }),
    extra: textMap({}),
    kinds: textMap({ 'output.valid': 'boolean' }),
    redactions: textMap({ 'output.photo': 'drop' }),
    ...parts,
  }
}

export const chain: Chain = {
  source: { topic: 'attestr.retry.1m', partition: 5, offset: 7 },
  origin: { topic: 'attestr.handshakes', partition: 3, offset: 42 },
  attempt: 2,
  replays: 1,
  firstSeenAt: NOW - 60_000,
  callsBefore: 4,
}

export const verification: Verification = {
  algorithm: 'HMAC-SHA256',
  method: 'raw',
  credentialId: 'main',
  signature: '0123456789abcdef'.repeat(4),
  signedBytes: 1234,
  verifiedAt: NOW - 5,
}

export function handshake(parts: Partial<HandshakeEvent> = {}): HandshakeEvent {
  return {
    handshakeId: ID,
    eventType: 'flowx.completed',
    tag: 'event-tag',
    flowId: 'FX02zfeuvcj36knhn06us',
    snapshot: null,
    updated: NOW - 1000,
    reduced: `{"event":"flowx.completed","payload":{"_id":"${ID}"}}`,
    traceparent: null,
    ...parts,
  }
}

export function route(parts: Partial<RouteDeps> = {}): Route {
  return createRoute({
    encoders: createEncoders({ ids: IDS }),
    topics: { verified: 'v', deadLetter: 'd', outcomes: 'o', retry: RETRY },
    maxRecordBytes: 1_000_000,
    deadLetters: { undecodable: 'reference', headers: ['traceparent'] },
    hashKey: null,
    protect,
    now: () => NOW,
    ...parts,
  })
}

const TYPES: Readonly<Record<RecordKind, avro.Type>> = {
  verified: avro.Type.forSchema(JSON.parse(SCHEMAS.verified)),
  deadLetter: avro.Type.forSchema(JSON.parse(SCHEMAS.deadLetter)),
  outcome: avro.Type.forSchema(JSON.parse(SCHEMAS.outcome)),
}

/** The fields of an encoded record, its framing checked. */
export function readBack(output: Output | undefined, kind: RecordKind): Record<string, unknown> {
  if (output === undefined) throw new Error('there is no such output')
  if (output.value[0] !== 0 || output.value.readUInt32BE(1) !== IDS[kind]) throw new Error('wrong framing')
  return plain(TYPES[kind].fromBuffer(output.value.subarray(5)))
}

/** avsc's record classes as plain objects, buffers kept. */
function plain(value: unknown): Record<string, unknown> {
  const copy = (each: unknown): unknown => {
    if (Buffer.isBuffer(each) || typeof each !== 'object' || each === null) return each
    if (Array.isArray(each)) return each.map(copy)
    return Object.fromEntries(Object.entries(each).map(([name, inner]) => [name, copy(inner)]))
  }
  return copy(value) as Record<string, unknown>
}

export function headersOf(output: Output | undefined): Record<string, string | null> {
  return Object.fromEntries(
    (output?.headers ?? []).map((header) => [header.key, header.value?.toString() ?? null]),
  )
}
