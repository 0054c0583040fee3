import { type ChildProcess, spawn } from 'node:child_process'

/** Longest wait for the first JSON line of a child, and for its end after SIGTERM. */
const START_MS = 60_000
const STOP_MS = 40_000
const KEPT_CHARS = 4_000

export interface Child {
  readonly pid: number
  /** The first line of output that is a JSON object with this member. Throws when the child ends before it. */
  line(member: string): Promise<Readonly<Record<string, unknown>>>
  /** Null while it runs, then its exit code or signal. */
  ended(): number | string | null
  /** SIGTERM, then waits. Throws when it does not end with 0. */
  stop(): Promise<void>
  /** The last of what it wrote. */
  output(): string
}

const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Starts a node process. It is killed at the latest when this process ends. */
export function startNode(name: string, args: readonly string[]): Child {
  const child = spawn(process.execPath, [...args], {
    env: { ...process.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  const listeners = new Set<(line: string) => void>()
  let kept = ''
  let rest = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    kept = (kept + chunk).slice(-KEPT_CHARS)
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) for (const listener of listeners) listener(line)
  })
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    kept = (kept + chunk).slice(-KEPT_CHARS)
  })
  let end: number | string | null = null
  const closed = new Promise<void>((resolve) => {
    child.once('close', (code, signal) => {
      end = code ?? signal ?? -1
      running.delete(child)
      resolve()
    })
  })
  const failed = (what: string): Error => new Error(`${name} ${what}; it wrote last:\n${kept}`)

  return {
    pid: child.pid ?? -1,
    ended: () => end,
    output: () => kept,
    line: (member) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(failed('did not say that it had started')), START_MS)
        void closed.then(() => {
          clearTimeout(timer)
          reject(failed(`ended with ${end}`))
        })
        const listener = (line: string): void => {
          const value = jsonObject(line)
          if (value === null || !(member in value)) return
          listeners.delete(listener)
          clearTimeout(timer)
          resolve(value)
        }
        listeners.add(listener)
      }),
    async stop() {
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
      await closed
      clearTimeout(timer)
      if (end !== 0) throw failed(`ended with ${end} after SIGTERM`)
    },
  }
}

function jsonObject(line: string): Readonly<Record<string, unknown>> | null {
  if (!line.startsWith('{')) return null
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null
  } catch {
    return null
  }
}
