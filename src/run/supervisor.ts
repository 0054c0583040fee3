import { type Breaker, createBreaker } from '../core/breaker.js'
import type { Clock, Log, LogFields, Metrics } from '../core/ports.js'
import type { ApiHealth, SystemicDetail, SystemicReason } from '../core/work.js'
import { type Blame, createBlame, isLimit } from './blame.js'
import { createPermits, type Permits } from './permits.js'
import type { PausedLanes } from './system-pauses.js'
import { createSystemView, type Phase, type SystemStatus, type SystemView } from './system-state.js'
import {
  createTroubles,
  isWaiting,
  type PauseCause,
  probeIntervalMs,
  type TroubleKind,
  type Troubles,
} from './troubles.js'

export interface SupervisorDeps {
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  readonly bounds: {
    readonly probeMs: number
    readonly maxProbeMs: number
    /** Failed calls in a row that open the breaker. */
    readonly breakerFailures: number
    readonly concurrency: number
    /** Longest wait for the end of a permitted call. */
    readonly answerMs: number
  }
  /** Ms until a call may go out at all, such as a Retry-After; nothing holds it when left out. */
  readonly heldMs?: () => number
  /** Null before there are any. */
  readonly lanes: () => PausedLanes | null
  /** Given: systemic trouble is waited out no more. Called once; every event is held until the system is aborted. */
  readonly onExit?: (reason: SystemicReason) => void
}

/**
 * Holds the state of the system. Systemic trouble is reported here; nobody else decides what follows from it.
 * Source: house.md section 1; product.md P5 and section 8
 */
export interface Supervisor extends ApiHealth {
  status(): SystemStatus
  enter(phase: Phase): void
  /** In a start: what does not answer; null when it does. */
  waitFor(reason: PauseCause | null): void
  /** Trouble with the API that no answer of it told. */
  trouble(reason: SystemicReason): void
  /** The registry was needed and is down or refuses. Out: true when it is to be asked again, false when aborted. */
  waitForRegistry(signal: AbortSignal): Promise<boolean>
  /** The registry has answered. */
  registryWorks(): void
  setFlood(floods: boolean): void
  setDown(edge: 'broker' | 'media', down: boolean): void
  /** Those that wait here: nothing of theirs is under way. */
  waiting(): ReadonlySet<AbortSignal>
}

export function createSupervisor(deps: SupervisorDeps): Supervisor {
  return new OneSupervisor(deps)
}

class OneSupervisor implements Supervisor {
  private readonly deps: SupervisorDeps
  private readonly troubles: Troubles = createTroubles()
  private readonly view: SystemView
  private readonly breaker: Breaker
  private readonly blame: Blame = createBlame()
  private readonly calls: Permits
  private readonly questions: Permits
  private succeededAt = Number.NEGATIVE_INFINITY
  private exits = false

  constructor(deps: SupervisorDeps) {
    const { clock, log, metrics, bounds, lanes } = deps
    this.deps = deps
    const nextProbe = (): number | null => this.nextProbe()
    this.view = createSystemView({ clock, log, metrics, troubles: this.troubles, nextProbe })
    this.breaker = createBreaker(bounds.breakerFailures)
    const common = (kind: TroubleKind) => ({
      ...{ clock, answerMs: bounds.answerMs, restMs: bounds.probeMs },
      intervalMs: () => this.intervalMs(kind),
      onProbe: () =>
        metrics.add('attestr_probes_total', 1, { reason: this.troubles.get(kind)?.reason ?? '' }),
    })
    this.calls = createPermits({
      ...{ ...common('api'), concurrency: bounds.concurrency, heldMs: deps.heldMs ?? (() => 0) },
      heads: () => lanes()?.heads() ?? new Set(),
      seek: () => lanes()?.admitOne(this.calls.waiting().size) ?? false,
    })
    this.questions = createPermits({
      ...{ ...common('registry'), concurrency: 1, heldMs: () => 0, heads: () => new Set() },
      seek: () => this.leaveRegistry(),
      onEmpty: () => void this.leaveRegistry(),
    })
  }

  /** When nobody needs the registry any more, whoever does next finds out how it is. */
  private leaveRegistry(): false {
    if (this.questions.waiting().size === 0) this.end('registry')
    return false
  }

  private intervalMs(kind: TroubleKind): number {
    const trouble = this.troubles.get(kind)
    const { bounds, clock } = this.deps
    return trouble === null ? bounds.probeMs : probeIntervalMs(trouble, clock.monotonic(), bounds)
  }

  status(): SystemStatus {
    return this.view.status()
  }

  private nextProbe(): number | null {
    const waits = [this.calls.nextProbeMs(), this.questions.nextProbeMs()].filter((wait) => wait !== null)
    if (waits.length === 0 || this.exits) return null
    return this.deps.clock.now() + Math.ceil(Math.min(...waits))
  }

