import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const BIN = fileURLToPath(new URL('../../bin/attestr-kafka.js', import.meta.url))

/** One line of the log. */
export interface LogLine {
  readonly event: string
  readonly [field: string]: unknown
}

/** The command `run` as a process of its own. */
export interface Instance {
  readonly pid: number
  readonly lines: readonly LogLine[]
  /** Everything that was written, both streams. */
  text(): string
  kill(signal: NodeJS.Signals): void
  isAlive(): boolean
  /** Exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>
}

export interface InstanceOptions {
  readonly config: string
  readonly sets?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** The command; that of this package if left out. */
  readonly bin?: string
}

/** Starts `attestr-kafka run`; the operations port is any free one unless the options say otherwise. */
export function startInstance({ config, sets = [], env = {}, bin = BIN }: InstanceOptions): Instance {
  const args = ['run', '--config', config, '--set', 'ops.port=0', ...sets.flatMap((set) => ['--set', set])]
  const child: ChildProcess = spawn(process.execPath, [bin, ...args], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  // Whoever breaks a run off leaves nobody behind.
  const end = (): void => void child.kill('SIGKILL')
  process.once('exit', end)
  child.once('close', () => process.off('exit', end))
  const lines: LogLine[] = []
  const chunks: string[] = []
  let rest = ''
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    chunks.push(chunk)
    const parts = (rest + chunk).split('\n')
    rest = parts.pop() ?? ''
    for (const part of parts) if (part.startsWith('{')) lines.push(JSON.parse(part) as LogLine)
  })
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk))
  const ended = new Promise<number | string>((resolve) =>
    child.once('close', (code, signal) => resolve(code ?? signal ?? -1)),
  )
  return {
    pid: child.pid ?? -1,
    lines,
    text: () => chunks.join(''),
    kill: (signal) => void child.kill(signal),
    isAlive: () => child.exitCode === null && child.signalCode === null,
    ended,
  }
}
