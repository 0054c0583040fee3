import { Buffer } from 'node:buffer'
import { createHmac, type KeyObject } from 'node:crypto'
import { FAILURES, type Failure, type FailureCode } from '../core/failure.js'
import type { Chain, HandshakeEvent, MessageHeader, SourceMessage } from '../core/model.js'
import type { DeadLetter } from '../core/records.js'
import { isTraceparent } from './decode.js'
import type { TextProtect } from './decode-event.js'

export interface DeadLetterRules {
  /** What becomes of a value nothing could be read of. */
  readonly undecodable: 'reference' | 'keep'
  /** Names of the headers that are kept. */
  readonly headers: readonly string[]
  readonly hashKey: Buffer | KeyObject | null
  readonly protect: TextProtect
}

export interface DeadEnd {
  readonly message: SourceMessage
  readonly chain: Chain
  /** HTTP calls of this attempt. */
  readonly calls: number
  readonly failure: Failure
  /** Null when no good event could be read. */
  readonly event: HandshakeEvent | null
  /** The event without a result; null: nothing could be read. Taken from the event when there is one. */
  readonly reduced: string | null
}

/** What happened, in words that hold for every event; `detail` of the failure follows. */
const MESSAGES: Readonly<Record<FailureCode, string>> = {
  'event-undecodable': 'the event cannot be read',
  'event-no-id': 'the event names no handshake',
  'event-bad-id': 'the event names no valid handshake id',
  'response-too-large': 'the response is over fetch.maxResponseBytes',
  'response-malformed': 'the response is not JSON that is safe to use',
  'response-mismatch': 'the response is for another handshake',
  'result-archived': 'Attestr has archived the handshake',
  'result-not-ready': 'the handshake was not consumed in time',
  'result-missing': 'the response holds no result',
  'result-unexpected-shape': 'the result is not an object of stages',
  'result-over-limits': 'the result is over a limit of limits.*',
  'signature-missing': 'the response holds no signature',
  'signature-mismatch': 'the signature does not match the result',
  'record-unencodable': 'a record does not fit its schema',
  'record-too-large': 'a record is over kafka.maxRecordBytes',
  'request-rejected': 'the API refused the request',
  'handshake-not-found': 'the API does not know the handshake',
  'handshake-forbidden': 'the credential may not read the handshake',
  'consent-invalid': 'the consent is missing, expired or does not cover the operation',
  'retries-exhausted': 'the API failed for this handshake while it answered for others',
}

/**
 * Writes down an event that could not go forward, with what a replay needs and nothing that must not leave.
 *
 * In:     failedAt  epoch ms
 * Out:    the value as REDUCED; else as RAW where the rules keep it; else as REFERENCE to its origin
 * Source: product.md section 7, DeadLetter
 */
export function deadLetterOf(end: DeadEnd, rules: DeadLetterRules, failedAt: number): DeadLetter {
  const { message, chain, failure, event } = end
  const kind = FAILURES[failure.code]
  return {
    code: failure.code,
    category: kind.category,
    retryable: kind.retryable,
    message: failure.detail === '' ? MESSAGES[failure.code] : `${MESSAGES[failure.code]}: ${failure.detail}`,
    handshakeId: event?.handshakeId ?? null,
    httpStatus: intOrNull(failure.httpStatus),
    attestrCode: intOrNull(failure.attestrCode),
    requestId: failure.requestId === undefined ? null : rules.protect.maskText(failure.requestId),
    attempt: chain.attempt,
    replays: chain.replays,
    calls: chain.callsBefore + end.calls,
    firstSeenAt: chain.firstSeenAt,
    failedAt,
    source: chain.source,
    origin: chain.origin,
    key: safeKey(message.key, rules.protect),
    headers: keptHeaders(message.headers, rules),
    ...deadValue(end, rules),
  }
}

/** The API chose the number: one that is no Avro int must not keep the dead letter from being written. */
function intOrNull(value: number | undefined): number | null {
  return value !== undefined && (value | 0) === value ? value : null
}

type DeadValue = Pick<DeadLetter, 'value' | 'valueForm' | 'valueBytes' | 'valueDigest'>

/** A dead letter whose value is left at its origin. */
export function asReference(letter: DeadLetter, message: SourceMessage, rules: DeadLetterRules): DeadLetter {
  return { ...letter, ...referenceTo(message.value, rules.hashKey) }
}

/** The original key, or null where a privacy rule matches it. A key of zero bytes stays one. */
export function safeKey(key: Buffer | null, protect: TextProtect): Buffer | null {
  return key === null || protect.matches(key.toString('utf8')) ? null : key
}

function deadValue(end: DeadEnd, rules: DeadLetterRules): DeadValue {
  const reduced = end.event?.reduced ?? end.reduced
  if (reduced !== null) return stored(Buffer.from(reduced), 'REDUCED')
  const { value } = end.message
  if (rules.undecodable === 'keep' && value !== null) return stored(value, 'RAW')
  return referenceTo(value, rules.hashKey)
}

function stored(value: Buffer, valueForm: 'REDUCED' | 'RAW'): DeadValue {
  return { value, valueForm, valueBytes: null, valueDigest: null }
}

function referenceTo(value: Buffer | null, hashKey: Buffer | KeyObject | null): DeadValue {
  const valueDigest =
    hashKey === null || value === null ? null : createHmac('sha256', hashKey).update(value).digest('hex')
  return { value: null, valueForm: 'REFERENCE', valueBytes: value?.length ?? null, valueDigest }
}

/** The headers named in the rules: a trace context if it is one, another value unless a privacy rule matches it. */
export function keptHeaders(headers: readonly MessageHeader[], rules: DeadLetterRules): MessageHeader[] {
  const kept: MessageHeader[] = []
  for (const header of headers) {
    if (!rules.headers.includes(header.key)) continue
    if (header.key === 'traceparent') {
      if (isTraceparent(header.value)) kept.push(header)
    } else {
      // The name was chosen in the configuration, the value was not.
      kept.push({ key: header.key, value: safeKey(header.value, rules.protect) })
    }
  }
  return kept
}

/** For tools that know nothing of the schema. Names of Kafka Connect where it has one; they point to the first event. */
export function deadLetterHeaders(letter: DeadLetter): MessageHeader[] {
  const { origin, handshakeId } = letter
  const headers = [header('attestr.code', letter.code)]
  if (handshakeId !== null) headers.push(header('attestr.handshake-id', handshakeId))
  headers.push(
    header('__connect.errors.topic', origin.topic),
    header('__connect.errors.partition', String(origin.partition)),
    header('__connect.errors.offset', String(origin.offset)),
    header('__connect.errors.exception.message', letter.message),
  )
  return headers
}

function header(key: string, text: string): MessageHeader {
  return { key, value: Buffer.from(text) }
}
