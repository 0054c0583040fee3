import type { MemoryApiServer, ServedAnswer } from '../../src/io/memory/api-server.js'

export interface Outage {
  readonly kind: OutageKind
  /** Of the world's time. */
  readonly fromMs: number
  readonly toMs: number
}

const ANSWERS = {
  credentials: [401, 4016],
  service: [403, 4035],
  ip: [403, 4039],
  version: [400, 40051],
  credit: [400, 4005],
  'daily-quota': [429, 4293],
  redirect: [302, null],
  'api-down': [503, null],
} as const satisfies Readonly<Record<string, readonly [number, number | null]>>

/** Named after the reason it must be told by; `silence` never answers, which opens the breaker as well. */
export type OutageKind = keyof typeof ANSWERS | 'silence'
export const OUTAGE_KINDS: readonly OutageKind[] = [...(Object.keys(ANSWERS) as OutageKind[]), 'silence']

/** Those of which one answer is enough: no retries, no breaker. */
export const isPlain = (kind: OutageKind): boolean => kind !== 'api-down' && kind !== 'silence'

function answerOf(kind: OutageKind, delayMs: number): ServedAnswer {
  const [status, code] = kind === 'silence' ? [200, null] : ANSWERS[kind]
  return {
    ...{ status, delayMs, headers: [], framing: 'length', drip: null },
    transport: kind === 'silence' ? 'hang' : 'ok',
    body: Buffer.from(code === null ? '<html></html>' : JSON.stringify({ httpStatusCode: status, code })),
  }
}

/**
 * An API that answers nothing else for a while, whoever asks.
 *
 * Out:    the server, and when it was asked meanwhile, in ms of the world
 */
export function withOutage(right: MemoryApiServer, { kind, fromMs, toMs }: Outage) {
  const askedAt: number[] = []
  const server: MemoryApiServer = {
    ...{ clock: right.clock, calls: right.calls },
    answer(handshakeId, authorization) {
      // The right answer is made all the same: it counts the call.
      const served = right.answer(handshakeId, authorization)
      const now = right.clock.monotonic()
      if (now < fromMs || now >= toMs) return served
      askedAt.push(now)
      return answerOf(kind, served.delayMs)
    },
  }
  return { server, askedAt }
}
