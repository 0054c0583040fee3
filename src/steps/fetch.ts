import { BACKOFF_BASE_MS, backoffMs, pauseFor } from '../core/backoff.js'
import type { Failure } from '../core/failure.js'
import { createForbiddenStreak, type ForbiddenStreak } from '../core/forbidden.js'
import type { Credential, HandshakeEvent } from '../core/model.js'
import { dead, delay, type Ending } from '../core/outcome.js'
import { type Classify, classify, NOT_FOUND_RETRIES } from '../core/policy.js'
import type { Clock, Metrics, Random, ResultApi } from '../core/ports.js'
import { createThrottle, type Throttle } from '../core/throttle.js'
import type { ApiHealth, SystemicReason, Ticket, Turn } from '../core/work.js'
import { createJudge, type Judgement, type ReadEnvelope } from './answer.js'
import { createCall } from './call.js'

export interface FetchLimits {
  /** Calls for one event while the API answers with faults or is not ready. */
  readonly attempts: number
  /** For all calls and back-off of one event; waits the event is not to blame for do not count. */
  readonly deadlineMs: number
  /** After the event was first seen: the end of hope without proof that the API works. */
  readonly giveUpMs: number
}

export interface FetchDeps<E> {
  readonly api: ResultApi
  readonly health: ApiHealth
  readonly clock: Clock
  readonly random: Random
  readonly limits: FetchLimits
  readonly metrics: Metrics
  /** Work on an answer waits for its turn; without it there is no wait. */
  readonly turn?: Turn
  readonly readEnvelope: ReadEnvelope<E>
  /** The policy table with the overrides of the configuration; the plain table if left out. */
  readonly classify?: Classify
}

export interface FetchRequest {
  readonly event: HandshakeEvent
  readonly credential: Credential
  /** Whether another credential will be tried after a 4031: then it proves nothing against this one. */
  readonly hasNextCredential: boolean
  /** Epoch ms, of the chain. */
  readonly firstSeenAt: number
}

export type FetchEnd<E> =
  | {
      readonly kind: 'ready'
      readonly envelope: E
      readonly finishedAt: number
      readonly httpStatus: number
    }
  | Ending
  | { readonly kind: 'aborted' }

export type Fetch<E> = (request: FetchRequest, ticket: Ticket) => Promise<FetchEnd<E>>

/** Call again after so many ms of back-off. */
interface Again {
  readonly kind: 'again'
  readonly delayMs: number
}

/** How far one event has come. */
interface Progress {
  /** Monotonic ms. */
  readonly startedAt: number
  /** Calls that failed or found nothing ready. */
  tries: number
  /** Calls that found no handshake. */
  notFound: number
  /** Answers 429. */
  limited: number
  /** Ms of the deadline used, in calls and back-off. Waits and calls that use up no attempt do not count. */
  spentMs: number
}

/** The system decides when to go on: no back-off of the event's own. */
const HELD: Again = { kind: 'again', delayMs: 0 }

const later = (failure: Failure): Ending => delay(failure, 'all')

/** A Retry-After beyond this is a mistake of the sender; the next probe asks again. */
const RETRY_AFTER_MAX_MS = 3_600_000

/**
 * Fetches the result of one handshake, in as many calls as it takes.
 *
 * In:     request   the event, and the credential to use
 *         ticket    gives call slots and counts calls; a slot is held for one call, never during a wait
 * Out:    the envelope, structure checked and nothing verified; or how the event ends; or aborted
 * Fails:  response-too-large, request-rejected, handshake-not-found, handshake-forbidden, consent-invalid,
 *         retries-exhausted, and what `readEnvelope` finds
 * Source: product.md sections 4 and 8
 */
export function createFetch<E>(deps: FetchDeps<E>): Fetch<E> {
  const throttle = createThrottle(deps.clock)
  const call = createCall({ ...deps, throttle })
  const judge = createJudge(deps.classify ?? classify, deps.readEnvelope)
  const decide = createDecide(deps, throttle, createForbiddenStreak())

  return async function fetch(request, ticket) {
    const progress: Progress = {
      startedAt: deps.clock.monotonic(),
      tries: 0,
      notFound: 0,
      limited: 0,
      spentMs: 0,
    }
    const { event, credential } = request
    const { signal } = ticket
    for (;;) {
      const end = await call({ handshakeId: event.handshakeId, credential }, ticket)
      const judgement = judge(end.answer, event.handshakeId, deps.clock.now())
      const { tookMs, permitted } = end
      const next = decide({ judgement, request, progress, tookMs, permitted })
      if (next.kind !== 'again') return next
      if (next.delayMs > 0 && !(await pauseFor(deps.clock, next.delayMs, signal))) return { kind: 'aborted' }
    }
  }
}

