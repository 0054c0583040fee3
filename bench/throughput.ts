import type { Backlog, EventForm } from './backlog.js'
import { type Cell, callBound, eventsFor, nameOf, type Subject } from './cells.js'
import { processMemory } from './readings.js'
import type { Rig } from './rig.js'
import { type Overlay, startSubject } from './subjects.js'
import { noteLoad, type WindowFigures, watch, windowFigures } from './watch.js'

export interface ThroughputRun extends WindowFigures {
  readonly cell: Cell
  readonly subject: Subject
  readonly events: number
  readonly load: number
  /** Most resident bytes of the subject, from its start. */
  readonly peakRss: number
  readonly callsPerEvent: number
  /** What the simulator served: mean time of a call, and the most calls at once. */
  readonly apiMeanMs: number
  readonly apiMaxInFlight: number
  /** Ends that are not verified records: dead letters and skips. */
  readonly notVerified: number
}

export interface ThroughputOptions {
  readonly cell: Cell
  readonly subject: Subject
  /** About how long a run is, start-up left out. */
  readonly seconds: number
  readonly form: EventForm
  readonly nodeOptions?: readonly string[]
  readonly overlay?: Overlay
}

/** One run over a backlog, to its end. */
export async function runThroughput(rig: Rig, options: ThroughputOptions): Promise<ThroughputRun> {
  const { cell, subject, seconds, form } = options
  const count = eventsFor(cell, subject, seconds)
  const simulator = await rig.simulator({ latencyMs: cell.latencyMs, profile: 'small' })
  const backlog: Backlog = await rig.backlog({ count, form, profile: 'small' })
  await simulator.resetLedger()
  const load = noteLoad(rig.say, `${nameOf(cell)} ${subject}: ${count} events`)
  const name = rig.name()
  const running = await startSubject(rig, { ...options, eventsTopic: backlog.topic, simulator, name })
  const samples = await watch(
    { rig, subject: running, simulator },
    { count, maxMs: 60_000 + seconds * 10_000 },
  )
  const last = samples.at(-1)
  const ledger = await simulator.ledger()
  const peakRss = processMemory(running.child.pid).peak
  await running.stop()
  await rig.deleteTopics(`${name}.`)
  const figures = windowFigures(samples, count)
  rig.say(summaryOf(figures, cell, ledger.meanMs))
  return {
    ...{ cell, subject, load, events: count, peakRss },
    ...figures,
    callsPerEvent: ledger.calls / (last?.outcomes ?? Number.NaN),
    apiMeanMs: ledger.meanMs,
    apiMaxInFlight: ledger.maxInFlight,
    notVerified: (last?.outcomes ?? 0) - (last?.verified ?? 0),
  }
}

function summaryOf(
  { eventsPerSecond, cpuMicros, seconds }: WindowFigures,
  cell: Cell,
  meanMs: number,
): string {
  const bound = callBound(cell, cell.latencyMs === 0 ? 0 : meanMs)
  const share = Number.isFinite(bound)
    ? `, ${((100 * eventsPerSecond) / bound).toFixed(1)} % of calls' bound`
    : ''
  const cpu = `${cpuMicros.subject.toFixed(0)} us CPU`
  return `  ${eventsPerSecond.toFixed(0)} events/s, ${cpu}, over ${seconds.toFixed(1)} s${share}`
}
