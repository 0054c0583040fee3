import { BACKOFF_BASE_MS, backoffMs, pauseFor } from '../core/backoff.js'
import type { Chosen } from '../core/credentials.js'
import type { Failure } from '../core/failure.js'
import { createForbiddenStreak } from '../core/forbidden.js'
import type { HandshakeEvent } from '../core/model.js'
import { dead, delay, type Ending } from '../core/outcome.js'
import { type Classify, classify, NOT_FOUND_RETRIES } from '../core/policy.js'
import type { Clock, Metrics, Random, ResultApi } from '../core/ports.js'
import type { RateFeedback } from '../core/rate.js'
import type { ApiHealth, SystemicReason, Ticket, Turn } from '../core/work.js'
import { createJudge, type Judgement, type ReadEnvelope, type Verdict } from './answer.js'
import { type CallEnd, createCall } from './call.js'

export interface FetchLimits {
  /** Calls for one event while the API answers with faults. */
  readonly attempts: number
  /** For all calls and back-off of one event; waits the event is not to blame for do not count. */
  readonly deadlineMs: number
  /** After the event was first seen: the end of hope without proof that the API works. */
  readonly giveUpMs: number
}

export interface FetchDeps<E> {
  readonly api: ResultApi
  readonly health: ApiHealth
  /** Told what the API says of it; asked by whoever gives call slots. */
  readonly rate: RateFeedback
  readonly clock: Clock
  readonly random: Random
  readonly limits: FetchLimits
  /** Without any, an event without proof that the API works is held. */
  readonly hasRetryTopics: boolean
  readonly metrics: Metrics
  /** Work on an answer waits for its turn; without it there is no wait. */
  readonly turn?: Turn
  readonly readEnvelope: ReadEnvelope<E>
  /** The policy table with the overrides of the configuration; the plain table if left out. */
  readonly classify?: Classify
}

export interface FetchRequest {
  readonly event: HandshakeEvent
  /** The credential in force. While another one will be tried after a 4031, that proves nothing against this one. */
  readonly choose: () => Chosen
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
  /** Calls that failed. */
  tries: number
  /** Calls that found no handshake. */
  notFound: number
  /** Ms of the deadline used, in calls and back-off. Waits and calls that use up no attempt do not count. */
  spentMs: number
}

/** System or rate decide when to go on: no back-off of the event's own. */
const HELD: Again = { kind: 'again', delayMs: 0 }

/** A call that has less time left is not worth making: half a second, or a tenth of a short deadline. */
const leastCallMs = ({ deadlineMs }: FetchLimits): number => Math.min(500, deadlineMs / 10)

/** A Retry-After beyond this is a mistake of the sender; the next probe asks again. */
const RETRY_AFTER_MAX_MS = 3_600_000

/**
 * Fetches the result of one handshake, in as many calls as it takes.
 *
 * In:     request   the event, and what says with which credential to call
 *         ticket    gives call slots and counts calls; a slot is held for one call, never during a wait. Attempts and
 *                   deadline are those of the ticket, whatever the number of credentials
 * Out:    the envelope, structure checked and nothing verified; or how the event ends; or aborted
 * Fails:  response-too-large, request-rejected, handshake-not-found, handshake-forbidden, consent-invalid,
 *         retries-exhausted, and what `readEnvelope` finds
 * Source: product.md sections 4 and 8
 */
export function createFetch<E>(deps: FetchDeps<E>): Fetch<E> {
  const call = createCall(deps)
  const judge = createJudge(deps.classify ?? classify, deps.readEnvelope)
  const decide = createDecide(deps)
  /** Of events that may come again with another credential. */
  const begun = new WeakMap<Ticket, Progress>()

  return async function fetch(request, ticket) {
    const { event, choose } = request
    const progress = begun.get(ticket) ?? {
      startedAt: deps.clock.monotonic(),
      tries: 0,
      notFound: 0,
      spentMs: 0,
    }
    begun.set(ticket, progress)
    for (;;) {
      const leftMs = deps.limits.deadlineMs - progress.spentMs
      // An event that is held beyond its deadline, for want of proof that the API works, has all the time of a call.
      const limitMs = leftMs >= leastCallMs(deps.limits) ? leftMs : Number.POSITIVE_INFINITY
      const end = await call({ handshakeId: event.handshakeId, choose, ticket, limitMs })
      const judgement = judge(end.answer, event.handshakeId, deps.clock.now())
      const next = decide({ judgement, request, progress, end })
      if (next.kind !== 'again') return next
      if (next.delayMs > 0 && !(await pauseFor(deps.clock, next.delayMs, ticket.signal)))
        return { kind: 'aborted' }
    }
  }
}

/** One call that came back. */
interface Round<E> {
  readonly judgement: Judgement<E>
  readonly request: FetchRequest
  readonly progress: Progress
  readonly end: CallEnd
}

