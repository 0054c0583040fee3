import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { nameOf } from './cells.js'
import type { Options } from './options.js'
import type { Rig } from './rig.js'
import { table } from './table.js'
import { runThroughput, type ThroughputRun } from './throughput.js'

interface ProfileNode {
  readonly id: number
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
  readonly children?: readonly number[]
}

interface CpuProfile {
  readonly nodes: readonly ProfileNode[]
  /** Microseconds of the monotonic clock. */
  readonly startTime: number
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

/** One exactly-once run of the cell with most calls under the profiler of V8: where its CPU goes. Out: tables, markdown. */
export async function runProfile(rig: Rig, options: Options): Promise<string> {
  const [first, ...others] = options.cells
  if (first === undefined) throw new Error('there is no cell to profile')
  const cell = others.reduce((most, one) => (one.concurrency > most.concurrency ? one : most), first)
  const folder = mkdtempSync(join(rig.folder, 'profile-'))
  const nodeOptions = ['--cpu-prof', `--cpu-prof-dir=${folder}`]
  const run = await runThroughput(rig, { ...options, cell, subject: 'exactly-once', nodeOptions })
  const [file] = readdirSync(folder)
  if (file === undefined) throw new Error('the connector left no profile')
  const profile = JSON.parse(readFileSync(join(folder, file), 'utf8')) as CpuProfile
  const shares = sharesOf(profile, run)
  const micros = run.cpuMicros.subject
  const head = `## Profile\n\n${nameOf(cell)} exactly-once: ${run.eventsPerSecond.toFixed(0)} events/s, ${micros.toFixed(0)} us CPU an event with the profiler on, ${run.eventsPerCommit.toFixed(1)} events a commit. Samples are of wall time, so shares are only good on a quiet machine; us/event is the share of the CPU that the system counted, helper threads of node included.`
  return [
    `${head}\n`,
    'By package and folder; what node itself does is counted for whoever called it:\n',
    sharesTable('part', shares.parts, shares.busy, run),
    'By file of ours and package, and by module of node, where the time is spent itself:\n',
    sharesTable('module', shares.modules, shares.busy, run),
    'By function, spent in it itself:\n',
    sharesTable('function', shares.functions, shares.busy, run),
  ].join('\n')
}

interface Shares {
  /** Microseconds. */
  readonly busy: number
  readonly parts: ReadonlyMap<string, number>
  readonly modules: ReadonlyMap<string, number>
  readonly functions: ReadonlyMap<string, number>
}

/** Only the samples of the measured window count. */
function sharesOf(profile: CpuProfile, { fromMs, toMs }: ThroughputRun): Shares {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]))
  const parents = new Map<number, number>()
  for (const node of profile.nodes) for (const child of node.children ?? []) parents.set(child, node.id)
  const owners = new Map<number, string>()
  const ownerOf = (id: number): string => {
    const known = owners.get(id)
    if (known !== undefined) return known
    const node = nodes.get(id)
    const parent = parents.get(id)
    const own = node === undefined ? null : partOf(node.callFrame.url)
    const owner = own ?? (parent === undefined ? 'node itself' : ownerOf(parent))
    const shown = isEngine(node) ? (node?.callFrame.functionName ?? '') : owner
    owners.set(id, shown)
    return shown
  }
  // The clock of the profiler is the one of process.hrtime; performance.now counts from the start of this process.
  const offset = Number(process.hrtime.bigint() / 1000n) - performance.now() * 1000
  const [from, to] = [fromMs * 1000 + offset, toMs * 1000 + offset]
  const shares = {
    parts: new Map<string, number>(),
    modules: new Map<string, number>(),
    functions: new Map<string, number>(),
  }
  let busy = 0
  let at = profile.startTime
  for (const [index, id] of profile.samples.entries()) {
    const delta = profile.timeDeltas[index] ?? 0
    at += delta
    const node = nodes.get(id)
    if (at < from || at > to || node === undefined || node.callFrame.functionName === '(idle)') continue
    busy += delta
    add(shares.parts, ownerOf(id), delta)
    add(shares.modules, moduleOf(node), delta)
    add(shares.functions, functionOf(node), delta)
  }
  return { busy, ...shares }
}

const add = (into: Map<string, number>, key: string, micros: number): void => {
  into.set(key, (into.get(key) ?? 0) + micros)
}

const isEngine = (node: ProfileNode | undefined): boolean =>
  node?.callFrame.functionName === '(garbage collector)' || node?.callFrame.functionName === '(program)'

/** A package, or a folder of ours; null for node itself. */
function partOf(url: string): string | null {
  const dependency = /node_modules\/((?:@[^/]+\/)?[^/]+)(?!.*node_modules)/.exec(url)?.[1]
  if (dependency !== undefined) return dependency
  const own = /\/dist\/((?:io\/)?[^/]+)/.exec(url)?.[1]
  return own === undefined ? null : `attestr-kafka ${own.replace(/\.js$/, '')}`
}

function moduleOf({ callFrame: { url, functionName } }: ProfileNode): string {
  if (url === '') return functionName.startsWith('(') ? functionName : 'built in'
  return /\/dist\/(.+)$/.exec(url)?.[1] ?? partOf(url) ?? url
}

function functionOf(node: ProfileNode): string {
  const { functionName, url, lineNumber } = node.callFrame
  const inPackage = /node_modules\/(?!.*node_modules)(.+)$/.exec(url)?.[1]
  const place = inPackage ?? moduleOf(node)
  return `${functionName || '(anonymous)'} ${url === '' ? 'built in' : `${place}:${lineNumber + 1}`}`
}

const SHOWN = 25

function sharesTable(
  name: string,
  shares: ReadonlyMap<string, number>,
  busy: number,
  run: ThroughputRun,
): string {
  const sorted = [...shares].sort((a, b) => b[1] - a[1]).slice(0, SHOWN)
  const rows = sorted.map(([part, micros]) => [
    part,
    `${((100 * micros) / busy).toFixed(1)} %`,
    ((micros / busy) * run.cpuMicros.subject).toFixed(1),
  ])
  return table([name, 'share', 'us/event'], rows)
}
