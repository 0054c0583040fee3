import { onAbort } from '../../src/core/abort.js'
import { type Credential, type HandshakeEvent, SecretText } from '../../src/core/model.js'
import type { Classify } from '../../src/core/policy.js'
import type { ApiAnswer, ResultCall } from '../../src/core/ports.js'
import type { ApiHealth, SystemicReason, Ticket } from '../../src/core/work.js'
import { createVirtualClock } from '../../src/io/memory/clock.js'
import { createMemoryMetrics } from '../../src/io/memory/metrics.js'
import type { EnvelopeReading } from '../../src/steps/answer.js'
import { createFetch, type FetchLimits } from '../../src/steps/fetch.js'

export const START = Date.UTC(2025, 0, 1)
export const LIMITS: FetchLimits = { attempts: 4, deadlineMs: 15_000, giveUpMs: 86_400_000 }

export type Served = ApiAnswer | Promise<ApiAnswer>
/** What the API says to the nth call, from 0. */
export type Script = (n: number, call: ResultCall) => Served

export function answer(status: number, body: unknown = '', retryAfter: string | null = null): ApiAnswer {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return { kind: 'answer', status, body: Buffer.from(text), retryAfter, finishedAt: START + 7 }
}

export const code = (status: number, attestrCode: number, retryAfter: string | null = null): ApiAnswer =>
  answer(status, { httpStatusCode: status, code: attestrCode, message: 'no' }, retryAfter)

export const READY = answer(200, 'ready')
export const FAULT: ApiAnswer = { kind: 'fault', detail: 'timeout' }

export const credential = (id: string): Credential => ({
  id,
  authorization: new SecretText(`Basic ${id}`),
  clientSecret: {},
  match: { topics: [], flowIds: [] },
})

export const event = (handshakeId: string): HandshakeEvent => ({
  handshakeId,
  eventType: null,
  tag: null,
  flowId: null,
  snapshot: null,
  updated: null,
  reduced: '{}',
  traceparent: null,
})

/** Health as a supervisor keeps it, under the control of the test. */
export function createHealth(now: () => number) {
  const seen: string[] = []
  let last = Number.NEGATIVE_INFINITY
  let paused = false
  let pauseAfterFailures = Number.POSITIVE_INFINITY
  const waiting = new Set<(permit: boolean) => void>()
  const health: ApiHealth = {
    success() {
      last = now()
      seen.push('success')
    },
    failure(handshakeId) {
      seen.push(`failure ${handshakeId}`)
      pauseAfterFailures -= 1
      if (pauseAfterFailures <= 0) paused = true
    },
    systemic(reason: SystemicReason, detail) {
      seen.push(`${reason} ${detail.credentialId} ${detail.httpStatus}/${detail.attestrCode}`)
      paused = true
      return 'hold'
    },
    released() {},
    lastSuccessAt: () => last,
    paused: () => paused,
    waitUntilRunning(signal) {
      if (!paused) return null
      return new Promise((resolve) => {
        waiting.add(resolve)
        onAbort(signal, () => {
          waiting.delete(resolve)
          resolve(false)
        })
      })
    },
  }
  return {
    ...health,
    seen,
    waiters: () => waiting.size,
    pause: () => {
      paused = true
    },
    openAfter: (failures: number) => {
      pauseAfterFailures = failures
    },
    /** Lets one waiter call although the state stays paused. */
    probe() {
      const [first] = waiting
      if (first !== undefined) {
        waiting.delete(first)
        first(true)
      }
    },
    resume() {
      paused = false
      pauseAfterFailures = Number.POSITIVE_INFINITY
      for (const resolve of waiting) resolve(true)
      waiting.clear()
    },
  }
}

export interface WorldOptions {
  readonly script: Script
  readonly limits?: Partial<FetchLimits>
  /** Ms that each call takes. */
  readonly callMs?: number
  readonly random?: () => number
  readonly reading?: (body: string) => EnvelopeReading<string>
  readonly classify?: Classify
}

const READING = (body: string): EnvelopeReading<string> => {
  if (body === 'ready') return { kind: 'ready', envelope: body }
  if (body === 'not-ready')
    return { kind: 'delay', failure: { code: 'result-not-ready', detail: 'not consumed' } }
  if (body === 'archived') return { kind: 'dead', failure: { code: 'result-archived', detail: 'archived' } }
  return { kind: 'fault', detail: 'empty' }
}

/** A fetch step on a virtual clock and a scripted API. */
export function createWorld(options: WorldOptions) {
  const clock = createVirtualClock({ start: START })
  const health = createHealth(() => clock.monotonic())
  const metrics = createMemoryMetrics()
  const sentAt: number[] = []
  const controller = new AbortController()
  let slotsHeld = 0
  let maxSlotsHeld = 0
  let slotGate: Promise<void> | null = null

  const api = {
    async call(call: ResultCall): Promise<ApiAnswer> {
      const n = sentAt.length
      sentAt.push(clock.monotonic())
      await new Promise<void>((resolve) => {
        clock.after(options.callMs ?? 10, resolve)
      })
      return call.signal.aborted ? { kind: 'aborted' } : options.script(n, call)
    },
    async close() {},
  }
  const fetch = createFetch<string>({
    api,
    health,
    clock,
    metrics,
    random: options.random ?? (() => 0.5),
    limits: { ...LIMITS, ...options.limits },
    readEnvelope: (body) => (options.reading ?? READING)(body.toString()),
    ...(options.classify === undefined ? {} : { classify: options.classify }),
  })
  const createTicket = (): Ticket => ({
    signal: controller.signal,
    calls: 0,
    async callSlot() {
      await slotGate
      if (controller.signal.aborted) return null
      slotsHeld += 1
      maxSlotsHeld = Math.max(maxSlotsHeld, slotsHeld)
      let held = true
      return {
        budget: { admit: () => null, grown: () => {} },
        release() {
          if (held) slotsHeld -= 1
          held = false
        },
      }
    },
  })
  const ticket = createTicket()

  return {
    clock,
    health,
    metrics,
    controller,
    ticket,
    sentAt,
    slotsHeld: () => slotsHeld,
    maxSlotsHeld: () => maxSlotsHeld,
    gateSlots(gate: Promise<void> | null) {
      slotGate = gate
    },
    createTicket,
    start(
      id = 'DS0abcdef',
      more: { next?: boolean; by?: string; firstSeenAt?: number; ticket?: Ticket } = {},
    ) {
      const request = {
        event: event(id),
        credential: credential(more.by ?? 'main'),
        hasNextCredential: more.next ?? false,
        firstSeenAt: more.firstSeenAt ?? START,
      }
      return fetch(request, more.ticket ?? ticket)
    },
  }
}