/** One call that came back. */
interface Round<E> {
  readonly judgement: Judgement<E>
  readonly request: FetchRequest
  readonly progress: Progress
  readonly tookMs: number
  readonly permitted: boolean
}

/** What to do after a call; tells health, throttle and streak on the way. */
function createDecide<E>(deps: FetchDeps<E>, throttle: Throttle, streak: ForbiddenStreak) {
  const { health, random, limits } = deps
  const retry = createRetry(deps)

  function hold(reason: SystemicReason, { judgement, request }: Round<E>): Ending | Again {
    const { attestrCode } = judgement
    const httpStatus = judgement.httpStatus ?? 0
    const { credential, event } = request
    const where = { handshakeId: event.handshakeId, credentialId: credential.id }
    if (health.systemic(reason, { ...where, httpStatus, attestrCode }) === 'hold') return HELD
    const detail = `answered with ${httpStatus}, which is the trouble of this handshake alone`
    const source = { httpStatus, ...(attestrCode === null ? {} : { attestrCode }) }
    return later({ code: 'request-rejected', detail, ...source })
  }

  return function decide(round: Round<E>): FetchEnd<E> | Again {
    const { verdict, works, httpStatus } = round.judgement
    const { credential, event, hasNextCredential } = round.request
    if (verdict.kind === 'systemic') return hold(verdict.reason, round)
    if (verdict.kind === 'limited') {
      const askedMs = Math.min(verdict.retryAfterMs ?? 0, RETRY_AFTER_MAX_MS)
      throttle.hold(Math.max(askedMs, backoffMs(round.progress.limited, random)))
      round.progress.limited += 1
      if (askedMs > limits.deadlineMs) return hold('rate-limited', round)
    }
    // Whatever says nothing about the API ends a permit all the same.
    if (round.permitted && (works === null || verdict.kind === 'limited')) health.released()
    if (verdict.kind === 'limited') return HELD
    if (verdict.kind === 'forbidden' && !hasNextCredential) {
      if (streak.forbidden(credential.id, event.handshakeId)) return hold('credentials', round)
    }
    if (httpStatus === 200 && works === true) streak.allowed(credential.id)
    if (works === true) health.success()
    else if (works === false) health.failure(event.handshakeId)

    switch (verdict.kind) {
      case 'ready':
      case 'aborted':
        return verdict
      case 'dead':
        return dead(verdict.failure)
      case 'delay':
      case 'forbidden':
        return later(verdict.failure)
      default:
        return retry(verdict, round)
    }
  }
}

interface Unfinished {
  readonly kind: 'not-found' | 'not-ready' | 'failed'
  readonly failure: Failure
}

/** Calls again in place, or says how the event ends when it may not. */
function createRetry<E>({ health, clock, random, limits }: FetchDeps<E>) {
  function within(progress: Progress, delayMs: number): boolean {
    progress.spentMs += delayMs
    return progress.spentMs <= limits.deadlineMs
  }

  return function retry({ kind, failure }: Unfinished, round: Round<E>): Ending | Again {
    const { progress, request } = round
    // Asked before anything is counted: a call that fails in a pause, or opens the breaker, uses no attempt.
    if (kind === 'failed' && health.paused()) return HELD
    progress.spentMs += round.tookMs
    if (kind === 'not-found') {
      // The event can outrun the API's own write: here the wait has a lower bound.
      const delayMs = BACKOFF_BASE_MS + backoffMs(progress.notFound, random)
      progress.notFound += 1
      const more = progress.notFound <= NOT_FOUND_RETRIES && within(progress, delayMs)
      return more ? { kind: 'again', delayMs } : later(failure)
    }
    const again: Again = { kind: 'again', delayMs: backoffMs(progress.tries, random) }
    progress.tries += 1
    if (progress.tries < limits.attempts && within(progress, again.delayMs)) return again
    if (kind === 'not-ready' || health.lastSuccessAt() >= progress.startedAt) return later(failure)
    // No proof that the API works: the event is held, and asks again until there is one.
    return clock.now() - request.firstSeenAt >= limits.giveUpMs ? dead(failure) : again
  }
}