  enter(phase: Phase): void {
    this.view.enter(phase)
    if (phase !== 'draining' && phase !== 'stopped') return
    // Held events never use the drain time.
    this.calls.close()
    this.questions.close()
  }

  waitFor(reason: PauseCause | null): void {
    this.view.waitFor(reason)
  }

  success(handshakeId: string): void {
    this.succeededAt = this.deps.clock.monotonic()
    this.breaker.success()
    this.blame.clear(handshakeId)
    const isProof = this.calls.hasProbed()
    this.calls.ended('success')
    // A call that began before the trouble proves nothing.
    if (this.troubles.get('api') === null || !isProof) return
    this.blame.ended(handshakeId)
    this.end('api')
  }

  failure(handshakeId: string): void {
    const opens = this.breaker.failure(handshakeId)
    this.calls.ended('failure')
    if (opens) this.trouble('api-down')
  }

  systemic(reason: SystemicReason, detail: SystemicDetail): 'hold' | 'let-go' {
    const { handshakeId, credentialId: credential, httpStatus, attestrCode } = detail
    this.calls.ended('released')
    const mayGo = this.troubles.get('api') === null && this.deps.onExit === undefined
    if (mayGo && this.blame.isGuilty(handshakeId)) return 'let-go'
    this.blame.accuse(isLimit(reason) ? null : handshakeId)
    this.begin('api', reason, { credential, httpStatus, attestrCode })
    return 'hold'
  }

  released(): void {
    this.calls.ended('released')
  }

  trouble(reason: SystemicReason): void {
    this.blame.accuse(null)
    this.begin('api', reason, {})
  }

  lastSuccessAt(): number {
    return this.succeededAt
  }

  paused(): boolean {
    return this.troubles.reasons().some((reason) => !isWaiting(reason))
  }

  waitUntilRunning(signal: AbortSignal): Promise<boolean> | null {
    return this.calls.wait(signal)
  }

  waitForRegistry(signal: AbortSignal): Promise<boolean> {
    this.questions.ended('failure')
    this.begin('registry', 'registry-down', {})
    return this.questions.wait(signal) ?? Promise.resolve(false)
  }

  registryWorks(): void {
    if (this.troubles.get('registry') !== null) this.end('registry')
  }

  setFlood(floods: boolean): void {
    if (floods) this.begin('flood', 'flood', {})
    else this.end('flood')
  }

  setDown(edge: 'broker' | 'media', down: boolean): void {
    if (down) this.begin(edge, `${edge}-down`, {})
    else this.end(edge)
  }

  waiting(): ReadonlySet<AbortSignal> {
    return new Set([...this.calls.waiting(), ...this.questions.waiting()])
  }

  /** Trouble begins, or shows a new reason. */
  private begin(kind: TroubleKind, reason: PauseCause, fields: LogFields & { credential?: string }): void {
    // Whoever asked for a stop gets it: nothing is left to pause.
    if (this.view.phase() !== 'running' || this.exits) return
    const { clock } = this.deps
    const before = this.troubles.get(kind)
    const from = { credential: fields.credential ?? null, since: clock.now(), begin: clock.monotonic() }
    if (this.troubles.set(kind, { reason, ...from })) this.pause(kind, reason)
    else if (kind === 'api' && before?.reason !== reason) this.calls.putOff()
    this.view.changed(fields)
  }

  private pause(kind: TroubleKind, reason: PauseCause): void {
    const { lanes, onExit } = this.deps
    if (isWaiting(reason)) return
    lanes()?.pauseAll(kind === 'flood' ? 'flood' : 'systemic')
    if (reason !== 'flood' && onExit !== undefined) {
      this.calls.shut()
      this.questions.shut()
      if (!this.exits) onExit(reason)
      this.exits = true
    }
    if (this.exits) return
    if (kind === 'registry') this.questions.probe()
    if (kind === 'api') this.calls.probe()
    else if (this.troubles.get('api') === null) this.calls.shut()
  }

  /** Trouble of one kind is over; the pause is when no other is left. */
  private end(kind: TroubleKind): void {
    if (this.exits || !this.troubles.clear(kind)) return
    if (kind === 'registry') this.questions.open(false)
    if (kind !== 'broker' && kind !== 'media') this.resume(kind)
    this.view.changed()
  }

  private resume(kind: TroubleKind): void {
    const lanes = this.deps.lanes()
    const isOver = (one: TroubleKind): boolean => this.troubles.get(one) === null
    if (kind === 'flood') lanes?.resumeAll('flood')
    else if (isOver('api') && isOver('registry')) lanes?.resumeAll('systemic')
    if (!isOver('api')) return
    if (isOver('registry') && isOver('flood')) this.calls.open(true)
    else this.calls.shut()
  }
}
