import { backoffMs, pauseFor } from '../core/backoff.js'
import type { Credential } from '../core/model.js'
import type { ApiAnswer, Clock, Metrics, Random, ResultApi } from '../core/ports.js'
import type { Throttle } from '../core/throttle.js'
import type { ApiHealth, CallSlot, Ticket, Turn } from '../core/work.js'

interface CallDeps {
  readonly api: ResultApi
  readonly health: ApiHealth
  readonly clock: Clock
  readonly random: Random
  readonly metrics: Metrics
  readonly throttle: Throttle
  readonly turn?: Turn
}

export interface Wanted {
  readonly handshakeId: string
  readonly credential: Credential
  /** What the system answered when it was asked already, else null. */
  readonly permit: Promise<boolean> | null
}

export interface CallEnd {
  readonly answer: ApiAnswer
  /** From the request to the end of the body; the waits before it do not count. */
  readonly tookMs: number
}

const ABORTED: CallEnd = { answer: { kind: 'aborted' }, tookMs: 0 }

/**
 * Makes one call once it is allowed: not throttled, the system running, a slot free.
 *
 * In:     wanted   the handshake, and the permit if there is one
 *         ticket   its `calls` is raised right before the request; its slot is given back at the end of the body
 * Out:    the answer, and the time the call took
 * Source: product.md P6; house.md section 1, gate
 */
export function createCall(deps: CallDeps) {
  const { api, clock, metrics } = deps
  const labels = new Map<string, Readonly<Record<string, string>>>()

  function count(answer: ApiAnswer, tookMs: number): void {
    const status = statusOf(answer)
    const known = labels.get(status) ?? { status }
    labels.set(status, known)
    metrics.add('attestr_api_calls_total', 1, known)
    metrics.observe('attestr_api_call_seconds', tookMs / 1000)
  }

  return async function call(wanted: Wanted, ticket: Ticket): Promise<CallEnd> {
    const slot = await permittedSlot(deps, ticket, wanted.permit)
    if (slot === null) return ABORTED
    const { handshakeId, credential } = wanted
    const { signal } = ticket
    ticket.calls += 1
    const sentAt = clock.monotonic()
    const answer = await api.call({ handshakeId, credential, budget: slot.budget, signal })
    slot.release(answer.kind === 'answer' ? answer.body.length : 0)
    const tookMs = clock.monotonic() - sentAt
    count(answer, tookMs)
    await deps.turn?.()
    return { answer, tookMs }
  }
}

async function permittedSlot(
  deps: CallDeps,
  ticket: Ticket,
  permit: Promise<boolean> | null,
): Promise<CallSlot | null> {
  const { health, throttle, clock, random } = deps
  const { signal } = ticket
  let pending = permit
  for (;;) {
    for (let waitMs = throttle.remainingMs(); waitMs > 0; waitMs = throttle.remainingMs()) {
      // The jitter keeps those who waited together from calling together.
      if (!(await pauseFor(clock, waitMs + backoffMs(0, random), signal))) return null
    }
    pending ??= health.waitUntilRunning(signal)
    if (pending !== null && !(await pending)) return null
    const slot = await ticket.callSlot()
    // A permit that was waited for is used: it may be the only probe there is.
    if (slot === null || pending !== null) return slot
    pending = health.waitUntilRunning(signal)
    if (pending === null && throttle.remainingMs() === 0) return slot
    // Trouble came up while this event waited for its slot.
    slot.release(0)
  }
}

function statusOf(answer: ApiAnswer): string {
  return answer.kind === 'answer'
    ? String(answer.status)
    : answer.kind === 'fault'
      ? answer.detail
      : answer.kind
}
