import { type Spread, spreadOf } from './statistics.js'

/** Of each topic that is read or written. */
export const PARTITIONS = 12

/** Calls at once, and how long each takes at the API (nominal). */
export interface Cell {
  readonly concurrency: number
  readonly latencyMs: number
}

export const CELLS: readonly Cell[] = [
  { concurrency: 16, latencyMs: 50 },
  { concurrency: 64, latencyMs: 50 },
  { concurrency: 256, latencyMs: 50 },
  { concurrency: 64, latencyMs: 0 },
]

export const SUBJECTS = ['exactly-once', 'at-least-once', 'each-batch', 'each-message'] as const
export type Subject = (typeof SUBJECTS)[number]
export type Delivery = 'exactly-once' | 'at-least-once'
export type Baseline = Exclude<Subject, Delivery>

export const SUBJECT_TEXTS: Readonly<Record<Subject, string>> = {
  'exactly-once': 'exactly-once',
  'at-least-once': 'at-least-once',
  'each-batch': 'kafkajs `eachBatch` + p-limit',
  'each-message': 'kafkajs `eachMessage`',
}

export const isBaseline = (subject: Subject): subject is Baseline =>
  subject === 'each-batch' || subject === 'each-message'

export const nameOf = ({ concurrency, latencyMs }: Cell): string => `${concurrency}x${latencyMs}`

export const sameCell = (a: Cell, b: Cell): boolean => nameOf(a) === nameOf(b)

/** `64x50`: concurrency, then milliseconds. Null when it is not that. */
export function parseCell(text: string): Cell | null {
  const match = /^(\d{1,4})x(\d{1,5})$/.exec(text)
  const concurrency = Number(match?.[1] ?? 0)
  return match === null || concurrency === 0 ? null : { concurrency, latencyMs: Number(match[2]) }
}

/** Events a second, from calls in flight alone. Infinite without latency. */
export const callBound = ({ concurrency }: Cell, latencyMs: number): number =>
  latencyMs === 0 ? Number.POSITIVE_INFINITY : (concurrency * 1000) / latencyMs

/** What this kind of machine does at best, for the length of a run only: no figure rests on it. */
const GUESSES: Readonly<Record<Subject, number>> = {
  'exactly-once': 4_000,
  'at-least-once': 4_000,
  'each-batch': 1_100,
  'each-message': 250,
}

/** Events for a run of about so many seconds. */
export function eventsFor(cell: Cell, subject: Subject, seconds: number): number {
  const rate = Math.min(callBound(cell, cell.latencyMs), GUESSES[subject])
  return Math.max(100, Math.round((rate * seconds) / 100) * 100)
}

export interface CellRuns<Run> {
  readonly cell: Cell
  readonly subject: Subject
  readonly runs: readonly Run[]
}

/** Runs by cell and subject, in the order of their first run. */
export function grouped<Run extends { readonly cell: Cell; readonly subject: Subject }>(
  runs: readonly Run[],
): CellRuns<Run>[] {
  const groups = new Map<string, { cell: Cell; subject: Subject; runs: Run[] }>()
  for (const run of runs) {
    const key = `${nameOf(run.cell)} ${run.subject}`
    const group = groups.get(key) ?? { cell: run.cell, subject: run.subject, runs: [] }
    group.runs.push(run)
    groups.set(key, group)
  }
  return [...groups.values()]
}

export const spreadBy = <Run>(runs: readonly Run[], of: (run: Run) => number): Spread =>
  spreadOf(runs.map(of))
