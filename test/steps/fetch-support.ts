import { onAbort } from '../../src/core/abort.js'
import { pauseFor } from '../../src/core/backoff.js'
import { type Credential, type HandshakeEvent, SecretText } from '../../src/core/model.js'
import type { Classify } from '../../src/core/policy.js'
import type { ApiAnswer, ResultCall } from '../../src/core/ports.js'
import { createRate } from '../../src/core/rate.js'
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
  let fate: 'hold' | 'let-go' = 'hold'
  /** Permits given less permits answered. */
  let permits = 0
  let paused = false
  let pauseAfterFailures = Number.POSITIVE_INFINITY
  const waiting = new Set<(permit: boolean) => void>()
  const tell = (word: string): void => {
    seen.push(word)
    if (permits > 0) permits -= 1
  }
  const health: ApiHealth = {
    success() {
      last = now()
      tell('success')
    },
    failure(handshakeId) {
      tell(`failure ${handshakeId}`)
      pauseAfterFailures -= 1
      if (pauseAfterFailures <= 0) paused = true
    },
    systemic(reason: SystemicReason, detail) {
      tell(`${reason} ${detail.credentialId} ${detail.httpStatus}/${detail.attestrCode}`)
      paused = true
      return fate
    },
    released() {
      if (permits === 0) throw new Error('nobody has a permit to give back')
      tell('released')
    },
    paused: () => paused,
    lastSuccessAt: () => last,
    waitUntilRunning(signal) {
      if (!paused) return null
      return new Promise((resolve) => {
        waiting.add(resolve)
        onAbort(signal, () => {
          if (waiting.delete(resolve)) resolve(false)
        })
      })
    },
  }
  const permit = (resolve: (permit: boolean) => void): void => {
    waiting.delete(resolve)
    permits += 1
    resolve(true)
  }
  return {
    ...health,
    seen,
    waiters: () => waiting.size,
    permits: () => permits,
    letGo: () => {
      fate = 'let-go'
    },
    pause: () => {
      paused = true
    },
    openAfter: (failures: number) => {
      pauseAfterFailures = failures
    },
    /** Lets one waiter call although the state stays paused. */
    probe() {
      const [first] = waiting
      if (first !== undefined) permit(first)
    },
    resume() {
      paused = false
      pauseAfterFailures = Number.POSITIVE_INFINITY
      for (const resolve of waiting) permit(resolve)
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
  /** True when left out. */
  readonly hasRetryTopics?: boolean
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
  /** How long each call may take. */
  const limits: number[] = []
  const controller = new AbortController()
  let slotsHeld = 0
  let maxSlotsHeld = 0
  let slotGate: Promise<void> | null = null

  const api = {
    async call(call: ResultCall): Promise<ApiAnswer> {
      call.onSent()
      const n = sentAt.length
      sentAt.push(clock.monotonic())
      limits.push(call.limitMs ?? Number.POSITIVE_INFINITY)
      await new Promise<void>((resolve) => {
        clock.after(options.callMs ?? 10, resolve)
      })
      return call.signal.aborted ? { kind: 'aborted' } : options.script(n, call)
    },
    async close() {},
  }
  const random = options.random ?? (() => 0.5)
  const rate = createRate({ clock, random, perSecond: null, perDay: null })
  const fetch = createFetch<string>({
    ...{ api, health, rate, clock, metrics, random },
    hasRetryTopics: options.hasRetryTopics ?? true,
    limits: { ...LIMITS, ...options.limits },
    readEnvelope: (body) => (options.reading ?? READING)(body.toString()),
    ...(options.classify === undefined ? {} : { classify: options.classify }),
  })
  const createTicket = (): Ticket => ({
    signal: controller.signal,
    calls: 0,
    async callSlot() {
      await slotGate
      while (!controller.signal.aborted && !rate.reserve()) {
        await pauseFor(clock, rate.waitMs(), controller.signal)
      }
      if (controller.signal.aborted) return null
      slotsHeld += 1
      maxSlotsHeld = Math.max(maxSlotsHeld, slotsHeld)
      let held = true
      let isSent = false
      return {
        budget: { admit: () => null, grown: () => {} },
        sent() {
          isSent = true
          rate.sent()
        },
        release() {
          if (held) slotsHeld -= 1
          if (held && !isSent) rate.unused()
          held = false
        },
      }
    },
  })
  const ticket = createTicket()

  return {
    clock,
    health,
    rate,
    metrics,
    controller,
    ticket,
    sentAt,
    limits,
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
        choose: () => ({ credential: credential(more.by ?? 'main'), hasNext: more.next ?? false }),
        firstSeenAt: more.firstSeenAt ?? START,
      }
      return fetch(request, more.ticket ?? ticket)
    },
  }
}
