import type { DriftEntry } from '../core/drift.js'
import type { GateFigures } from './gate.js'
import type { Lane } from './lane.js'
import type { Rates } from './progress.js'
import type { Supervisor } from './supervisor.js'

export interface ConnectorStatus {
  readonly ready: boolean
  readonly state: 'starting' | 'running' | 'paused' | 'draining'
  /** The most telling of `reasons`; null when ready. */
  readonly reason: string | null
  readonly reasons: readonly string[]
  /** Epoch ms: since when the connector is in this state, or paused for this reason. */
  readonly since: number
  /** Epoch ms of the next probe of a pause; null: there is none. */
  readonly nextProbe: number | null
  /** Id of the credential that the reason came with. */
  readonly credential: string | null
  readonly inFlight: number
  readonly heldEvents: number
  readonly heldBytes: number
  /** Without those that are not due yet. */
  readonly lagEvents: number
  readonly delayedEvents: number
  readonly lagSeconds: number
  readonly partitions: readonly {
    readonly topic: string
    readonly partition: number
    readonly state: string
    readonly pausedFor: readonly string[]
    readonly position: number
    readonly lag: number
  }[]
  readonly rates: ShownRates
  /** How typed stages differed from the catalogue since the start. */
  readonly drift: readonly DriftEntry[]
}

export interface ShownRates extends Rates {
  /** Calls a second that this process may send; null without a bound. */
  readonly callsBound: number | null
}

export interface StatusParts {
  readonly system: ReturnType<Supervisor['status']>
  readonly gate: GateFigures
  readonly lanes: readonly Lane[]
  /** Work waits and nothing moves. */
  readonly isStalled: boolean
  /** Epoch ms. */
  readonly now: number
  readonly drift: readonly DriftEntry[]
  /** The group gave partitions to this process, or none, at least once. */
  readonly hasJoined: boolean
  readonly rates: ShownRates
}

/** What is shown of a connector. */
export function statusOf(parts: StatusParts): ConnectorStatus {
  const { system, gate, lanes, now, drift, rates } = parts
  const own = system.state === 'running' ? notReady(parts) : null
  const oldest = Math.min(...lanes.map((lane) => lane.figures.oldestTimestamp ?? Number.POSITIVE_INFINITY))
  return {
    ready: system.state === 'running' && own === null,
    state: system.state === 'stopped' ? 'draining' : (STATES[own ?? ''] ?? system.state),
    reason: own ?? system.reason,
    reasons: own === null ? system.reasons : [own],
    since: system.since,
    nextProbe: system.nextProbe,
    credential: system.credential,
    ...{ inFlight: gate.calls, heldEvents: gate.events, heldBytes: gate.bytes },
    lagEvents: sumOf(lanes, ({ figures }) => figures.lag - figures.delayed),
    delayedEvents: sumOf(lanes, ({ figures }) => figures.delayed),
    lagSeconds: Number.isFinite(oldest) ? Math.max(0, (now - oldest) / 1000) : 0,
    partitions: lanes.map((lane) => ({
      ...lane.at,
      ...{
        state: lane.state,
        pausedFor: lane.pauses.reasons(),
        position: lane.position,
        lag: lane.figures.lag,
      },
    })),
    rates,
    drift,
  }
}

/** Of reasons that say more than that it runs. */
const STATES: Readonly<Record<string, 'starting' | 'paused'>> = {
  joining: 'starting',
  'events-lost': 'paused',
}

/** Why a running connector makes no progress on some partition; null when it does. */
function notReady({ lanes, isStalled, hasJoined }: StatusParts): string | null {
  if (!hasJoined) return 'joining'
  if (lanes.some((lane) => lane.state === 'lost')) return 'events-lost'
  if (lanes.some((lane) => lane.state === 'closed')) return 'partitions-failed'
  return isStalled ? 'no-progress' : null
}

/** Whether a partition has work that should move: not what waits until it is due. */
export function hasWork({ state, figures, pauses }: Lane): boolean {
  if (state === 'opening') return true
  return figures.held > 0 || (figures.queued > 0 && !pauses.reasons().includes('due'))
}

function sumOf(lanes: readonly Lane[], figure: (lane: Lane) => number): number {
  return lanes.reduce((sum, lane) => sum + figure(lane), 0)
}
