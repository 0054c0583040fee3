import { readErrorBody } from '../core/error-body.js'
import type { Failure } from '../core/failure.js'
import type { ApiReason, Classify } from '../core/policy.js'
import type { ApiAnswer } from '../core/ports.js'
import { readRetryAfter } from '../core/retry-after.js'

/** What is read of a 200 before its signature: the rows of product.md section 4 that need no secret. */
export type EnvelopeReading<E> =
  | { readonly kind: 'ready'; readonly envelope: E }
  /** Cut off or from something in between: a transport fault. */
  | { readonly kind: 'fault'; readonly detail: string }
  | { readonly kind: 'dead'; readonly failure: Failure }
  | { readonly kind: 'delay'; readonly failure: Failure }

export type ReadEnvelope<E> = (body: Buffer, handshakeId: string) => EnvelopeReading<E>

/** What one answer means, before attempts and the state of the system are looked at. */
export type Verdict<E> =
  | {
      readonly kind: 'ready'
      readonly envelope: E
      readonly finishedAt: number
      readonly httpStatus: number
    }
  | { readonly kind: 'dead'; readonly failure: Failure }
  | { readonly kind: 'delay'; readonly failure: Failure }
  | { readonly kind: 'not-found'; readonly failure: Failure }
  | { readonly kind: 'forbidden'; readonly failure: Failure }
  /** No use in this answer; `failure` is how the event ends when retries are used up. Retry-After: only of a 503. */
  | { readonly kind: 'failed'; readonly failure: Failure; readonly retryAfterMs?: number | null }
  | { readonly kind: 'limited'; readonly retryAfterMs: number | null }
  | { readonly kind: 'systemic'; readonly reason: ApiReason }
  | { readonly kind: 'aborted' }

export interface Judgement<E> {
  readonly verdict: Verdict<E>
  /** Null without an answer. */
  readonly httpStatus: number | null
  readonly attestrCode: number | null
  /** Whether the API works, as far as this call can tell; null when it cannot. */
  readonly works: boolean | null
}

/**
 * Makes the function that says what one answer means.
 *
 * In:     answer        of one call
 *         handshakeId   the id that was asked for
 *         now           epoch ms, for a Retry-After date
 * Fails:  every code a call can end with; the failure carries status, Attestr code and request id
 * Source: product.md section 4
 */
export function createJudge<E>(classify: Classify, readEnvelope: ReadEnvelope<E>) {
  return function judge(answer: ApiAnswer, handshakeId: string, now: number): Judgement<E> {
    if (answer.kind === 'aborted') return unanswered({ kind: 'aborted' }, null)
    if (answer.kind === 'fault') return unanswered(failed(answer.detail, {}), false)
    if (answer.kind === 'too-large') return answered(tooLarge(answer.status), answer.status)
    if (answer.status !== 200) return refused(answer, classify, now)

    const { status, finishedAt } = answer
    const reading = readEnvelope(answer.body, handshakeId)
    if (reading.kind === 'ready') {
      return answered({ kind: 'ready', envelope: reading.envelope, finishedAt, httpStatus: status }, status)
    }
    if (reading.kind === 'fault') {
      return { ...answered(failed(reading.detail, { httpStatus: status }), status), works: false }
    }
    const failure = { httpStatus: status, ...reading.failure }
    return answered({ kind: reading.kind, failure }, status)
  }
}

type Source = Pick<Failure, 'httpStatus' | 'attestrCode' | 'requestId'>

function refused<E>(
  answer: Extract<ApiAnswer, { kind: 'answer' }>,
  classify: Classify,
  now: number,
): Judgement<E> {
  const { status } = answer
  const { code, requestId } = readErrorBody(answer.body)
  const source: Source = {
    httpStatus: status,
    ...(code === null ? {} : { attestrCode: code }),
    ...(requestId === null ? {} : { requestId }),
  }
  const detail = `answered with ${status}${code === null ? '' : `, code ${code}`}`
  const verdict = meaning<E>(classify(status, code), {
    detail,
    source,
    status,
    retryAfterMs: readRetryAfter(answer.retryAfter, now),
  })
  return { verdict, httpStatus: status, attestrCode: code, works: worksBy(verdict, status) }
}

/** An answer that is final for its event says that the API works; not one with 5xx, which a policy may call final too. */
function worksBy(verdict: Verdict<unknown>, status: number): boolean | null {
  if (verdict.kind === 'failed') return false
  // Whatever a policy makes of it.
  if (status === 429) return null
  return verdict.kind === 'limited' || verdict.kind === 'systemic' || status >= 500 ? null : true
}

interface Refusal {
  readonly detail: string
  readonly source: Source
  readonly status: number
  readonly retryAfterMs: number | null
}

function meaning<E>(action: ReturnType<Classify>, refusal: Refusal): Verdict<E> {
  const { detail, source, status, retryAfterMs } = refusal
  switch (action.kind) {
    case 'dead':
    case 'delay':
      return { kind: action.kind, failure: { code: action.code, detail, ...source } }
    case 'not-found':
      return { kind: 'not-found', failure: { code: 'handshake-not-found', detail, ...source } }
    case 'forbidden':
      return { kind: 'forbidden', failure: { code: 'handshake-forbidden', detail, ...source } }
    case 'wait':
      return { kind: 'limited', retryAfterMs }
    case 'pause':
      return { kind: 'systemic', reason: action.reason }
    case 'read':
    case 'retry':
      // A gateway that is overloaded says how long.
      return { ...failed(detail, source), ...(status === 503 ? { retryAfterMs } : {}) }
  }
}

function failed(detail: string, source: Source): Extract<Verdict<never>, { kind: 'failed' }> {
  return {
    kind: 'failed',
    failure: { code: 'retries-exhausted', detail: `the last call failed: ${detail}`, ...source },
  }
}

function tooLarge(httpStatus: number): Verdict<never> {
  return {
    kind: 'dead',
    failure: { code: 'response-too-large', detail: 'the body is over fetch.maxResponseBytes', httpStatus },
  }
}

function answered<E>(verdict: Verdict<E>, httpStatus: number): Judgement<E> {
  return { verdict, httpStatus, attestrCode: null, works: true }
}

function unanswered<E>(verdict: Verdict<E>, works: boolean | null): Judgement<E> {
  return { verdict, httpStatus: null, attestrCode: null, works }
}
