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
}

export interface CallEnd {
  readonly answer: ApiAnswer
  /** From the request to the end of the body; the waits before it do not count. */
  readonly tookMs: number
  /** The system gave a permit for it, and waits to hear how it ended. */
  readonly permitted: boolean
}

const ABORTED: CallEnd = { answer: { kind: 'aborted' }, tookMs: 0, permitted: false }

/**
 * Makes one call once it is allowed: not throttled, the system running, a slot free.
 *
 * In:     wanted   the handshake and its credential
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
    const allowed = await permittedSlot(deps, ticket)
    if (allowed === null) return ABORTED
    const { slot, permitted } = allowed
    const { handshakeId, credential } = wanted
    const { signal } = ticket
    ticket.calls += 1
    const sentAt = clock.monotonic()
    const answer = await api.call({ handshakeId, credential, budget: slot.budget, signal })
    slot.release(answer.kind === 'answer' ? answer.body.length : 0)
    const tookMs = clock.monotonic() - sentAt
    count(answer, tookMs)
    await deps.turn?.()
    return { answer, tookMs, permitted }
  }
}

interface Allowed {
  readonly slot: CallSlot
  readonly permitted: boolean
}

/** Null when aborted: then no permit is kept. */
async function permittedSlot(deps: CallDeps, ticket: Ticket): Promise<Allowed | null> {
  const { health, throttle } = deps
  let pending: Promise<boolean> | null = null
  for (;;) {
    if (pending === null && !(await unthrottled(deps, ticket.signal))) return null
    pending ??= health.waitUntilRunning(ticket.signal)
    const permitted: boolean = pending !== null
    if (pending !== null && !(await pending)) return null
    const slot = await ticket.callSlot()
    if (slot === null) {
      if (permitted) health.released()
      return null
    }
    // A permit is for a call now: whoever has to wait first gives it back.
    pending = permitted ? null : health.waitUntilRunning(ticket.signal)
    if (pending === null && throttle.remainingMs() === 0) return { slot, permitted }
    if (permitted) health.released()
    slot.release(0)
  }
}

/** Out: false when aborted. */
async function unthrottled({ throttle, clock, random }: CallDeps, signal: AbortSignal): Promise<boolean> {
  for (let waitMs = throttle.remainingMs(); waitMs > 0; waitMs = throttle.remainingMs()) {
    // The jitter keeps those who waited together from calling together.
    if (!(await pauseFor(clock, waitMs + backoffMs(0, random), signal))) return false
  }
  return true
}

function statusOf(answer: ApiAnswer): string {
  return answer.kind === 'answer'
    ? String(answer.status)
    : answer.kind === 'fault'
      ? answer.detail
      : answer.kind
}
