import { Buffer } from 'node:buffer'
import { gzipSync } from 'node:zlib'
import { type BodyParts, composeBody } from './body.js'
import { createContents } from './contents.js'
import type { Fault, Framing } from './faults.js'
import type { ResultSource } from './results.js'

/** What goes over the wire for one call. Nothing here knows HTTP servers: a memory twin reads it too. */
export interface Answer {
  readonly status: number
  /** name, value, name, value: as `writeHead` takes them; content-length is among them where it is sent */
  readonly headers: string[]
  /** the whole body, also where only a part of it is sent */
  readonly body: Buffer
  readonly delayMs: number
  readonly transport: Transport
  readonly framing: Framing
  /** how much of the body is sent by `reset-mid` and `truncate` */
  readonly sentBytes: number
  readonly drip: { readonly bytes: number; readonly everyMs: number } | null
  /** the kind of fault behind it, null for a right answer */
  readonly fault: Fault['kind'] | null
  /** place of the caller's credential, null when it was not accepted */
  readonly credential: number | null
}

export type Transport = 'ok' | 'hang' | 'reset-before' | 'reset-mid' | 'truncate' | 'drip'

export interface Asked {
  readonly handshakeId: string
  readonly clientSecret: string
  readonly credential: number | null
  readonly delayMs: number
}

const JSON_TYPE = 'application/json; charset=utf-8'
const DEFAULT_OVERSIZE_BYTES = 9 * 1024 * 1024
const DEFAULT_CODES: Readonly<Record<number, number>> = {
  400: 4001,
  401: 4016,
  403: 4031,
  429: 4291,
  500: 5001,
}
const HTML =
  '<!DOCTYPE html>\n<html><head><title>Service unavailable</title></head><body><h1>Sorry</h1></body></html>\n'

/** An answer with nothing wrong in its transport. */
export function plainAnswer(asked: Asked, status: number, body: Buffer, type = JSON_TYPE): Answer {
  return {
    status,
    headers: ['content-type', type, 'content-length', String(body.length)],
    body,
    delayMs: asked.delayMs,
    transport: 'ok',
    framing: 'length',
    sentBytes: body.length,
    drip: null,
    fault: null,
    credential: asked.credential,
  }
}

/**
 * An error in the shape of the API, or of a proxy in front of it.
 *
 * Out:    `{httpStatusCode, code, message}`, HTML, text or nothing
 * Source: attestr.md section 6.1
 */
export function errorAnswer(asked: Asked, fault: Extract<Fault, { kind: 'status' }>): Answer {
  const {
    status,
    code = DEFAULT_CODES[status],
    message = 'Simulated',
    as = code === undefined ? 'html' : 'json',
  } = fault
  const texts = {
    json: JSON.stringify({ httpStatusCode: status, code, message }),
    html: HTML,
    text: message,
    empty: '',
  }
  const type = as === 'json' ? JSON_TYPE : as === 'html' ? 'text/html' : 'text/plain'
  const answer = plainAnswer(asked, status, Buffer.from(texts[as]), type)
  const { retryAfter } = fault
  return retryAfter === undefined
    ? answer
    : { ...answer, headers: [...answer.headers, 'retry-after', String(retryAfter)] }
}

/**
 * Makes the answers of all faults.
 *
 * In:     the source of right results
 * Out:    from a fault and who asked to the answer
 */
export function createAnswers(source: ResultSource) {
  const contents = createContents(source)

  function right(asked: Asked, run = 0): Answer {
    return plainAnswer(
      asked,
      200,
      source.resultFor(asked.handshakeId, { clientSecret: asked.clientSecret, run }).body,
    )
  }

  function withBytes(asked: Asked, change: (body: Buffer) => Buffer): Answer {
    return plainAnswer(asked, 200, change(right(asked).body))
  }

  function withParts(asked: Asked, change: Partial<BodyParts>): Answer {
    const parts = { ...contents.partsOf(asked), ...change }
    return plainAnswer(asked, 200, composeBody(parts, source.bodyForm).body)
  }

  /** Faults of what is said, not of how it travels. */
  function contentAnswer(fault: Fault, asked: Asked): Answer {
    switch (fault.kind) {
      case 'status':
        return errorAnswer(asked, fault)
      case 'redirect':
        return redirect(asked, fault.location)
      case 'cut-json':
        return withBytes(asked, (body) => body.subarray(0, Math.floor(body.length / 2)))
      case 'oversize':
        return withParts(asked, {
          extra: [['pad', `"${'x'.repeat(fault.bytes ?? DEFAULT_OVERSIZE_BYTES)}"`]],
        })
      case 'gzip':
        return compressed(right(asked))
      case 'rerun':
        return right(asked, fault.run ?? 1)
      case 'bytes':
        if (fault.value === 'bom')
          return withBytes(asked, (body) => Buffer.concat([Buffer.from('\ufeff'), body]))
        if (fault.value === 'not-json') return withBytes(asked, () => Buffer.from('result: not found'))
        return withParts(asked, contents.changed(fault, asked))
      default:
        return withParts(asked, contents.changed(fault, asked))
    }
  }

  function answerFor(fault: Fault | null, asked: Asked): Answer {
    if (fault === null || fault.kind === 'delay') return right(asked)
    const answer = {
      ...(TRANSPORT_KINDS.has(fault.kind) ? right(asked) : contentAnswer(fault, asked)),
      fault: fault.kind,
    }
    return damaged(answer, fault)
  }

  return { answerFor }
}

const TRANSPORT_KINDS: ReadonlySet<Fault['kind']> = new Set([
  'hang',
  'reset-before',
  'reset-mid',
  'truncate',
  'drip',
  'chunked',
])

/** Adds what goes wrong on the way. */
function damaged(answer: Answer, fault: Fault): Answer {
  const sentBytes = Math.floor(answer.body.length / 2)
  switch (fault.kind) {
    case 'hang':
    case 'reset-before':
      return { ...answer, transport: fault.kind, sentBytes: 0 }
    case 'reset-mid':
      return { ...answer, transport: 'reset-mid', sentBytes }
    case 'truncate':
      return framed({ ...answer, transport: 'truncate', sentBytes }, fault.framing ?? 'length')
    case 'drip': {
      const drip = { bytes: Math.max(1, fault.bytes ?? 64), everyMs: fault.everyMs ?? 50 }
      return { ...answer, transport: 'drip', drip }
    }
    case 'chunked':
      return framed(answer, 'chunked')
    case 'oversize':
      return framed(answer, fault.framing ?? 'length')
    default:
      return answer
  }
}

function redirect(asked: Asked, location = 'http://127.0.0.1:9/login'): Answer {
  const answer = plainAnswer(asked, 302, Buffer.from(HTML), 'text/html')
  return { ...answer, headers: [...answer.headers, 'location', location] }
}

function compressed(answer: Answer): Answer {
  const body = gzipSync(answer.body)
  const headers = [
    'content-type',
    JSON_TYPE,
    'content-encoding',
    'gzip',
    'content-length',
    String(body.length),
  ]
  return { ...answer, headers, body, sentBytes: body.length }
}

function framed(answer: Answer, framing: Framing): Answer {
  if (framing === 'length') return answer
  const at = answer.headers.indexOf('content-length')
  return { ...answer, framing, headers: answer.headers.toSpliced(at, 2) }
}
