import type { Config } from './config/config.js'
import { createDelayOf } from './config/topics-read.js'
import { type CredentialsInForce, createCredentialsInForce } from './configured-credentials.js'
import { createConfiguredPath } from './configured-path.js'
import { createDrift, type Drift } from './core/drift.js'
import type {
  Clock,
  Delivery,
  EventReader,
  EventSource,
  Log,
  MediaStore,
  Metrics,
  Random,
  ResultApi,
} from './core/ports.js'
import { createRate, type Rate } from './core/rate.js'
import type { SystemicReason, Turn } from './core/work.js'
import { type EndsOf, watchEnds } from './run/ends.js'
import { createFloodWatch, type FloodWatch } from './run/flood.js'
import { createGate, type Gate } from './run/gate.js'
import { showGauges } from './run/gauges.js'
import { createHeadroom, type RetentionOf } from './run/headroom.js'
import { createLanes, type Lanes } from './run/lanes.js'
import { createProgress, type Progress } from './run/progress.js'
import { withRateShare } from './run/rate-share.js'
import { type ConnectorStatus, hasWork, statusOf } from './run/status.js'
import { createSupervisor, type Supervisor } from './run/supervisor.js'
import { watchAnswers, watchCalls } from './run/watched.js'
import type { RouteDeps } from './steps/route.js'

/** Everything outside the process that a connector speaks to: the real ones, or their twins in memory. */
export interface Edges {
  readonly source: EventSource
  readonly delivery: Delivery
  readonly api: ResultApi
  readonly readAvro: EventReader
  readonly encoders: RouteDeps['encoders']
  /** Where `privacy.media.directory` is set. */
  readonly media?: MediaStore
  /** When answers are worked on; at once without it. */
  readonly turn?: Turn
  readonly retentionOf?: RetentionOf
  readonly endsOf?: EndsOf
  close(): Promise<void>
}

export type StartWait = 'broker-down' | 'registry-down'

export interface ConnectorOptions {
  readonly config: Config
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly metrics: Metrics
  /** Opens the edges; waits for those that are down, and says for which: null when it has answered. The signal ends the wait. */
  readonly openEdges: (signal: AbortSignal, waitsFor: (reason: StartWait | null) => void) => Promise<Edges>
}

export type Finish =
  | { readonly kind: 'stopped' }
  | { readonly kind: 'systemic'; readonly reason: SystemicReason }

export type { ConnectorStatus } from './run/status.js'

export interface Connector {
  /** Resolves when the group is being read. Throws what `openEdges` throws. */
  start(): Promise<void>
  /** Finishes what is in flight within `shutdown.drainMs`, drops the rest and leaves the group. */
  stop(): Promise<void>
  /** Drops everything at once and leaves the group. */
  abort(): Promise<void>
  /** Goes on behind lost events. Out: how many partitions went on. */
  acceptLoss(): number
  /** Goes on although dead letters flood, until their share was once under its bound. Out: whether they did. */
  acceptFlood(): boolean
  /** Puts other credentials in force, for every call from now on. */
  replaceCredentials(credentials: Config['attestr']['credentials']): void
  status(): ConnectorStatus
  /** Resolves when the connector has stopped, or can not go on. */
  readonly finished: Promise<Finish>
}

/** Builds a connector out of its configuration and its edges: the composition root. */
export function createConnector(options: ConnectorOptions): Connector {
  return new OneConnector(options)
}

/** How often the connector looks at itself. */
const WATCH_MS = 1000

class OneConnector implements Connector {
  readonly finished: Promise<Finish>
  private finish: (finish: Finish) => void = () => undefined
  private readonly options: ConnectorOptions
  private readonly supervisor: Supervisor
  private readonly rate: Rate
  private readonly gate: Gate
  private readonly flood: FloodWatch
  private readonly progress: Progress
  private readonly drift: Drift
  private readonly credentials: CredentialsInForce
  private readonly ending = new AbortController()
  private edges: Edges | null = null
  private lanes: Lanes | null = null
  private closing: Promise<void> | null = null
  private cancelWatch = (): void => undefined
  private showHeadroom: ReturnType<typeof createHeadroom> = () => undefined
  /** Monotonic ms of the first proof that there could be of a living broker. */
  private begin = 0
  /** How often in a row the brokers were found silent. */
  private silences = 0

