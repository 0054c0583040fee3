import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Cell, callBound, isBaseline, type Subject, sameCell, spreadBy } from './cells.js'
import { type IdleRun, runIdle } from './idle.js'
import { type LatencyRun, runLatency } from './latency.js'
import { type Machine, readMachine } from './machine.js'
import { type MemoryRun, runMemory } from './memory.js'
import type { Options } from './options.js'
import { runProfile } from './profile.js'
import { reportText } from './report.js'
import { openRig, type Rig } from './rig.js'
import { ROOT } from './root.js'
import { runSettings, type SettingsRuns } from './settings.js'
import { runSimulatorRate, type SimulatorRate } from './simulator-rate.js'
import { runThroughput, type ThroughputRun } from './throughput.js'

/** All that was measured so far. */
export interface Results {
  readonly options: Options
  readonly machine: Machine
  readonly startedAt: Date
  /** Of a stack that was started here; null: it was given. */
  readonly stackSeconds: number | null
  simulator: SimulatorRate | null
  readonly throughput: ThroughputRun[]
  /** Tables, markdown. */
  profile: string | null
  settings: SettingsRuns | null
  readonly latency: LatencyRun[]
  memory: MemoryRun | null
  idle: IdleRun | null
}

type Say = (line: string) => void

export async function runAll(options: Options, say: Say): Promise<void> {
  const rig = await openRig(say)
  try {
    const results: Results = {
      ...{ options, machine: readMachine(rig.stack.kind), startedAt: new Date() },
      stackSeconds: rig.stack.kind === 'given' ? null : rig.stackSeconds,
      ...{
        simulator: null,
        throughput: [],
        profile: null,
        settings: null,
        latency: [],
        memory: null,
        idle: null,
      },
    }
    const save = createSave(results)
    const { parts } = options
    if (parts.has('simulator')) results.simulator = await runSimulatorRate(rig)
    save()
    if (parts.has('throughput')) await measureThroughput(rig, results, save)
    if (parts.has('profile')) results.profile = await runProfile(rig, options)
    save()
    if (parts.has('settings')) results.settings = await runSettings(rig, options)
    save()
    if (parts.has('latency')) await measureLatency(rig, results, save)
    if (parts.has('memory'))
      results.memory = await runMemory(rig, { ...options, seconds: options.memorySeconds })
    save()
    if (parts.has('idle')) results.idle = await runIdle(rig, options)
    say(`results are in ${save()}`)
    if (!options.whole) process.stdout.write(reportText(results))
  } finally {
    await rig.close()
  }
}

/** Written after each step: what was measured is not lost with a later fault. Out: the file. */
function createSave(results: Results): () => string {
  const { out, whole } = results.options
  const usual = new URL(whole ? 'bench/RESULTS.md' : 'bench/dist/RESULTS.md', ROOT)
  const file = out ?? fileURLToPath(usual)
  return () => {
    writeFileSync(file, reportText(results))
    return file
  }
}

async function measureThroughput(rig: Rig, results: Results, save: () => void): Promise<void> {
  const { options, throughput } = results
  const run = async (cell: Cell, subject: Subject): Promise<void> => {
    throughput.push(await runThroughput(rig, { ...options, cell, subject }))
    save()
  }
  const warmed = new Set<number>()
  for (const cell of options.cells) {
    if (!warmed.has(cell.latencyMs)) {
      warmed.add(cell.latencyMs)
      rig.say('a run to warm up, not measured:')
      const short = { ...options, seconds: Math.min(4, options.seconds) }
      await runThroughput(rig, { ...short, cell, subject: 'exactly-once' })
    }
    for (let pair = 1; pair <= options.pairs; pair += 1) {
      const order: readonly Subject[] = ['exactly-once', 'at-least-once']
      for (const subject of pair % 2 === 1 ? order : [...order].reverse()) await run(cell, subject)
      if (options.baselines && pair % 2 === 1 && pair < 4) await run(cell, 'each-batch')
    }
    // One fetch at a time, whatever the concurrency: once for each latency is enough.
    const alone = { ...cell, concurrency: 1 }
    const known = throughput.some((one) => one.subject === 'each-message' && sameCell(one.cell, alone))
    if (options.baselines && !known) await run(alone, 'each-message')
  }
}

async function measureLatency(rig: Rig, results: Results, save: () => void): Promise<void> {
  const { options, throughput, latency } = results
  const cells = options.cells.map((cell) => ({
    cell,
    subjects: ['exactly-once', 'at-least-once'] as Subject[],
  }))
  if (options.baselines) for (const { subjects } of cells) subjects.push('each-batch')
  const alone = throughput.filter((run) => run.subject === 'each-message')
  for (const { cell } of alone) cells.push({ cell, subjects: ['each-message'] })
  // A simulator is started for each latency.
  cells.sort((a, b) => b.cell.latencyMs - a.cell.latencyMs)
  for (const { cell, subjects } of cells) {
    for (const subject of subjects) {
      const eventsPerSecond = 0.5 * paceOf(throughput, cell, subject)
      latency.push(
        await runLatency(rig, {
          ...options,
          cell,
          subject,
          eventsPerSecond,
          seconds: options.latencySeconds,
        }),
      )
      save()
    }
  }
}

/** When nothing was measured before. */
const UNKNOWN_CEILING = 3_000

/** The bound of a cell; of a baseline what it was measured to do, since it may stay far below. */
function paceOf(throughput: readonly ThroughputRun[], cell: Cell, subject: Subject): number {
  const measuredAs = isBaseline(subject) ? subject : 'exactly-once'
  const runs = throughput.filter((run) => run.subject === measuredAs)
  const rateOf = (some: readonly ThroughputRun[]): number =>
    some.length === 0 ? UNKNOWN_CEILING : spreadBy(some, ({ eventsPerSecond }) => eventsPerSecond).median
  const own = runs.filter((run) => sameCell(run.cell, cell))
  if (isBaseline(subject)) return rateOf(own)
  const ceiling = runs.filter((run) => run.cell.latencyMs === 0)
  return Math.min(callBound(cell, cell.latencyMs), rateOf(ceiling.length > 0 ? ceiling : own))
}
