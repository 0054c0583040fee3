import { gunzipSync } from 'node:zlib'
import { onAbort } from '../../core/abort.js'
import { ERROR_BODY_MAX_BYTES } from '../../core/error-body.js'
import type { ApiAnswer, BodyBudget, Cancel, Clock, ResultApi, ResultCall } from '../../core/ports.js'
import type { MemoryApiServer, ServedAnswer } from './api-server.js'

export interface MemoryResultApiOptions {
  readonly server: MemoryApiServer
  /** The caller's time: stands still with the caller. */
  readonly clock: Clock
  /** One way. */
  readonly latencyMs: () => number
  readonly timeoutMs: number
  readonly maxResponseBytes: number
}

const HANDSHAKE_ID = /^DS0[0-9a-zA-Z_-]{6,30}$/
const CHUNK_BYTES = 65_536
const ABORTED: ApiAnswer = { kind: 'aborted' }

/**
 * The result API without a network: the same ends as the HTTP edge gives for the same answers, on a virtual clock.
 *
 * Throws: TypeError for an id that is none
 * Source: io/attestr, whose twin it is
 */
export function createMemoryResultApi(options: MemoryResultApiOptions): ResultApi {
  const { server, clock, latencyMs } = options
  let closed = false
  return {
    call({ handshakeId, credential, signal, onSent, ...request }) {
      if (!HANDSHAKE_ID.test(handshakeId)) throw new TypeError('not a handshake id')
      if (closed || signal.aborted) return Promise.resolve(ABORTED)
      return new Promise((resolve) => {
        const exchange = new MemoryExchange(options, request, (answer) => {
          deaf()
          resolve(closed && answer.kind === 'fault' ? ABORTED : answer)
        })
        const deaf = onAbort(signal, () => exchange.finish(ABORTED))
        onSent()
        server.clock.after(latencyMs(), () => {
          const answer = server.answer(handshakeId, credential.authorization.reveal())
          server.clock.after(answer.delayMs + latencyMs(), () => {
            clock.after(0, () => exchange.receive(answer))
          })
        })
      })
    },
    async close() {
      closed = true
    },
  }
}

/** One call: its time-out, which stands still while bytes are waited for, and its only end. */
class MemoryExchange {
  private readonly options: MemoryResultApiOptions
  private readonly budget: BodyBudget
  private readonly end: (answer: ApiAnswer) => void
  private leftMs: number
  private resumedAt = 0
  private cancelTimeout: Cancel = () => undefined
  private done = false

  constructor(
    options: MemoryResultApiOptions,
    { budget, limitMs = Number.POSITIVE_INFINITY }: Pick<ResultCall, 'budget' | 'limitMs'>,
    end: (answer: ApiAnswer) => void,
  ) {
    this.options = options
    this.budget = budget
    this.end = end
    this.leftMs = Math.min(options.timeoutMs, limitMs)
    this.startTimeout()
  }

  private startTimeout(): void {
    this.resumedAt = this.options.clock.monotonic()
    this.cancelTimeout = this.options.clock.after(this.leftMs, () => this.fault('timeout'))
  }

  private stopTimeout(): void {
    this.cancelTimeout()
    this.leftMs = Math.max(0, this.leftMs - (this.options.clock.monotonic() - this.resumedAt))
  }

  finish(answer: ApiAnswer): void {
    if (this.done) return
    this.done = true
    this.cancelTimeout()
    this.end(answer)
  }

  private fault(detail: Extract<ApiAnswer, { kind: 'fault' }>['detail']): void {
    this.finish({ kind: 'fault', detail })
  }

  receive(served: ServedAnswer): void {
    if (this.done || served.transport === 'hang') return
    if (served.transport === 'reset-before') {
      this.fault('reset')
      return
    }
    if (served.status !== 200 || served.framing !== 'length') {
      this.body(served, false)
      return
    }
    if (served.body.length > this.options.maxResponseBytes) {
      this.finish({ kind: 'too-large', status: served.status })
      return
    }
    const granted = this.budget.admit(served.body.length)
    if (granted === null) this.body(served, true)
    else this.bodyAfter(granted, served)
  }

  private bodyAfter(granted: Promise<void>, served: ServedAnswer): void {
    this.stopTimeout()
    granted.then(
      () => {
        if (this.done) return
        this.startTimeout()
        this.body(served, true)
      },
      () => this.finish(ABORTED),
    )
  }

  private body(served: ServedAnswer, admitted: boolean): void {
    if (served.transport === 'drip' && served.drip !== null) {
      const { bytes, everyMs } = served.drip
      const pieces = Math.ceil(served.body.length / bytes)
      this.options.clock.after(pieces * everyMs, () => this.whole(served, admitted))
    } else if (served.transport === 'reset-mid') this.fault('reset')
    else if (served.transport === 'truncate') this.fault('truncated')
    else this.whole(served, admitted)
  }

  private whole(served: ServedAnswer, admitted: boolean): void {
    if (this.done) return
    const cap = served.status === 200 ? this.options.maxResponseBytes : ERROR_BODY_MAX_BYTES
    const received = Math.min(served.body.length, cap)
    if (!admitted) {
      for (let at = CHUNK_BYTES; at < received; at += CHUNK_BYTES) this.budget.grown(at)
      this.budget.grown(received)
    }
    if (served.body.length > cap && served.status === 200) {
      this.finish({ kind: 'too-large', status: 200 })
      return
    }
    this.finish(this.decoded(served, served.body.subarray(0, received), cap))
  }

  private decoded(served: ServedAnswer, received: Buffer, cap: number): ApiAnswer {
    const { status, headers } = served
    const coding = headerOf(headers, 'content-encoding') ?? 'identity'
    const answer = (body: Buffer): ApiAnswer => ({
      kind: 'answer',
      status,
      body,
      retryAfter: headerOf(headers, 'retry-after'),
      finishedAt: this.options.clock.now(),
    })
    if (coding === 'identity') return answer(received)
    if (coding !== 'gzip') return { kind: 'fault', detail: 'undecodable-encoding' }
    try {
      const body = gunzipSync(received, { maxOutputLength: cap })
      this.budget.grown(received.length + body.length)
      return answer(body)
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code
      if (code === 'Z_BUF_ERROR') return { kind: 'fault', detail: 'truncated' }
      if (code !== 'ERR_BUFFER_TOO_LARGE') return { kind: 'fault', detail: 'undecodable-encoding' }
      return status === 200 ? { kind: 'too-large', status } : answer(Buffer.alloc(0))
    }
  }
}

function headerOf(headers: readonly string[], name: string): string | null {
  for (let at = 0; at + 1 < headers.length; at += 2) {
    if (headers[at]?.toLowerCase() === name) return headers[at + 1] ?? null
  }
  return null
}
