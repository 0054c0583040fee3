import { randomUUID } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { processesWithArgument, processStart, sendSignal, waitForEnd } from './processes.js'

/** What a start leaves on disk before it starts anything, so that the next start finds what outlived it. */
type RunState = {
  readonly id: string
  readonly host: string
  readonly owner: { readonly pid: number; readonly start: string } | null
  readonly kind: 'docker' | 'java'
}

/** One started stack: its folder, with the state file and everything it writes, and the mark its processes carry. */
export type Run = {
  readonly id: string
  readonly folder: string
  /** An argument of every Java process of this run; the id in it is random, so no other process has it. */
  readonly mark: string
  /** Gives up ownership: later starts leave the run alone for as long as its processes live. */
  readonly keep: () => void
  readonly remove: () => void
}

/** Opens a run owned by this process. In: root, the folder of all runs. */
export function createRun(root: string, kind: 'docker' | 'java'): Run {
  const id = randomUUID()
  const folder = join(root, id)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const write = (owner: RunState['owner']): void => {
    const state: RunState = { id, host: hostname(), owner, kind }
    const file = join(folder, 'state.json')
    writeFileSync(`${file}.new`, JSON.stringify(state))
    renameSync(`${file}.new`, file)
  }
  write({ pid: process.pid, start: processStart(process.pid) ?? '' })
  return {
    id,
    folder,
    mark: markOf(id),
    keep: () => write(null),
    remove: () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }),
  }
}

/** The name docker compose gives to what it starts for a run. */
export function composeProjectOf(id: string): string {
  return `attestr-kafka-${id}`
}

function markOf(id: string): string {
  return `-Dattestr.stack=${id}`
}

/**
 * Stops what earlier starts left behind when their process was killed, and removes their folders.
 *
 * A run of a living owner is left alone, and so is one of another host that shares the folder. A process is stopped
 * only when it carries the run's mark, never by a pid read from a file.
 *
 * In:  downCompose  takes a compose project down
 * Out: the number of runs that were cleared away
 */
export async function clearLeftovers(
  root: string,
  downCompose: (project: string) => Promise<boolean>,
): Promise<number> {
  let cleared = 0
  for (const id of runsIn(root)) {
    const state = readState(join(root, id, 'state.json'))
    if (state === null) {
      if (isAbandoned(join(root, id))) rmSync(join(root, id), { recursive: true, force: true })
      continue
    }
    if (state.id !== id || state.host !== hostname()) continue
    const pids = processesWithArgument(markOf(id))
    if (state.owner === null) {
      if (pids.length > 0) continue
    } else if (processStart(state.owner.pid) === state.owner.start) {
      continue
    }
    if (state.kind === 'docker' && !(await downCompose(composeProjectOf(id)))) continue
    for (const pid of pids) sendSignal(pid, 'SIGKILL')
    await Promise.all(pids.map((pid) => waitForEnd(pid, 10_000)))
    rmSync(join(root, id), { recursive: true, force: true, maxRetries: 5 })
    cleared += 1
  }
  return cleared
}

/** A folder without a state file is one whose owner is about to write it, or was killed just before. */
function isAbandoned(folder: string): boolean {
  return (
    Date.now() - (statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? Number.POSITIVE_INFINITY) > 60_000
  )
}

function runsIn(root: string): readonly string[] {
  try {
    return readdirSync(root)
  } catch {
    return []
  }
}

function readState(file: string): RunState | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as RunState
  } catch {
    return null
  }
}
