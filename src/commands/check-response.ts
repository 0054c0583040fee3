import { Buffer, isUtf8 } from 'node:buffer'
import { createHmac, createSecretKey } from 'node:crypto'
import { FAILURES, type Failure } from '../core/failure.js'
import { sourceText } from '../core/json/tape.js'
import { type Envelope, readEnvelope } from '../steps/envelope.js'
import { createVerify, METHODS, type Method, matchMethods } from '../steps/verify.js'
import { rewritings } from './changed-bytes.js'

export interface Matched {
  readonly verified: true
  /** The method the connector would record. */
  readonly method: string
  readonly methods: readonly Method[]
  readonly handshakeId: string
  readonly signedBytes: number
}

export interface Refused {
  readonly verified: false
  readonly exitCode: 2 | 3
  /** A failure code; null when the file holds no answer of the API. */
  readonly code: string | null
  readonly reason: string
  readonly remedy: string
  readonly methods: readonly Method[]
  /** What is wrong, where that can be told: `bytes` says that the secret is right and the bytes are others. */
  readonly cause: Cause | null
}

export type Cause = 'method' | 'secret' | 'bytes'

export type Check = Matched | Refused

const HANDSHAKE_ID = /^DS0[0-9a-zA-Z_-]{6,30}$/

/**
 * Checks one saved response.
 *
 * In:   body    the bytes of the response
 *       secret  the bytes of the secret's file
 * Out:  the method that matches, or why none does; no value of the result in either
 */
export function checkResponse(body: Buffer, secret: Buffer, method: 'auto' | Method): Check {
  const saved = savedAnew(body)
  if (saved === null) return checkBody(body, secret, method)
  if (checkBody(saved.body, secret, method).verified) return resaved(saved.how)
  return isJson(saved.body) ? checkBody(body, secret, method) : noAnswer(body)
}

function checkBody(body: Buffer, secret: Buffer, method: 'auto' | Method): Check {
  if (!isJson(body) && isUtf8(body) && !startsWithMark(body)) return noAnswer(body)
  const reading = readEnvelope(body, null)
  if (reading.kind === 'fault') return noAnswer(body)
  if (reading.kind !== 'ready') return failed(reading.failure)
  const { envelope } = reading
  const plain = withoutNewline(secret)
  if (plain.length === 0) {
    const remedy = 'Check what the file holds.'
    return { ...unmatched('the secret file holds no secret', 'secret', remedy), exitCode: 2, code: null }
  }
  const verdict = createVerify({ algorithm: 'sha256', method, now: Date.now })(envelope, keyOf(plain))
  const methods = matchMethods(envelope, keyOf(plain))
  if (verdict.kind !== 'ok') return explain(envelope, secret, methods)
  return {
    verified: true,
    method: verdict.value.verification.method,
    methods,
    handshakeId: HANDSHAKE_ID.test(envelope.handshakeId) ? envelope.handshakeId : '(not a handshake id)',
    signedBytes: verdict.value.verification.signedBytes,
  }
}

const keyOf = (secret: Buffer) => ({ id: 'secret-file', clientSecret: createSecretKey(secret) })

const BYTE_ORDER_MARK = Buffer.of(0xef, 0xbb, 0xbf)

const startsWithMark = (body: Buffer): boolean =>
  body.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK)

/** What editors do to a file that they save. Out: the bytes before it; null where none of it can be seen. */
function savedAnew(body: Buffer): { readonly body: Buffer; readonly how: string } | null {
  if (startsWithMark(body))
    return { body: body.subarray(BYTE_ORDER_MARK.length), how: 'with a byte order mark before it' }
  if (isUtf8(body)) return null
  return { body: Buffer.from(body.toString('latin1'), 'utf8'), how: 'as Latin-1 instead of UTF-8' }
}

function resaved(how: string): Refused {
  return {
    ...failed({ code: 'response-malformed', detail: `saved ${how}` }),
    reason: `the secret is right, but the file was saved ${how}`,
    remedy: 'Save the body of the response as it is, for example with `curl --output response.json`.',
    cause: 'bytes',
  }
}

function isJson(body: Buffer): boolean {
  try {
    JSON.parse(body.toString('utf8'))
    return true
  } catch {
    return false
  }
}

