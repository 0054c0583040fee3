import { createSecretKey, type KeyObject } from 'node:crypto'
import pLimit from 'p-limit'
import { isLoopback } from '../config/contradictions.js'
import { onAbort } from '../core/abort.js'
import { pauseFor } from '../core/backoff.js'
import { type Credential, type HandshakeEvent, SecretText } from '../core/model.js'
import { dead, type Ending } from '../core/outcome.js'
import type { Pace } from '../core/pace.js'
import type { BodyBudget, Clock, Metrics, ResultApi } from '../core/ports.js'
import { createRate } from '../core/rate.js'
import type { ApiHealth, CallSlot, SystemicReason, Ticket } from '../core/work.js'
import { createResultApi } from '../io/attestr/http.js'
import { createSystemClock } from '../io/system/clock.js'
import { readEnvelope } from '../steps/envelope.js'
import { createFetch } from '../steps/fetch.js'
import { createVerify, type Method, type TrustedResult } from '../steps/verify.js'

export interface ResultClientOptions {
  /** What stands behind `Basic` in the Authorization header. */
  readonly authToken: string
  /** UTF-8 text, or a key object. */
  readonly clientSecret: string | KeyObject
  /** Recorded as evidence; `main` when left out. */
  readonly credentialId?: string
  /** https://api.attestr.com/api when left out. */
  readonly baseUrl?: string
  /** v1 when left out. */
  readonly version?: string
  /** For test networks only: the token and results travel readable. */
  readonly allowHttp?: boolean
  readonly proxyUrl?: string | null
  /** Certificates in PEM to trust instead of the usual ones. */
  readonly ca?: Buffer
  /** Results fetched at once; 8 when left out. */
  readonly concurrency?: number
  /** Of one call; 5000 when left out. */
  readonly timeoutMs?: number
  /** For all calls and back-off of one result; 15000 when left out. */
  readonly deadlineMs?: number
  /** Calls for one result while the API answers with faults or is not ready; 4 when left out. */
  readonly attempts?: number
  /** How long a 429 is waited out; 60000 when left out. */
  readonly rateLimitMs?: number
  /** 8 MiB when left out. */
  readonly maxResponseBytes?: number
  /** `auto` when left out. */
  readonly method?: 'auto' | Method
}

/**
 * `delay`: asking again later may help; a client has no retry topics of its own.
 * `systemic`: no handshake is to blame, and the next one would end in the same way.
 */
export type FetchedResult =
  | {
      readonly kind: 'verified'
      readonly trusted: TrustedResult
      /** Epoch ms, end of the call. */
      readonly fetchedAt: number
      readonly calls: number
    }
  | (Ending & { readonly calls: number })
  | { readonly kind: 'systemic'; readonly reason: SystemicReason; readonly calls: number }
  | { readonly kind: 'aborted'; readonly calls: number }

export interface ResultClient {
  fetchResult(handshakeId: string, options?: { readonly signal?: AbortSignal }): Promise<FetchedResult>
  /** Ends its connections; calls in flight end as `aborted`. */
  close(): Promise<void>
}

/** What else a client stands on; a test gives twins. */
export interface ResultClientEdges {
  readonly api: ResultApi
  readonly clock: Clock
  readonly random: () => number
}

const HANDSHAKE_ID = /^DS0[0-9a-zA-Z_-]{6,30}$/
const UNMEASURED: Metrics = { add: () => undefined, set: () => undefined, observe: () => undefined }

/**
 * Builds a client that fetches single results and checks their signatures, by the same rules as the connector.
 *
 * In:     options   one credential; the rest has the defaults of the configuration
 * Out:    `fetchResult` retries in place and waits out a 429; it never throws for what the API does
 * Fails:  event-bad-id, and every code of the failure codes that begins with response, result, signature or comes of the API
 * Throws: TypeError for a base URL that is none, or http beyond loopback
 * Source: product.md sections 4, 5 and 12
 */
