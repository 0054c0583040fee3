import { setTimeout as delay } from 'node:timers/promises'
import { processMemory } from './readings.js'
import type { Rig } from './rig.js'
import { startSubject } from './subjects.js'
import { noteLoad, takeSample } from './watch.js'

/** Resident memory with large responses. Bytes. */
export interface MemoryRun {
  readonly concurrency: number
  readonly load: number
  readonly seconds: number
  readonly events: number
  readonly eventsPerSecond: number
  readonly notVerified: number
  readonly callsPerEvent: number
  readonly apiMaxInFlight: number
  /** Once a second, from the start. */
  readonly rss: readonly number[]
  /** Most that was sampled. */
  readonly sampledPeak: number
  /** VmHWM: the most at any moment. */
  readonly peak: number
  /** Of P7, from the settings the run had. */
  readonly bound: number
}

const CELL = { concurrency: 256, latencyMs: 50 }
/** More than a run gets through. */
const EVENTS = 30_000
/** Few, so that the simulator has them ready and the connector is what is slow. */
const HANDSHAKES = 8

/** P7 in product.md, with the defaults of `fetch.maxInFlightBytes` and `fetch.maxResponseBytes`, which the run keeps. */
const BOUND = 250e6 + 2 * 67_108_864 + 8_388_608

export async function runMemory(rig: Rig, { seconds }: { readonly seconds: number }): Promise<MemoryRun> {
  const simulator = await rig.simulator({ latencyMs: CELL.latencyMs, profile: 'large' })
  const backlog = await rig.backlog({ count: EVENTS, form: 'id', profile: 'large', handshakes: HANDSHAKES })
  await simulator.resetLedger()
  const load = noteLoad(rig.say, `memory: 1.5 MB responses, concurrency ${CELL.concurrency}, ${seconds} s`)
  const name = rig.name()
  const subject = await startSubject(rig, {
    ...{ subject: 'exactly-once', cell: CELL, eventsTopic: backlog.topic, simulator, name },
  })
  const parties = { rig, subject, simulator }
  const rss: number[] = []
  const startedAt = performance.now()
  for (let second = 1; second <= seconds && subject.child.ended() === null; second += 1) {
    await delay(startedAt + second * 1000 - performance.now())
    rss.push(processMemory(subject.child.pid).rss)
  }
  const last = await takeSample(parties)
  const { peak } = processMemory(subject.child.pid)
  await subject.stop()
  // After the drain: calls of events that have no outcome would count as too many.
  const ledger = await simulator.ledger()
  const ended = await rig.committedEvents(`${name}-group`, backlog.topic)
  await rig.deleteTopics(`${name}.`)
  const run: MemoryRun = {
    ...{ concurrency: CELL.concurrency, load, seconds, rss, peak },
    events: last.outcomes,
    eventsPerSecond: (last.outcomes * 1000) / (last.atMs - startedAt),
    notVerified: last.outcomes - last.verified,
    callsPerEvent: ledger.calls / ended,
    apiMaxInFlight: ledger.maxInFlight,
    ...{ sampledPeak: Math.max(...rss), bound: BOUND },
  }
  rig.say(`  ${(run.sampledPeak / 1e6).toFixed(0)} MB sampled, ${(peak / 1e6).toFixed(0)} MB at most`)
  return run
}