function noAnswer(body: Buffer): Refused {
  const markup = /^\s*</.test(body.toString('latin1', 0, 100))
  return {
    verified: false,
    exitCode: 2,
    code: null,
    reason: markup
      ? 'the response file holds a page, not JSON'
      : 'the response file does not hold whole JSON',
    remedy: 'Save the body of the response as it is, for example with `curl --output response.json`.',
    methods: [],
    cause: null,
  }
}

function failed({ code, detail }: Failure): Refused {
  return {
    verified: false,
    exitCode: 3,
    code,
    reason: `${code} (${detail})`,
    remedy: FAILURES[code].remedy,
    methods: [],
    cause: null,
  }
}

function unmatched(reason: string, cause: Cause | null, remedy: string): Refused {
  return { verified: false, exitCode: 3, code: 'signature-mismatch', reason, remedy, methods: [], cause }
}

/** Why nothing matches, where that can be told by trying what people get wrong. */
function explain(envelope: Envelope, secret: Buffer, methods: readonly Method[]): Refused {
  if (methods.length > 0) {
    const reason = `this method does not match, but ${methods.join(' and ')} does`
    return {
      ...unmatched(
        reason,
        'method',
        'Leave --method out, or set verification.method to the one that matches.',
      ),
      methods,
    }
  }
  if (!/^[0-9a-fA-F]{64}$/.test(envelope.signature)) {
    const blanks = envelope.signature.trim() === envelope.signature ? '' : ', with blanks around it'
    return unmatched(
      `resultSignature is not 64 hex digits (${envelope.signature.length} characters${blanks})`,
      'bytes',
      'The response was changed after it was signed, or another algorithm is in use; fetch it again.',
    )
  }
  for (const { bytes, reason, remedy } of secretVariants(secret)) {
    if (bytes.length > 0 && matchMethods(envelope, keyOf(bytes)).length > 0)
      return unmatched(reason, 'secret', remedy)
  }
  const how = changedFrom(envelope, withoutNewline(secret))
  if (how !== null) {
    return unmatched(
      `the secret is right, and the bytes are others: it matches once the result is written ${how}`,
      'bytes',
      'Save the body byte for byte, not through an editor or a formatter. If it came so, Attestr signs another form than it sends: report it.',
    )
  }
  return unmatched(
    `no method matches (${METHODS.join(', ')})`,
    null,
    'Check that the secret belongs to the app of this handshake and that the response is saved byte for byte, not through an editor.',
  )
}

/** Out: how the result must be written to match; null when no way is known. */
function changedFrom(envelope: Envelope, secret: Buffer): string | null {
  const { tape, result } = envelope
  for (const { bytes, how } of rewritings(sourceText(tape, result))) {
    const digest = createHmac('sha256', secret).update(bytes).digest('hex')
    if (digest === envelope.signature.toLowerCase()) return how
  }
  return null
}

function withoutNewline(secret: Buffer): Buffer {
  if (secret.at(-1) !== 0x0a) return secret
  return secret.subarray(0, secret.at(-2) === 0x0d ? -2 : -1)
}

const NOTHING = Buffer.alloc(0)

interface SecretVariant {
  readonly bytes: Buffer
  readonly reason: string
  readonly remedy: string
}

function secretVariants(secret: Buffer): readonly SecretVariant[] {
  const text = secret.toString('utf8')
  const trimmed = text.replace(/^\uFEFF/, '').trim()
  return [
    {
      bytes: Buffer.from(trimmed),
      reason: 'it matches once blanks, line breaks or a byte order mark around the secret are left out',
      remedy: 'Write the secret without them.',
    },
    {
      bytes: Buffer.from(trimmed.replace(/^(["'])(.*)\1$/s, '$2')),
      reason: 'it matches once the quotes around the secret are left out',
      remedy: 'Write the secret without quotes.',
    },
    {
      bytes: secret,
      reason: 'it matches only with the line break at the end of the secret file kept',
      remedy: 'The secret itself ends with a line break: put two at the end of the file.',
    },
    {
      bytes: Buffer.from(trimmed, 'base64'),
      reason: 'it matches once the secret is decoded from base64',
      remedy: 'Use the decoded secret.',
    },
    {
      bytes: /^(?:[0-9a-fA-F]{2})+$/.test(trimmed) ? Buffer.from(trimmed, 'hex') : NOTHING,
      reason: 'it matches once the secret is decoded from hex',
      remedy: 'Use the decoded secret.',
    },
  ]
}
