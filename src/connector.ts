import type { Config } from './config/config.js'
import { createConfiguredPath } from './configured-path.js'
import type {
  Clock,
  Delivery,
  EventReader,
  EventSource,
  Log,
  Metrics,
  Random,
  ResultApi,
} from './core/ports.js'
import { createRate, type Rate } from './core/rate.js'
import type { SystemicReason, Turn } from './core/work.js'
import { createGate, type Gate } from './run/gate.js'
import type { Lane } from './run/lane.js'
import { createLanes, type Lanes } from './run/lanes.js'
import { withRateShare } from './run/rate-share.js'
import { createSupervisor, type Supervisor } from './run/supervisor.js'
import type { RouteDeps } from './steps/route.js'

/** Everything outside the process that a connector speaks to: the real ones, or their twins in memory. */
export interface Edges {
  readonly source: EventSource
  readonly delivery: Delivery
  readonly api: ResultApi
  readonly readAvro: EventReader
  readonly encoders: RouteDeps['encoders']
  /** When answers are worked on; at once without it. */
  readonly turn?: Turn
  close(): Promise<void>
}

export interface ConnectorOptions {
  readonly config: Config
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly metrics: Metrics
  /** Opens the edges; waits for those that are down. The signal ends the wait. */
  readonly openEdges: (signal: AbortSignal) => Promise<Edges>
}

export type Finish =
  | { readonly kind: 'stopped' }
  | { readonly kind: 'systemic'; readonly reason: SystemicReason }

export interface ConnectorStatus {
  readonly ready: boolean
  readonly state: 'starting' | 'running' | 'paused' | 'draining'
  readonly reason: string | null
  /** Epoch ms. */
  readonly since: number
  readonly inFlight: number
  readonly heldEvents: number
  readonly heldBytes: number
  readonly lagEvents: number
  readonly lagSeconds: number
  readonly partitions: readonly {
    readonly topic: string
    readonly partition: number
    readonly state: string
    readonly pausedFor: readonly string[]
    readonly position: number
    readonly lag: number
  }[]
}

export interface Connector {
  /** Resolves when the group is being read. Throws what `openEdges` throws. */
  start(): Promise<void>
  /** Finishes what is in flight within `shutdown.drainMs`, drops the rest and leaves the group. */
  stop(): Promise<void>
  /** Drops everything at once and leaves the group. */
  abort(): Promise<void>
  /** Goes on behind lost events. Out: how many partitions went on. */
  acceptLoss(): number
  status(): ConnectorStatus
  /** Resolves when the connector has stopped, or can not go on. */
  readonly finished: Promise<Finish>
}

/** Builds a connector out of its configuration and its edges: the composition root. */
export function createConnector(options: ConnectorOptions): Connector {
  return new OneConnector(options)
}

/** How often gauges are brought up to date. */
const GAUGES_MS = 1000

class OneConnector implements Connector {
  readonly finished: Promise<Finish>
  private finish: (finish: Finish) => void = () => undefined
  private readonly options: ConnectorOptions
  private readonly supervisor: Supervisor
  private readonly rate: Rate
  private readonly gate: Gate
  private readonly ending = new AbortController()
  private edges: Edges | null = null
  private lanes: Lanes | null = null
  private closing: Promise<void> | null = null
  private cancelGauges = (): void => undefined

  constructor(options: ConnectorOptions) {
    const { config, clock, random, log, metrics } = options
    this.options = options
    this.finished = new Promise((resolve) => {
      this.finish = resolve
    })
    const { ratePerSecond: perSecond, ratePerDay: perDay } = config.fetch
    this.rate = createRate({
      ...{ clock, random, perSecond, perDay },
      onUsedUp: () => this.supervisor.trouble('daily-quota'),
      onLowered: (lowered) => {
        metrics.add('attestr_rate_lowered_total', 1)
        log.warn('rate-lowered', { perSecond: lowered })
      },
    })
    this.gate = createGate({ ...config.fetch }, this.rate)
    this.supervisor = createSupervisor({
      ...{ clock, log, metrics, breakerFailures: config.systemic.breakerFailures },
      onSystemic: (reason) => this.finish({ kind: 'systemic', reason }),
    })
  }

