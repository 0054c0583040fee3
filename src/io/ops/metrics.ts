import { performance } from 'node:perf_hooks'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import { METRICS, type MetricKind } from '../../core/names.js'
import type { Metrics } from '../../core/ports.js'

type Labels = Readonly<Record<string, string>>

/** One metric with one set of label values. Written on the hot path, handed to prom-client when somebody asks. */
interface Cell {
  readonly labels: Labels
  value: number
  handedOver: number
}

interface Meter {
  readonly kind: MetricKind
  readonly cells: Map<string, Cell>
  readonly observe: ((value: number) => void) | null
}

export interface OpsMetrics extends Metrics {
  /** The Prometheus text format. */
  text(): Promise<string>
  readonly contentType: string
}

/** Label values come from closed lists; beyond this many sets one of them does not, and the rest share one cell. */
const MAX_CELLS = 1_000

/**
 * The metrics of core/names.ts on a registry of their own.
 * `add` and `set` are one look-up and one number: they are called several times an event.
 *
 * Throws: `add`, `set` and `observe` for a name that is not in the list or of another kind: that is a bug
 */
export function createMetrics(version: string): OpsMetrics {
  const registry = new Registry()
  const meters = new Map<string, Meter>()
  for (const [name, kind] of Object.entries<MetricKind>(METRICS))
    meters.set(name, createMeter(name, kind, registry))
  const meter = (name: string, kind: MetricKind['kind']): Meter => {
    const found = meters.get(name)
    if (found === undefined || found.kind.kind !== kind)
      throw new TypeError(`${name} is no ${kind} of core/names.ts`)
    return found
  }
  const metrics: Metrics = {
    add(name, amount, labels) {
      const cell = cellOf(meter(name, 'counter'), labels)
      if (amount > 0) cell.value += amount
    },
    set(name, value, labels) {
      cellOf(meter(name, 'gauge'), labels).value = value
    },
    observe(name, value) {
      meter(name, 'histogram').observe?.(value)
    },
  }
  const readProcess = createProcessReader(metrics, version)
  return {
    ...metrics,
    contentType: registry.contentType,
    text: () => {
      readProcess()
      return registry.metrics()
    },
  }
}

function createMeter(name: string, kind: MetricKind, registry: Registry): Meter {
  const cells = new Map<string, Cell>()
  const options = { name, help: kind.help, labelNames: [...kind.labels], registers: [registry] }
  if (kind.kind === 'histogram') {
    const histogram = new Histogram({ ...options, buckets: [...(kind.buckets ?? [])] })
    return { kind, cells, observe: (value) => histogram.observe(value) }
  }
  if (kind.kind === 'gauge') {
    new Gauge({
      ...options,
      collect() {
        for (const cell of cells.values()) this.set(cell.labels, cell.value)
      },
    })
  } else {
    new Counter({
      ...options,
      collect() {
        for (const cell of cells.values()) {
          this.inc(cell.labels, cell.value - cell.handedOver)
          cell.handedOver = cell.value
        }
      },
    })
  }
  const meter = { kind, cells, observe: null }
  // A series without labels is there from the start, so that a rate over its first event is right.
  if (kind.labels.length === 0) cellOf(meter, undefined)
  return meter
}

function cellOf(meter: Meter, labels: Labels | undefined): Cell {
  const names = meter.kind.labels
  let key = ''
  for (const name of names) key += `${labels?.[name] ?? ''}\n`
  const found = meter.cells.get(key)
  if (found !== undefined) return found
  const full = meter.cells.size >= MAX_CELLS
  const own = Object.fromEntries(names.map((name) => [name, full ? 'other' : (labels?.[name] ?? '')]))
  if (full) {
    const shared = meter.cells.get('other')
    if (shared !== undefined) return shared
  }
  const made: Cell = { labels: own, value: 0, handedOver: 0 }
  meter.cells.set(full ? 'other' : key, made)
  return made
}

/** Few and cheap: each is read when it is asked for, nothing runs in between. */
function createProcessReader(metrics: Metrics, version: string): () => void {
  metrics.set('attestr_build_info', 1, { version })
  metrics.set('process_start_time_seconds', Math.round(performance.timeOrigin / 1000))
  let cpuBefore = 0
  let loopBefore = performance.eventLoopUtilization()
  return () => {
    const { user, system } = process.cpuUsage()
    const cpu = (user + system) / 1e6
    metrics.add('process_cpu_seconds_total', cpu - cpuBefore)
    cpuBefore = cpu
    const { rss, heapUsed } = process.memoryUsage()
    metrics.set('process_resident_memory_bytes', rss)
    metrics.set('nodejs_heap_used_bytes', heapUsed)
    const loop = performance.eventLoopUtilization()
    metrics.set(
      'nodejs_event_loop_utilization_ratio',
      performance.eventLoopUtilization(loop, loopBefore).utilization,
    )
    loopBefore = loop
  }
}
