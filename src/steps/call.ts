import type { Chosen } from '../core/credentials.js'
import type { ApiAnswer, Clock, Metrics, ResultApi } from '../core/ports.js'
import type { ApiHealth, CallSlot, Ticket, Turn } from '../core/work.js'

interface CallDeps {
  readonly api: ResultApi
  readonly health: ApiHealth
  readonly clock: Clock
  readonly metrics: Metrics
  readonly turn?: Turn
}

export interface CallEnd {
  /** With what the call was made. */
  readonly chosen: Chosen
  readonly answer: ApiAnswer
  /** Monotonic ms: when it went on the wire, else when it was begun. */
  readonly sentAt: number
  /** From the request to the end of the body; the waits before it do not count. */
  readonly tookMs: number
  /** The call had a permit of the system: its end must be told. */
  readonly permitted: boolean
}

export interface WantedCall {
  readonly handshakeId: string
  readonly choose: () => Chosen
  readonly ticket: Ticket
  readonly limitMs: number
}

interface Allowed {
  readonly slot: CallSlot
  readonly permitted: boolean
}

/**
 * Makes one call once it is allowed: the system running, a slot free, the rate not used up.
 *
 * In:     handshakeId
 *         choose   says which credential is in force; asked when the call goes out, for it may have waited long
 *         ticket   its `calls` is raised right before the request; its slot is given back at the end of the body
 *         limitMs  nobody waits longer for the answer; a call with a permit has the time of every call
 * Out:    the answer, when it was sent and how long it took; a permit that was not used is given back here
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

  return async function call({ handshakeId, choose, ticket, limitMs }: WantedCall): Promise<CallEnd> {
    const allowed = await allow(deps.health, ticket)
    const startedAt = clock.monotonic()
    let sentAt = startedAt
    const chosen = choose()
    if (allowed === null) return { chosen, answer: { kind: 'aborted' }, sentAt, tookMs: 0, permitted: false }
    const { slot, permitted } = allowed
    ticket.calls += 1
    const onSent = (): void => {
      sentAt = clock.monotonic()
      slot.sent()
    }
    const { credential } = chosen
    const { signal } = ticket
    const { budget } = slot
    // A probe that were cut short would tell nothing about the API; calls of the slow start after it are not told apart.
    const limit = permitted ? {} : { limitMs }
    const answer = await api.call({ handshakeId, credential, budget, signal, onSent, ...limit })
    slot.release(answer.kind === 'answer' ? answer.body.length : 0)
    const tookMs = clock.monotonic() - startedAt
    count(answer, tookMs)
    // Only a result is much work. Trouble is heard of at once, before more calls run into it.
    if (answer.kind === 'answer' && answer.status === 200) await deps.turn?.()
    return { chosen, answer, sentAt, tookMs, permitted }
  }
}

async function allow(health: ApiHealth, ticket: Ticket): Promise<Allowed | null> {
  let pending = health.waitUntilRunning(ticket.signal)
  for (;;) {
    if (pending !== null && !(await pending)) return null
    const permitted = pending !== null
    const slot = await ticket.callSlot()
    if (slot === null) {
      if (permitted) health.released()
      return null
    }
    // A permit that was waited for is used: it may be the only probe there is.
    if (permitted) return { slot, permitted }
    pending = health.waitUntilRunning(ticket.signal)
    if (pending === null) return { slot, permitted }
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
