import type { Clock, Log, LogFields, Metrics } from '../core/ports.js'
import type { PauseCause, Troubles } from './troubles.js'

/** What was asked for; whether the system is paused besides is up to its troubles. */
export type Phase = 'starting' | 'running' | 'draining' | 'stopped'
export type State = Phase | 'paused'

export interface SystemStatus {
  readonly state: State
  /** The most telling of `reasons`; in a start what is waited for. */
  readonly reason: PauseCause | null
  readonly reasons: readonly PauseCause[]
  /** Id of the credential that the reason came with. */
  readonly credential: string | null
  /** Epoch ms: since when the system is in this state, or paused for this reason. */
  readonly since: number
  /** Epoch ms of the next probe; null: none. */
  readonly nextProbe: number | null
}

export interface SystemViewDeps {
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  readonly troubles: Troubles
  readonly nextProbe: () => number | null
}

/** Shows phase and troubles: as a status, as metrics, and as one log line a change. */
export interface SystemView {
  phase(): Phase
  enter(phase: Phase): void
  /** In a start: what does not answer; null when it does. */
  waitFor(reason: PauseCause | null): void
  /** Troubles have changed. In: `fields` for the log line. */
  changed(fields?: LogFields): void
  status(): SystemStatus
}

export function createSystemView(deps: SystemViewDeps): SystemView {
  return new OneSystemView(deps)
}

class OneSystemView implements SystemView {
  private readonly deps: SystemViewDeps
  private now: Phase = 'starting'
  private awaited: PauseCause | null = null
  private since: number
  private told: {
    readonly state: State
    readonly reason: PauseCause | null
    readonly credential: string | null
  }
  private counted: ReadonlySet<PauseCause> = new Set()

  constructor(deps: SystemViewDeps) {
    this.deps = deps
    this.since = deps.clock.now()
    this.told = { state: 'starting', reason: null, credential: null }
  }

  phase(): Phase {
    return this.now
  }

  enter(phase: Phase): void {
    if (this.now === phase) return
    this.now = phase
    this.awaited = null
    this.changed()
  }

  waitFor(reason: PauseCause | null): void {
    if (this.now !== 'starting' || this.awaited === reason) return
    this.awaited = reason
    this.count()
  }

  changed(fields: LogFields = {}): void {
    const { troubles, clock } = this.deps
    const first = troubles.first()
    const state: State = this.now === 'running' && first !== null ? 'paused' : this.now
    const { told } = this
    const next = { state, reason: first?.reason ?? null, credential: first?.credential ?? null }
    this.count()
    const sameReason = next.reason === told.reason && next.credential === told.credential
    if (state === told.state && (state !== 'paused' || sameReason)) return
    if (state !== told.state) this.since = clock.now()
    this.told = next
    this.tell(told.state, fields)
  }

  private tell(from: State, fields: LogFields): void {
    const { state, reason } = this.told
    const { since, nextProbe } = this.status()
    const line = { from, to: state, ...(reason === null ? {} : { reason }), ...fields }
    if (state === 'paused') this.deps.log.error('state-changed', { ...line, since, nextProbe })
    else this.deps.log.info('state-changed', line)
  }

  private count(): void {
    const reasons = new Set(this.reasons())
    for (const reason of this.counted) {
      if (!reasons.has(reason)) this.deps.metrics.set('attestr_paused', 0, { reason })
    }
    for (const reason of reasons) this.deps.metrics.set('attestr_paused', 1, { reason })
    this.counted = reasons
  }

  private reasons(): readonly PauseCause[] {
    return this.awaited === null ? this.deps.troubles.reasons() : [this.awaited]
  }

  status(): SystemStatus {
    const first = this.deps.troubles.first()
    return {
      state: this.told.state,
      reason: this.awaited ?? first?.reason ?? null,
      reasons: this.reasons(),
      credential: first?.credential ?? null,
      since: this.told.state === 'paused' ? (first?.since ?? this.since) : this.since,
      nextProbe: this.deps.nextProbe(),
    }
  }
}
