import type { Dispatcher } from 'undici'
import { ERROR_BODY_MAX_BYTES } from '../../core/error-body.js'
import type { ApiAnswer, BodyBudget, Cancel, Clock, ResultCall } from '../../core/ports.js'
import type { Departures } from '../../core/work.js'
import { faultOf, type Phase } from './fault.js'
import { inflate } from './inflate.js'
import type { Tap, Taps } from './tap.js'

type Controller = Dispatcher.DispatchController
type Headers = Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseStart']>>[2]

export interface ExchangeLimits {
  readonly timeoutMs: number
  readonly maxResponseBytes: number
  readonly clock: Clock
  readonly taps: Taps
  readonly departures?: Departures
}

/** Stops an exchange on the wire; nobody reads its text. */
const STOPPED = new Error('exchange stopped')
const DIGITS = /^\d{1,15}$/

/**
 * One request and its answer: collects the body under its cap and its budget, keeps the time, and ends exactly once.
 *
 * A body of known length waits for its bytes to be granted before it is read; the time-out stands still meanwhile.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly #limits: ExchangeLimits
  readonly #budget: BodyBudget
  readonly #onSent: () => void
  readonly #end: (answer: ApiAnswer) => void
  readonly #departed: (() => void) | undefined
  #controller: Controller | null = null
  #cancelTimeout: Cancel | null
  #resumedAt: number
  #leftMs: number
  #phase: Phase = 'waiting'
  #done = false
  #status = 0
  #coding = ''
  #retryAfter: string | null = null
  #cap: number
  /** The whole body, when its length was announced. */
  #whole: Buffer | null = null
  #chunks: Buffer[] = []
  /** Set while, and after, the body waited for its bytes. */
  #tap: Tap | null = null
  #waiting = false
  #complete = false
  #length = 0

  constructor(
    limits: ExchangeLimits,
    { budget, onSent, limitMs = Number.POSITIVE_INFINITY }: Pick<ResultCall, 'budget' | 'onSent' | 'limitMs'>,
    end: (answer: ApiAnswer) => void,
  ) {
    this.#limits = limits
    this.#budget = budget
    this.#onSent = onSent
    this.#end = end
    this.#departed = limits.departures?.begin()
    this.#cap = limits.maxResponseBytes
    this.#leftMs = Math.min(limits.timeoutMs, limitMs)
    this.#resumedAt = limits.clock.monotonic()
    this.#cancelTimeout = limits.clock.after(this.#leftMs, this.#onTimeout)
  }

  readonly #onTimeout = (): void => {
    this.#stop({ kind: 'fault', detail: this.#phase === 'waiting' ? 'connect' : 'timeout' })
  }

  abort(): void {
    this.#stop({ kind: 'aborted' })
  }

  onRequestStart(controller: Controller): void {
    this.#controller = controller
    this.#phase = 'sent'
    this.#departed?.()
    // It ended while it waited for a connection: nothing is sent any more.
    if (this.#done) controller.abort(STOPPED)
    else this.#onSent()
  }

  onResponseStart(_controller: Controller, status: number, headers: Headers): void {
    // An interim answer: the real one follows.
    if (status < 200 || this.#done) return
    this.#phase = 'body'
    this.#status = status
    this.#coding = single(headers['content-encoding'])?.trim().toLowerCase() ?? ''
    this.#retryAfter = single(headers['retry-after'])
    if (status !== 200) {
      this.#cap = ERROR_BODY_MAX_BYTES
      return
    }
    const announced = single(headers['content-length'])
    if (announced === null || !DIGITS.test(announced)) return
    const length = Number(announced)
    if (length > this.#cap) {
      this.#stop({ kind: 'too-large', status })
      return
    }
    const granted = this.#budget.admit(length)
    if (granted === null) this.#whole = Buffer.allocUnsafe(length)
    else this.#waitForBytes(length, granted)
  }

  /** Until the bytes are granted nothing more is read; what came along with the head is kept aside. */
  #waitForBytes(length: number, granted: Promise<void>): void {
    this.#tap = this.#limits.taps.current()
    this.#tap?.shut()
    this.#stopTimeout()
    this.#waiting = true
    granted.then(
      () => {
        if (this.#done) return
        this.#waiting = false
        if (this.#complete) this.#conclude()
        else this.#goOn(length)
      },
      () => this.abort(),
    )
  }

  #goOn(length: number): void {
    const whole = Buffer.allocUnsafe(length)
    let at = 0
    for (const chunk of this.#chunks) at += chunk.copy(whole, at)
    this.#chunks = []
    this.#whole = whole
    this.#resumedAt = this.#limits.clock.monotonic()
    this.#cancelTimeout = this.#limits.clock.after(this.#leftMs, this.#onTimeout)
    this.#tap?.open()
  }

  onResponseData(_controller: Controller, chunk: Buffer): void {
    if (this.#done) return
    const before = this.#length
    this.#length += chunk.length
    if (this.#whole !== null) {
      chunk.copy(this.#whole, before)
      return
    }
    if (this.#length > this.#cap) {
      this.#overflow(chunk.subarray(0, this.#cap - before))
      return
    }
    if (!this.#waiting) this.#budget.grown(this.#length)
    this.#chunks.push(chunk)
  }

  /** Of an error body the beginning is enough: the status stands. */
  #overflow(rest: Buffer): void {
    if (this.#status === 200) {
      this.#stop({ kind: 'too-large', status: this.#status })
      return
    }
    this.#chunks.push(rest)
    this.#stop(this.#answer(Buffer.concat(this.#chunks)))
  }

  onResponseEnd(): void {
    if (this.#done) return
    this.#complete = true
    // The connection may serve the next request already.
    this.#tap?.unlock()
    if (!this.#waiting) this.#conclude()
  }

  #conclude(): void {
    const body = this.#whole ?? Buffer.concat(this.#chunks, this.#length)
    if (this.#coding === '' || this.#coding === 'identity') {
      this.#finish(this.#answer(body))
      return
    }
    this.#stopTimeout()
    void this.#decode(body).then((answer) => this.#finish(answer))
  }

  async #decode(body: Buffer): Promise<ApiAnswer> {
    if (this.#coding !== 'gzip' && this.#coding !== 'x-gzip') {
      return { kind: 'fault', detail: 'undecodable-encoding' }
    }
    const inflated = await inflate(body, this.#cap, (bytes) => this.#budget.grown(body.length + bytes))
    if (Buffer.isBuffer(inflated)) return this.#answer(inflated)
    if (inflated !== 'too-large') return { kind: 'fault', detail: inflated }
    return this.#status === 200 ? { kind: 'too-large', status: this.#status } : this.#answer(Buffer.alloc(0))
  }

  onResponseError(_controller: Controller, error: Error): void {
    this.#finish({ kind: 'fault', detail: faultOf(error, this.#phase) })
  }

  #answer(body: Buffer): ApiAnswer {
    return {
      kind: 'answer',
      status: this.#status,
      body,
      retryAfter: this.#retryAfter,
      finishedAt: this.#limits.clock.now(),
    }
  }

  #stopTimeout(): void {
    if (this.#cancelTimeout === null) return
    this.#cancelTimeout()
    this.#cancelTimeout = null
    this.#leftMs = Math.max(0, this.#leftMs - (this.#limits.clock.monotonic() - this.#resumedAt))
  }

  /** Ends before the answer is complete: the connection is given up. */
  #stop(answer: ApiAnswer): void {
    if (this.#done) return
    this.#finish(answer)
    this.#controller?.abort(STOPPED)
  }

  #finish(answer: ApiAnswer): void {
    if (this.#done) return
    this.#done = true
    this.#departed?.()
    this.#cancelTimeout?.()
    this.#cancelTimeout = null
    this.#end(answer)
  }
}

function single(value: string | string[] | undefined): string | null {
  return (Array.isArray(value) ? value[0] : value) ?? null
}