export function createResultClient(
  options: ResultClientOptions,
  edges: ResultClientEdges = realEdges(options),
): ResultClient {
  const {
    deadlineMs = 15_000,
    attempts = 4,
    rateLimitMs = 60_000,
    method = 'auto',
    concurrency = 8,
  } = options
  const { api, clock, random } = edges
  const credential = credentialOf(options)
  const verify = createVerify({ algorithm: 'sha256', method, now: () => clock.now() })
  const limits = { attempts, deadlineMs, giveUpMs: deadlineMs }
  const turn = pLimit(concurrency)
  const rate = createRate({ clock, random, perSecond: null, perDay: null })
  const ending = new AbortController()

  /** One signal for all that ends a fetch. The caller's may live long: nothing is left hanging on them. */
  function giveUpOn(signals: readonly AbortSignal[]) {
    const controller = new AbortController()
    let tooLong = false
    const cancels = signals.map((one) => onAbort(one, () => controller.abort()))
    cancels.push(
      clock.after(deadlineMs + rateLimitMs, () => {
        tooLong = true
        controller.abort()
      }),
    )
    const cancel = (): void => {
      for (const one of cancels) one()
    }
    return { signal: controller.signal, cancel, isTooLong: () => tooLong }
  }

  async function fetchNow(handshakeId: string, given: AbortSignal | undefined): Promise<FetchedResult> {
    if (ending.signal.aborted || given?.aborted === true) return { kind: 'aborted', calls: 0 }
    const { signal, cancel, isTooLong } = giveUpOn([ending.signal, ...(given === undefined ? [] : [given])])
    const health = new OneFetchHealth()
    const ticket: Ticket = { signal, calls: 0, callSlot: () => pacedSlot(rate, clock, signal) }
    const fetch = createFetch({
      ...{ api, health, rate, clock, random, limits, metrics: UNMEASURED, readEnvelope },
      hasRetryTopics: false,
    })
    const request = {
      ...{ event: eventOf(handshakeId), choose: () => ({ credential, hasNext: false }) },
      firstSeenAt: clock.now(),
    }
    const end = await fetch(request, ticket).finally(cancel)
    const { calls } = ticket
    if (end.kind === 'aborted') {
      const reason = health.reason ?? (isTooLong() ? 'rate-limited' : null)
      return reason === null ? { ...end, calls } : { kind: 'systemic', reason, calls }
    }
    if (end.kind !== 'ready') return { ...end, calls }
    const verified = verify(end.envelope, credential)
    if (verified.kind !== 'ok') return { ...verified, calls }
    return { kind: 'verified', trusted: verified.value, fetchedAt: end.finishedAt, calls }
  }

  return {
    async fetchResult(handshakeId, { signal } = {}) {
      if (!HANDSHAKE_ID.test(handshakeId)) {
        return { ...dead({ code: 'event-bad-id', detail: 'not a handshake id' }), calls: 0 }
      }
      return turn(() => fetchNow(handshakeId, signal))
    },
    async close() {
      ending.abort()
      await api.close()
    },
  }
}

/** The state of the API as one fetch sees it: trouble ends it, and a fault that retries did not mend is proof enough. */
class OneFetchHealth implements ApiHealth {
  reason: SystemicReason | null = null
  success(): void {}
  failure(): void {}
  released(): void {}
  systemic(reason: SystemicReason): 'hold' {
    this.reason = reason
    return 'hold'
  }
  lastSuccessAt(): number {
    return Number.POSITIVE_INFINITY
  }
  paused(): boolean {
    return this.reason !== null
  }
  waitUntilRunning(): Promise<boolean> | null {
    return this.reason === null ? null : Promise.resolve(false)
  }
}

/** The rate may open sooner than it says: others give rights back. */
const MAX_WAIT_MS = 1000
const NO_BUDGET: BodyBudget = { admit: () => null, grown: () => undefined }

/** The client bounds its fetches, so that only what the API asked for is waited for. */
async function pacedSlot(pace: Pace, clock: Clock, signal: AbortSignal): Promise<CallSlot | null> {
  while (!signal.aborted && !pace.reserve()) {
    await pauseFor(clock, Math.min(Math.max(1, pace.waitMs()), MAX_WAIT_MS), signal)
  }
  if (signal.aborted) return null
  let isSent = false
  return {
    budget: NO_BUDGET,
    sent() {
      isSent = true
      pace.sent()
    },
    release: () => (isSent ? undefined : pace.unused()),
  }
}

function realEdges(options: ResultClientOptions): ResultClientEdges {
  const {
    baseUrl = 'https://api.attestr.com/api',
    version = 'v1',
    timeoutMs = 5000,
    concurrency = 8,
  } = options
  const { allowHttp = false, proxyUrl = null, ca, maxResponseBytes = 8_388_608 } = options
  const { protocol, hostname, username, password } = new URL(baseUrl)
  const mayReadAlong = protocol === 'http:' && !isLoopback(hostname) && !allowHttp
  if (mayReadAlong || (protocol !== 'http:' && protocol !== 'https:') || username !== '' || password !== '') {
    throw new TypeError('the base URL must be https, or http on loopback, without user info')
  }
  const clock = createSystemClock()
  const api = createResultApi({
    ...{ baseUrl, version, connections: concurrency, timeoutMs, maxResponseBytes, proxyUrl, clock },
    ...(ca === undefined ? {} : { ca }),
  })
  return { api, clock, random: Math.random }
}

function credentialOf({ credentialId = 'main', authToken, clientSecret }: ResultClientOptions): Credential {
  return {
    id: credentialId,
    authorization: new SecretText(`Basic ${authToken}`),
    clientSecret:
      typeof clientSecret === 'string' ? createSecretKey(Buffer.from(clientSecret, 'utf8')) : clientSecret,
    match: { topics: [], flowIds: [] },
  }
}

const eventOf = (handshakeId: string): HandshakeEvent => ({
  ...{ handshakeId, eventType: null, tag: null, flowId: null, snapshot: null, updated: null },
  reduced: '',
  traceparent: null,
})
