/** Memory and handles of a process over time: read in it, after a collection of all garbage, and judged by regression. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fitLine, type Line, type Point } from './series.js'

const HOUR_MS = 3_600_000
const MAX_MB_AN_HOUR = 1
/** Connections come and go with the load. */
const MAX_MORE_HANDLES = 24
/** A shorter run is too short to tell a slope from noise. */
const JUDGED_FROM_MS = 1_800_000
/** The first quarter is warm-up. */
const TAIL = 0.75

export interface Reading {
  /** since the first one */
  readonly atMs: number
  /** resident memory */
  readonly rssMb: number
  /** the heap in use and what it holds outside of itself */
  readonly liveMb: number
  /** open files and connections */
  readonly handles: number
}

export interface MemoryWatch {
  /** what the process to be watched imports at its start */
  readonly module: string
  /** Readings count from now, and are those of this process. */
  begin(pid: number): void
  readings(): readonly Reading[]
  stop(): void
}

/** In: `everyMs` between two readings. */
export function startMemoryWatch(everyMs: number): MemoryWatch {
  const folder = mkdtempSync(join(tmpdir(), 'attestr-memory-'))
  const file = join(folder, 'readings')
  let [own, skipped] = [0, 0]
  const lines = (): Written[] => {
    const text = readFileSync(file, 'utf8').split('\n').slice(0, -1)
    return text.map((line) => JSON.parse(line) as Written).filter(({ pid }) => pid === own)
  }
  return {
    module: watchModule(file, everyMs),
    begin(pid) {
      own = pid
      skipped = lines().length
    },
    readings() {
      const counted = lines().slice(skipped)
      return counted.map(({ at, rss, live, handles }) => ({
        ...{ atMs: at - (counted[0]?.at ?? at), rssMb: rss / 1e6, liveMb: live / 1e6, handles },
      }))
    },
    stop: () => rmSync(folder, { recursive: true, force: true }),
  }
}

interface Written {
  readonly pid: number
  readonly at: number
  readonly rss: number
  readonly live: number
  readonly handles: number
}

/** Collects all garbage once in a while and writes down what stays: without that, a slope is that of the collector. */
function watchModule(file: string, everyMs: number): string {
  const code = [
    "import { appendFileSync, readdirSync } from 'node:fs'",
    "import { setFlagsFromString } from 'node:v8'",
    "import { runInNewContext } from 'node:vm'",
    "setFlagsFromString('--expose-gc'); const collect = runInNewContext('gc')",
    `const file = ${JSON.stringify(file)}; appendFileSync(file, '')`,
    'const read = () => { collect(); const { rss, heapUsed, external } = process.memoryUsage()',
    "const handles = readdirSync('/proc/self/fd').length",
    'const line = { pid: process.pid, at: Date.now(), rss, live: heapUsed + external, handles }',
    "appendFileSync(file, JSON.stringify(line) + '\\n') }",
    `setInterval(read, ${Math.round(everyMs)}).unref()`,
  ].join('\n')
  return `data:text/javascript,${encodeURIComponent(code)}`
}

export interface Memory {
  /** MB an hour */
  readonly rss: Line
  /** MB an hour */
  readonly live: Line
  readonly rssFrom: number
  readonly rssTo: number
  /** the most in the first and in the last third */
  readonly handlesFirst: number
  readonly handlesLast: number
}

/** The last three quarters of the readings. */
export function memoryOf(readings: readonly Reading[]): Memory {
  const tail = readings.slice(Math.floor(readings.length * (1 - TAIL)))
  const by = (value: (reading: Reading) => number): Line =>
    fitLine(tail.map((one): Point => ({ x: one.atMs / HOUR_MS, y: value(one) })))
  const sizes = tail.map(({ rssMb }) => rssMb)
  const third = Math.ceil(tail.length / 3)
  const most = (part: readonly Reading[]): number => Math.max(...part.map(({ handles }) => handles))
  return {
    ...{ rss: by(({ rssMb }) => rssMb), live: by(({ liveMb }) => liveMb) },
    ...{ rssFrom: Math.min(...sizes), rssTo: Math.max(...sizes) },
    ...{ handlesFirst: most(tail.slice(0, third)), handlesLast: most(tail.slice(-third)) },
  }
}

export function memoryFaults({ rss, live, handlesFirst, handlesLast }: Memory, forMs: number): string[] {
  if (Number.isNaN(rss.error)) return ['there were too few readings']
  const isJudged = forMs >= JUDGED_FROM_MS
  const grows = (name: string, { slope }: Line): string[] =>
    isJudged && slope >= MAX_MB_AN_HOUR ? [`${name} grows by ${slope.toFixed(2)} MB an hour`] : []
  return [
    ...grows('RSS', rss),
    ...grows('live memory', live),
    ...(handlesLast - handlesFirst > MAX_MORE_HANDLES
      ? [`handles went from ${handlesFirst} to ${handlesLast}`]
      : []),
  ]
}

export function memoryFigures(memory: Memory, forMs: number): string[] {
  const { rss, live, rssFrom, rssTo, handlesFirst, handlesLast } = memory
  const note = forMs < JUDGED_FROM_MS ? ' (too short to be judged)' : ''
  const slope = ({ slope, error }: Line): string =>
    `slope ${slope.toFixed(2)} MB an hour, standard error ${error.toFixed(2)}${note}`
  return [
    `RSS ${rssFrom.toFixed(0)} to ${rssTo.toFixed(0)} MB`,
    `RSS ${slope(rss)}`,
    `live memory ${slope(live)}`,
    `handles at most ${handlesFirst} in the first and ${handlesLast} in the last third`,
  ]
}