/** What to do after a call; tells health, rate and streak on the way. */
function createDecide<E>(deps: FetchDeps<E>) {
  const { health, rate, limits } = deps
  const streak = createForbiddenStreak()
  const retry = createRetry(deps)

  function systemic(reason: SystemicReason, { judgement, request, end }: Round<E>): Ending | Again {
    const { httpStatus, attestrCode } = judgement
    const where = { handshakeId: request.event.handshakeId, credentialId: end.chosen.credential.id }
    const fate = health.systemic(reason, { ...where, httpStatus: httpStatus ?? 0, attestrCode })
    return fate === 'hold' ? HELD : delay(blamed(reason, judgement), 'all')
  }

  function limited({ retryAfterMs }: Extract<Verdict<E>, { kind: 'limited' }>, round: Round<E>) {
    const { sentAt, permitted } = round.end
    const askedMs = retryAfterMs === null ? null : Math.min(retryAfterMs, RETRY_AFTER_MAX_MS)
    rate.refused(sentAt, askedMs)
    if ((askedMs ?? 0) > limits.deadlineMs) return systemic('rate-limited', round)
    if (permitted) health.released()
    return HELD
  }

  /** Exactly one word for each permit. */
  function tell(works: boolean | null, { request, end }: Round<E>): void {
    if (works === true) {
      rate.worked()
      health.success(request.event.handshakeId)
    } else if (works === false) health.failure(request.event.handshakeId)
    else if (end.permitted) health.released()
  }

  return function decide(round: Round<E>): FetchEnd<E> | Again {
    const { verdict, works, httpStatus } = round.judgement
    const { event } = round.request
    const { credential, hasNext } = round.end.chosen
    if (verdict.kind === 'systemic') return systemic(verdict.reason, round)
    if (verdict.kind === 'limited') return limited(verdict, round)
    if (verdict.kind === 'forbidden' && !hasNext) {
      if (streak.forbidden(credential.id, event.handshakeId)) return systemic('credentials', round)
    }
    if (httpStatus === 200 && works === true) streak.allowed(credential.id)
    tell(works, round)

    switch (verdict.kind) {
      case 'ready':
      case 'aborted':
        return verdict
      case 'dead':
        return dead(verdict.failure)
      case 'delay':
        return delay(verdict.failure, 'all')
      case 'forbidden':
        // The path tries another credential first, where there is one by then.
        return delay(verdict.failure, 'all')
      case 'failed':
        if (typeof verdict.retryAfterMs === 'number')
          rate.hold(Math.min(verdict.retryAfterMs, limits.deadlineMs))
        return retry(verdict, round)
      case 'not-found':
        return retry(verdict, round)
    }
  }
}

/** An event that met, time and again, systemic trouble that no other event met. */
function blamed(reason: SystemicReason, { httpStatus, attestrCode }: Judgement<unknown>): Failure {
  return {
    code: 'request-rejected',
    detail: `refused time and again (${reason}) while others were answered`,
    ...(httpStatus === null ? {} : { httpStatus }),
    ...(attestrCode === null ? {} : { attestrCode }),
  }
}

interface Unfinished {
  readonly kind: 'not-found' | 'failed'
  readonly failure: Failure
}

/** Calls again in place, or says how the event ends when it may not. */
function createRetry<E>({ health, clock, random, limits, hasRetryTopics }: FetchDeps<E>) {
  function within(progress: Progress, delayMs: number): boolean {
    progress.spentMs += delayMs
    return progress.spentMs + leastCallMs(limits) <= limits.deadlineMs
  }

  return function retry({ kind, failure }: Unfinished, round: Round<E>): Ending | Again {
    const { progress, request, end } = round
    // Asked before anything is counted: a call that fails in a pause, or opens the breaker, uses no attempt.
    if (kind === 'failed' && health.paused()) return HELD
    progress.spentMs += end.tookMs
    if (kind === 'not-found') {
      // The event can outrun the API's own write: here the wait has a lower bound.
      const delayMs = BACKOFF_BASE_MS + backoffMs(progress.notFound, random)
      progress.notFound += 1
      const more = progress.notFound <= NOT_FOUND_RETRIES && within(progress, delayMs)
      return more ? { kind: 'again', delayMs } : delay(failure, 'one')
    }
    const again: Again = { kind: 'again', delayMs: backoffMs(progress.tries, random) }
    progress.tries += 1
    if (progress.tries < limits.attempts && within(progress, again.delayMs)) return again
    if (health.lastSuccessAt() >= progress.startedAt) return delay(failure, 'all')
    if (clock.now() - request.firstSeenAt >= limits.giveUpMs) return dead(failure)
    // No proof that the API works: without a retry topic the event is held, and asks again until there is one.
    return hasRetryTopics ? delay(failure, 'last') : again
  }
}