  constructor(options: ConnectorOptions) {
    const { config, clock, random, log, metrics } = options
    this.options = options
    this.finished = new Promise((resolve) => {
      this.finish = resolve
    })
    this.drift = createDrift(log, metrics)
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
    this.flood = createFloodWatch(config.deadLetters.flood)
    this.credentials = createCredentialsInForce(config.attestr.credentials)
    this.progress = createProgress(clock, config.fetch.deadlineMs)
    const { concurrency, deadlineMs: answerMs } = config.fetch
    this.supervisor = createSupervisor({
      ...{ clock, log, metrics, bounds: { ...config.systemic, concurrency, answerMs } },
      lanes: () => this.lanes?.paused ?? null,
      heldMs: () => this.rate.waitMs(),
      ...(config.onSystemic === 'exit'
        ? { onExit: (reason) => this.finish({ kind: 'systemic', reason }) }
        : {}),
    })
  }

  async start(): Promise<void> {
    const { signal } = this.ending
    const waitsFor = (reason: StartWait | null): void => this.supervisor.waitFor(reason)
    const edges = await this.options.openEdges(signal, waitsFor).catch((error) => {
      // A stop ends the wait for an edge: that is no fault.
      if (signal.aborted) return null
      throw error
    })
    if (edges === null) return
    if (signal.aborted) return edges.close()
    this.edges = edges
    this.lanes = this.createLanes(edges)
    this.showHeadroom = createHeadroom({ ...this.options, ...edges, signal })
    watchEnds({ clock: this.options.clock, signal, ...edges, lanes: () => this.lanes?.list() ?? [] })
    this.begin = this.options.clock.monotonic()
    this.supervisor.enter('running')
    this.watch()
    await edges.source.start(withRateShare(this.lanes, this.rate, this.options.config))
  }

  private createLanes(edges: Edges): Lanes {
    const { supervisor, gate, progress } = this
    const { config, clock, log, metrics } = this.options
    const api = watchCalls(edges.api, progress.called)
    const readAvro = watchAnswers(edges.readAvro, () => supervisor.registryWorks())
    const path = { ...this.options, ...edges, api, readAvro, supervisor, rate: this.rate, drift: this.drift }
    return createLanes({
      ...{ source: edges.source, delivery: edges.delivery, gate, clock, log, metrics },
      path: createConfiguredPath({ ...path, credentials: this.credentials.choice }),
      commit: config.commit,
      delayOf: createDelayOf(config.topics),
      sessionTimeoutMs: config.kafka.sessionTimeoutMs,
      rebalanceDrainMs: config.kafka.rebalanceDrainMs,
      onHold: () => supervisor.waiting(),
      onOutcome: (outcome) => {
        progress.concluded()
        if (this.flood.count(outcome)) supervisor.setFlood(true)
      },
    })
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
    // Before the supervisor gives them up: lanes know by then that whoever ends now was asked to.
    const settled = settle()
    this.supervisor.enter('draining')
    this.ending.abort()
    this.cancelWatch()
    await settled
    this.rate.close()
    await this.edges?.source.stop()
    await this.edges?.close()
    this.supervisor.enter('stopped')
    this.finish({ kind: 'stopped' })
  }

  acceptLoss(): number {
    return this.lanes?.acceptLoss() ?? 0
  }

  acceptFlood(): boolean {
    if (!this.supervisor.status().reasons.includes('flood')) return false
    this.flood.accept()
    this.supervisor.setFlood(false)
    return true
  }

  replaceCredentials(credentials: Config['attestr']['credentials']): void {
    this.credentials.replace(credentials)
  }

  status(): ConnectorStatus {
    const lanes = this.lanes?.list() ?? []
    return statusOf({
      ...{ system: this.supervisor.status(), gate: this.gate.figures(), lanes, drift: this.drift.list() },
      ...{ isStalled: this.progress.isStalled(lanes.some(hasWork)), now: this.options.clock.now() },
      hasJoined: Number.isFinite(this.lanes?.aliveAt()),
      rates: { ...this.progress.rates(), callsBound: this.rate.perSecond() },
    })
  }

  private watch(): void {
    const { clock, config } = this.options
    const aliveAt = Math.max(this.begin, this.lanes?.aliveAt() ?? this.begin)
    this.silences = clock.monotonic() - aliveAt > config.kafka.sessionTimeoutMs ? this.silences + 1 : 0
    // A process that stood still finds everything silent at first.
    this.supervisor.setDown('broker', this.silences > 1)
    if (this.supervisor.status().state !== 'running') this.progress.excuse()
    showGauges(this.options.metrics, this.status())
    this.showHeadroom(this.lanes?.list() ?? [])
    this.cancelWatch = clock.after(WATCH_MS, () => this.watch())
  }
}
