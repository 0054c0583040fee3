import { onAbort } from '../core/abort.js'
import { createBreaker } from '../core/breaker.js'
import type { Clock, Log, LogFields, Metrics } from '../core/ports.js'
import type { ApiHealth, SystemicDetail, SystemicReason } from '../core/work.js'

export type SystemState = 'starting' | 'running' | 'paused' | 'draining' | 'stopped'

export interface SystemStatus {
  readonly state: SystemState
  readonly reason: SystemicReason | null
  /** Epoch ms of the last change of state. */
  readonly since: number
}

export interface SupervisorDeps {
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  /** Failed calls in a row that open the breaker. */
  readonly breakerFailures: number
  /** Called once: nothing can go on. The system holds every event until it is aborted. */
  readonly onSystemic: (reason: SystemicReason) => void
}

/**
 * Holds the state of the system. Systemic trouble is reported here; nobody else decides what follows from it.
 * Source: house.md section 1; product.md P5 and section 8
 */
export interface Supervisor extends ApiHealth {
  status(): SystemStatus
  enter(state: Exclude<SystemState, 'paused'>): void
  /** Trouble that is no answer of the API: the registry is down or refuses. */
  trouble(reason: SystemicReason): void
}

export function createSupervisor(deps: SupervisorDeps): Supervisor {
  return new OneSupervisor(deps)
}

class OneSupervisor implements Supervisor {
  private readonly deps: SupervisorDeps
  private readonly breaker
  private current: SystemStatus
  private succeededAt = Number.NEGATIVE_INFINITY

  constructor(deps: SupervisorDeps) {
    this.deps = deps
    this.breaker = createBreaker(deps.breakerFailures)
    this.current = { state: 'starting', reason: null, since: deps.clock.now() }
  }

  status(): SystemStatus {
    return this.current
  }

  enter(state: Exclude<SystemState, 'paused'>): void {
    if (this.current.state === state) return
    this.change({ state, reason: this.current.reason, since: this.deps.clock.now() }, {})
  }

  success(): void {
    this.succeededAt = this.deps.clock.monotonic()
    this.breaker.success()
  }

  failure(handshakeId: string): void {
    if (this.breaker.failure(handshakeId)) this.pause('api-down', {})
  }

  systemic(reason: SystemicReason, detail: SystemicDetail): 'hold' {
    this.pause(reason, {
      credential: detail.credentialId,
      httpStatus: detail.httpStatus,
      attestrCode: detail.attestrCode,
    })
    return 'hold'
  }

  released(): void {}

  trouble(reason: SystemicReason): void {
    this.pause(reason, {})
  }

  lastSuccessAt(): number {
    return this.succeededAt
  }

  paused(): boolean {
    return this.current.reason !== null
  }

  waitUntilRunning(signal: AbortSignal): Promise<boolean> | null {
    if (this.current.reason === null) return null
    return new Promise((resolve) => {
      if (signal.aborted) resolve(false)
      else onAbort(signal, () => resolve(false))
    })
  }

  private pause(reason: SystemicReason, fields: LogFields): void {
    const { state, reason: known } = this.current
    // Whoever asked for a stop gets it: nothing is left to pause.
    if (known !== null || state === 'draining' || state === 'stopped') return
    this.change({ state: 'paused', reason, since: this.deps.clock.now() }, fields)
    this.deps.metrics.set('attestr_paused', 1, { reason })
    this.deps.onSystemic(reason)
  }

  private change(next: SystemStatus, fields: LogFields): void {
    const from = this.current.state
    this.current = next
    const line = { from, to: next.state, ...(next.reason === null ? {} : { reason: next.reason }), ...fields }
    if (next.state === 'paused') this.deps.log.error('state-changed', line)
    else this.deps.log.info('state-changed', line)
  }
}