  async start(): Promise<void> {
    const { config, openEdges, clock, log, metrics } = this.options
    const { signal } = this.ending
    const edges = await openEdges(signal).catch((error) => {
      // A stop ends the wait for an edge: that is no fault.
      if (signal.aborted) return null
      throw error
    })
    if (edges === null) return
    if (signal.aborted) return edges.close()
    this.edges = edges
    this.lanes = createLanes({
      ...{
        source: edges.source,
        delivery: edges.delivery,
        gate: this.gate,
        eventTopics: config.topics.events,
        clock,
        log,
        metrics,
        commit: config.commit,
      },
      path: createConfiguredPath({ ...this.options, ...edges, supervisor: this.supervisor, rate: this.rate }),
      sessionTimeoutMs: config.kafka.sessionTimeoutMs,
      rebalanceDrainMs: config.kafka.rebalanceDrainMs,
    })
    this.supervisor.enter('running')
    this.showGauges()
    await edges.source.start(withRateShare(this.lanes, this.rate, config.topics.events))
  }

  stop(): Promise<void> {
    return this.end(() => this.lanes?.drain(this.options.config.shutdown.drainMs))
  }

  async abort(): Promise<void> {
    this.lanes?.abort()
    await this.end(() => undefined)
  }

  private end(settle: () => Promise<void> | undefined): Promise<void> {
    this.closing ??= this.close(settle)
    return this.closing
  }

  private async close(settle: () => Promise<void> | undefined): Promise<void> {
    this.supervisor.enter('draining')
    this.ending.abort()
    this.cancelGauges()
    await settle()
    this.rate.close()
    await this.edges?.source.stop()
    await this.edges?.close()
    this.supervisor.enter('stopped')
    this.finish({ kind: 'stopped' })
  }

  acceptLoss(): number {
    return this.lanes?.acceptLoss() ?? 0
  }

  status(): ConnectorStatus {
    const { state, reason, since } = this.supervisor.status()
    const { calls, events, bytes } = this.gate.figures()
    const lanes = this.lanes?.list() ?? []
    const waiting = state === 'running' ? this.notReady(lanes) : reason
    const oldest = Math.min(...lanes.map((lane) => lane.figures.oldestTimestamp ?? Number.POSITIVE_INFINITY))
    return {
      ready: state === 'running' && waiting === null,
      state: state === 'stopped' ? 'draining' : waiting === 'events-lost' ? 'paused' : state,
      reason: waiting,
      since,
      ...{ inFlight: calls, heldEvents: events, heldBytes: bytes },
      lagEvents: lanes.reduce((sum, lane) => sum + lane.figures.lag, 0),
      lagSeconds: Number.isFinite(oldest) ? Math.max(0, (this.options.clock.now() - oldest) / 1000) : 0,
      partitions: lanes.map((lane) => ({
        ...lane.at,
        ...{
          state: lane.state,
          pausedFor: lane.pauses.reasons(),
          position: lane.position,
          lag: lane.figures.lag,
        },
      })),
    }
  }

  /** Why a running connector makes no progress on some partition; null when it does. */
  private notReady(lanes: readonly Lane[]): string | null {
    const { clock, config } = this.options
    const silentMs = clock.monotonic() - (this.lanes?.aliveAt() ?? Number.NEGATIVE_INFINITY)
    if (lanes.length === 0) return 'no-partitions'
    if (silentMs > config.kafka.sessionTimeoutMs) return 'broker-down'
    if (lanes.some((lane) => lane.state === 'lost')) return 'events-lost'
    return lanes.some((lane) => lane.state === 'closed') ? 'partitions-failed' : null
  }

  private showGauges(): void {
    const { metrics, clock } = this.options
    const { inFlight, heldEvents, heldBytes, lagEvents, lagSeconds, reason } = this.status()
    metrics.set('attestr_paused', reason === 'events-lost' ? 1 : 0, { reason: 'events-lost' })
    metrics.set('attestr_in_flight', inFlight)
    metrics.set('attestr_rate_bound', this.rate.perSecond() ?? Number.POSITIVE_INFINITY)
    metrics.set('attestr_held_events', heldEvents)
    metrics.set('attestr_held_bytes', heldBytes)
    metrics.set('attestr_lag_events', lagEvents)
    metrics.set('attestr_lag_seconds', lagSeconds)
    this.cancelGauges = clock.after(GAUGES_MS, () => this.showGauges())
  }
}
