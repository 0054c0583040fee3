import { Buffer, isAscii, isUtf8 } from 'node:buffer'
import type { Failure, FailureCode } from '../core/failure.js'
import { FAULT_TEXT } from '../core/json/fault-text.js'
import { isFault, scanJson } from '../core/json/scan.js'
import {
  booleanValue,
  endOf,
  isNullish,
  type JsonNode,
  type JsonTape,
  kindOf,
  memberOf,
  numberText,
  ROOT,
  startOf,
  stringValue,
} from '../core/json/tape.js'

/** An answer of the API of which only the structure and the members beside `result` are known. Nothing in `result` is trusted yet. */
export interface Envelope {
  readonly handshakeId: string
  readonly number: string | null
  readonly tag: string | null
  readonly requestId: string | null
  readonly signature: string
  /** The bytes as received, and the text they decode to. */
  readonly body: Buffer
  readonly tape: JsonTape
  /** The value of `result`: not null. */
  readonly result: JsonNode
}

export type EnvelopeReading =
  | { readonly kind: 'ready'; readonly envelope: Envelope }
  /** A transport fault: nothing that could be used arrived. */
  | { readonly kind: 'fault'; readonly detail: 'empty' | 'truncated' | 'markup' }
  | { readonly kind: 'dead'; readonly failure: Failure }
  | { readonly kind: 'delay'; readonly failure: Failure }

const CUT_OFF = { kind: 'fault', detail: 'truncated' } as const
const LESS_THAN = 0x3c
const BLANKS: readonly number[] = [0x20, 0x09, 0x0a, 0x0d]

/** A trace id that may stand in a failure: anything else is a value. */
const TRACE_ID = /^[0-9A-Za-z-]{1,64}$/

/**
 * Reads what lies around `result` in a body with status 200, and checks the whole of its structure.
 *
 * In:     body           the bytes after the content coding is undone
 *         handshakeId    the id asked for; null takes the one in the answer (a saved response)
 * Out:    ready; or a transport fault; or the end of the event
 * Fails:  response-malformed, response-mismatch, result-archived, result-not-ready and result-missing (these two delay),
 *         signature-missing; the first that applies, in the order of the table
 * Source: product.md section 4, rows for 200
 */
export function readEnvelope(body: Buffer, handshakeId: string | null): EnvelopeReading {
  const first = firstVisible(body)
  if (first === null) return { kind: 'fault', detail: 'empty' }
  if (first === LESS_THAN) return { kind: 'fault', detail: 'markup' }
  if (!isUtf8(body)) return endsWithinCharacter(body) ? CUT_OFF : dead('response-malformed', 'not UTF-8')
  const tape = scanJson(body.toString(isAscii(body) ? 'latin1' : 'utf8'))
  if (!isFault(tape)) return readMembers(body, tape, handshakeId)
  if (tape.fault === 'truncated') return CUT_OFF
  return dead('response-malformed', `${FAULT_TEXT[tape.fault]} at character ${tape.at}`)
}

/**
 * The bytes of `result` exactly as received.
 *
 * Out:    a view of the body, not a copy
 */
export function signedBytes(envelope: Envelope): Buffer {
  const { body, tape, result } = envelope
  const quote = kindOf(tape, result) === 'string' ? 1 : 0
  const start = startOf(tape, result) - quote
  const end = endOf(tape, result) + quote
  // As long as the text means that each character is one byte: then both count alike.
  if (tape.text.length === body.length) return body.subarray(start, end)
  const from = Buffer.byteLength(tape.text.slice(0, start))
  return body.subarray(from, from + Buffer.byteLength(tape.text.slice(start, end)))
}

/** The trace id when it may stand in a failure. */
export function traceId(requestId: string | null): { readonly requestId?: string } {
  return requestId !== null && TRACE_ID.test(requestId) ? { requestId } : {}
}

function readMembers(body: Buffer, tape: JsonTape, asked: string | null): EnvelopeReading {
  if (kindOf(tape, ROOT) !== 'object')
    return dead('response-mismatch', `${kindOf(tape, ROOT)} instead of object`)
  const requestId = scalarText(tape, memberOf(tape, ROOT, 'requestId'))
  const trace = traceId(requestId)
  const signature = memberOf(tape, ROOT, 'resultSignature')
  if (signature !== null && !isNullish(tape, signature) && kindOf(tape, signature) !== 'string') {
    return dead('response-malformed', `resultSignature is of kind ${kindOf(tape, signature)}`, trace)
  }
  const handshakeId = stringValue(tape, memberOf(tape, ROOT, '_id'))
  if (handshakeId === null) return dead('response-mismatch', '_id is missing or not a string', trace)
  if (asked !== null && handshakeId !== asked)
    return dead('response-mismatch', '_id is another handshake', trace)
  const archived = memberOf(tape, ROOT, 'archived')
  if (!isNullish(tape, archived) && booleanValue(tape, archived) !== false) {
    return dead('result-archived', 'archived is set', trace)
  }
  if (booleanValue(tape, memberOf(tape, ROOT, 'consumed')) === false) {
    return delay('result-not-ready', 'consumed is false', trace)
  }
  const result = memberOf(tape, ROOT, 'result')
  if (result === null || isNullish(tape, result))
    return delay('result-missing', 'result is null or missing', trace)
  const signatureText = stringValue(tape, signature)
  if (signatureText === null) return dead('signature-missing', 'resultSignature is null or missing', trace)
  const number = scalarText(tape, memberOf(tape, ROOT, 'number'))
  const tag = scalarText(tape, memberOf(tape, ROOT, 'tag'))
  return {
    kind: 'ready',
    envelope: { handshakeId, number, tag, requestId, signature: signatureText, body, tape, result },
  }
}

/** A string, or a number as its exact text; null for all else. */
function scalarText(tape: JsonTape, node: JsonNode | null): string | null {
  return stringValue(tape, node) ?? numberText(tape, node)
}

/** The first byte after blanks; null when there is none. A byte order mark before markup is passed over: pages have them. */
function firstVisible(body: Buffer): number | null {
  let at = hasMark(body) && firstVisible(body.subarray(3)) === LESS_THAN ? 3 : 0
  while (at < body.length && BLANKS.includes(body[at] as number)) at += 1
  return body[at] ?? null
}

function hasMark(body: Buffer): boolean {
  return body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf
}

/** Whether the bytes are the beginning of a JSON text, cut off within a character. */
function endsWithinCharacter(body: Buffer): boolean {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body, { stream: true })
    // Any character in place of the half one: inside a string the text can go on, elsewhere it is no JSON.
    const scanned = scanJson(`${text}?`)
    return isFault(scanned) && scanned.fault === 'truncated'
  } catch {
    return false
  }
}

function dead(code: FailureCode, detail: string, trace = {}): EnvelopeReading {
  return { kind: 'dead', failure: { code, detail, ...trace } }
}

function delay(code: FailureCode, detail: string, trace = {}): EnvelopeReading {
  return { kind: 'delay', failure: { code, detail, ...trace } }
}
