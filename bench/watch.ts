import { setTimeout as delay } from 'node:timers/promises'
import { load, machineCpu, processCpu } from './readings.js'
import type { Rig } from './rig.js'
import type { SimulatorProcess } from './simulator.js'
import { slope } from './statistics.js'
import type { RunningSubject } from './subjects.js'

export const SAMPLE_MS = 250

/** CPU seconds so far. */
export interface CpuSeconds {
  readonly subject: number
  readonly simulator: number
  readonly broker: number
  readonly bench: number
  readonly machine: number
}

export interface Sample {
  readonly atMs: number
  /** Events with an outcome. */
  readonly outcomes: number
  readonly verified: number
  readonly commits: number
  readonly cpu: CpuSeconds
}

export interface Parties {
  readonly rig: Rig
  readonly subject: RunningSubject
  readonly simulator: SimulatorProcess
}

/** Reads /metrics of the subject and the process table. */
export async function takeSample({ rig, subject, simulator }: Parties): Promise<Sample> {
  const text = await (await fetch(`${subject.opsUrl}/metrics`)).text()
  const { user, system } = process.cpuUsage()
  return {
    atMs: performance.now(),
    outcomes: sumOf(text, /^attestr_outcomes_total(?:\{[^}]*\})? (\S+)$/gm),
    verified: sumOf(text, /^attestr_outcomes_total\{[^}]*outcome="verified"[^}]*\} (\S+)$/gim),
    commits: sumOf(text, /^attestr_commits_total (\S+)$/gm),
    cpu: {
      subject: sumOf(text, /^process_cpu_seconds_total (\S+)$/gm),
      simulator: processCpu(simulator.child.pid),
      broker: processCpu(rig.stack.broker?.pid ?? -1),
      bench: (user + system) / 1e6,
      machine: machineCpu(),
    },
  }
}

function sumOf(text: string, pattern: RegExp): number {
  let sum = 0
  for (const [, value] of text.matchAll(pattern)) sum += Number(value)
  return sum
}

export interface WatchLimits {
  /** Ends when so many events have an outcome, */
  readonly count: number
  /** or after so long; a subject that moves nothing for half a minute is a fault either way. */
  readonly maxMs: number
}

const STALLED_MS = 30_000

/** Samples until the limits. Throws when the subject ends or stalls. */
export async function watch(parties: Parties, { count, maxMs }: WatchLimits): Promise<Sample[]> {
  const samples: Sample[] = []
  const startedAt = performance.now()
  let movedAt = startedAt
  for (let tick = 1; ; tick += 1) {
    const { subject } = parties
    if (subject.child.ended() !== null)
      throw new Error(`the subject ended by itself with ${subject.child.ended()}:\n${subject.child.output()}`)
    const sample = await takeSample(parties)
    if (sample.outcomes > (samples.at(-1)?.outcomes ?? 0)) movedAt = sample.atMs
    samples.push(sample)
    if (sample.outcomes >= count || sample.atMs - startedAt > maxMs) return samples
    if (sample.atMs - movedAt > STALLED_MS)
      throw new Error(`stalled at ${sample.outcomes} of ${count} events:\n${subject.child.output()}`)
    await delay(Math.max(0, startedAt + tick * SAMPLE_MS - performance.now()))
  }
}

/** Start-up and end are left out: code not yet compiled, partitions that have run dry. */
const FROM = 0.45
const TO = 0.95

export interface WindowFigures {
  readonly seconds: number
  readonly eventsPerSecond: number
  /** Infinite where commits are not counted. */
  readonly eventsPerCommit: number
  /** Microseconds an event, by process. */
  readonly cpuMicros: Omit<CpuSeconds, 'machine'>
  /** Cores that other processes of the machine kept busy. */
  readonly othersCores: number
  /** `performance.now()` of its ends. */
  readonly fromMs: number
  readonly toMs: number
}

/** Figures of the middle of a run. Throws when it holds fewer than four samples. */
export function windowFigures(samples: readonly Sample[], count: number): WindowFigures {
  const inside = samples.filter(({ outcomes }) => outcomes >= FROM * count && outcomes <= TO * count)
  const first = inside[0]
  const last = inside.at(-1)
  if (first === undefined || last === undefined || inside.length < 4)
    throw new Error(`the run was too short to be measured: ${inside.length} samples in the window`)
  const events = last.outcomes - first.outcomes
  const seconds = (last.atMs - first.atMs) / 1000
  const used = (of: keyof CpuSeconds): number => last.cpu[of] - first.cpu[of]
  const micros = (of: keyof CpuSeconds): number => (used(of) * 1e6) / events
  const ours = used('subject') + used('simulator') + used('broker') + used('bench')
  return {
    seconds,
    eventsPerSecond: slope(inside.map(({ atMs, outcomes }) => ({ x: atMs / 1000, y: outcomes }))),
    eventsPerCommit: events / (last.commits - first.commits),
    cpuMicros: {
      subject: micros('subject'),
      simulator: micros('simulator'),
      broker: micros('broker'),
      bench: micros('bench'),
    },
    othersCores: Math.max(0, (used('machine') - ours) / seconds),
    fromMs: first.atMs,
    toMs: last.atMs,
  }
}

/** Load average before a run, and a line for the progress. */
export function noteLoad(say: (line: string) => void, what: string): number {
  const now = load()
  say(`${what} (load ${now.toFixed(1)})`)
  return now
}
