import { parseArgs } from 'node:util'
import { EVENT_FORMS, type EventForm } from './backlog.js'
import { CELLS, type Cell, parseCell } from './cells.js'

export const PARTS = ['simulator', 'throughput', 'profile', 'settings', 'latency', 'memory', 'idle'] as const
export type Part = (typeof PARTS)[number]

export interface Options {
  readonly cells: readonly Cell[]
  readonly parts: ReadonlySet<Part>
  readonly pairs: number
  readonly baselines: boolean
  /** About how long one throughput run is, start-up left out. */
  readonly seconds: number
  readonly latencySeconds: number
  readonly memorySeconds: number
  readonly idleMinutes: number
  readonly form: EventForm
  /** Everything, at full length: only then bench/RESULTS.md is written. */
  readonly whole: boolean
  /** Another file for the results; null: as `whole` says. */
  readonly out: string | null
}

export const USAGE = `npm run bench -- [options]

  (no option)            everything, about an hour; writes bench/RESULTS.md
  --quick                one short pair of each cell and its latency; a smoke test, no figures to quote
  --cells 16x50,64x50    concurrency x API latency in ms; default 16x50,64x50,256x50,64x0
  --parts a,b            of simulator, throughput, profile, settings, latency, memory, idle; default all
  --pairs N              pairs of exactly-once and at-least-once a cell; default 5
  --seconds N            about how long one throughput run is; default 30
  --no-baselines         the connector alone
  --idle-minutes N       default 2; 10 for the full figure
  --events FORM          completed (the whole webhook, 2 KB), reduced or id; default completed
  --out FILE             where the results go; without it a run of parts writes bench/dist/RESULTS.md
`

const OPTIONS = {
  quick: { type: 'boolean' },
  cells: { type: 'string' },
  parts: { type: 'string' },
  pairs: { type: 'string' },
  seconds: { type: 'string' },
  'no-baselines': { type: 'boolean' },
  'idle-minutes': { type: 'string' },
  events: { type: 'string' },
  out: { type: 'string' },
  help: { type: 'boolean' },
} as const

/** Out: null for --help. Throws an Error that says what is wrong. */
export function readOptions(args: readonly string[]): Options | null {
  const { values } = parseArgs({ args: [...args], options: OPTIONS, strict: true })
  if (values.help === true) return null
  const quick = values.quick === true
  const cells = values.cells === undefined ? CELLS : values.cells.split(',').map(cellOf)
  const parts = values.parts?.split(',').map(partOf) ?? (quick ? (['throughput', 'latency'] as const) : PARTS)
  return {
    cells,
    parts: new Set<Part>(parts),
    pairs: numberOf('pairs', values.pairs, quick ? 1 : 5),
    baselines: values['no-baselines'] !== true,
    seconds: numberOf('seconds', values.seconds, quick ? 4 : 30),
    latencySeconds: quick ? 3 : 8,
    memorySeconds: quick ? 15 : 75,
    idleMinutes: numberOf('idle-minutes', values['idle-minutes'], 2),
    form: formOf(values.events ?? 'completed'),
    whole: Object.keys(values).every((name) => name === 'idle-minutes' || name === 'out'),
    out: values.out ?? null,
  }
}

function cellOf(text: string): Cell {
  const cell = parseCell(text)
  if (cell === null) throw new Error(`--cells: ${text} is not CONCURRENCYxMILLISECONDS`)
  return cell
}

function partOf(text: string): Part {
  const part = PARTS.find((name) => name === text)
  if (part === undefined) throw new Error(`--parts: ${text} is none of ${PARTS.join(', ')}`)
  return part
}

function formOf(text: string): EventForm {
  const form = EVENT_FORMS.find((name) => name === text)
  if (form === undefined) throw new Error(`--events: ${text} is none of ${EVENT_FORMS.join(', ')}`)
  return form
}

function numberOf(name: string, text: string | undefined, fallback: number): number {
  const value = text === undefined ? fallback : Number(text)
  if (!(value > 0)) throw new Error(`--${name} must be a number above 0`)
  return value
}
