import { type SpawnOptions, spawn, spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

export type Env = Readonly<Record<string, string | undefined>>

export type CommandResult = { readonly ok: boolean; readonly output: string }

/**
 * Runs a command to its end, within a bound.
 *
 * In:  timeoutMs  the command is killed then and counts as failed
 *      onOutput   hears each piece of text as it comes
 * Out: ok, when it ended with 0; output, both streams, its last 64 KB
 */
export function runCommand(
  command: string,
  args: readonly string[],
  options: {
    env: Env
    timeoutMs: number
    cwd?: string
    signal?: AbortSignal
    onOutput?: (text: string) => void
  },
): Promise<CommandResult> {
  return new Promise((resolve) => {
    const spawnOptions: SpawnOptions = {
      env: { ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: options.timeoutMs,
      killSignal: 'SIGKILL',
    }
    if (options.cwd !== undefined) spawnOptions.cwd = options.cwd
    if (options.signal !== undefined) spawnOptions.signal = options.signal
    const child = spawn(command, args, spawnOptions)
    let output = ''
    const hear = (chunk: Buffer): void => {
      const text = chunk.toString('utf8')
      output = (output + text).slice(-65_536)
      options.onOutput?.(text)
    }
    child.stdout?.on('data', hear)
    child.stderr?.on('data', hear)
    child.once('error', (error) => resolve({ ok: false, output: output || error.message }))
    child.once('close', (code) => resolve({ ok: code === 0, output }))
  })
}

/**
 * Says when a process began, so that a pid used again by another process is told apart.
 *
 * Out: an opaque text that no other process of this pid has; null when there is no such process
 */
export function processStart(pid: number): string | null {
  if (process.platform !== 'linux') {
    const { stdout } = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' })
    return stdout?.trim() || null
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name in parentheses may hold blanks: the fields are counted from behind it. Field 3 is the state, 22 the start.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (fields[0] === 'Z') return null
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    return `${boot}/${fields[19]}`
  } catch {
    return null
  }
}

/**
 * Finds the processes of this machine that were started with exactly this argument.
 *
 * In:  argument  holds a random id, so that a process which has it is one of ours, whatever its pid
 * Out: their pids
 */
export function processesWithArgument(argument: string): readonly number[] {
  if (process.platform !== 'linux') {
    const { stdout } = spawnSync('ps', ['-axww', '-o', 'pid=,command='], {
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
    })
    return (stdout ?? '').split('\n').flatMap((line) => {
      const [pid, ...args] = line.trim().split(/\s+/)
      return args.includes(argument) && isJava(args[0]) ? [Number(pid)] : []
    })
  }
  return readdirSync('/proc').flatMap((entry) => {
    if (!/^\d+$/.test(entry)) return []
    try {
      const args = readFileSync(`/proc/${entry}/cmdline`, 'utf8').split('\0')
      return args.includes(argument) && isJava(args[0]) ? [Number(entry)] : []
    } catch {
      return []
    }
  })
}

function isJava(command: string | undefined): boolean {
  return command !== undefined && /(^|\/)java$/.test(command)
}

/** Sends a signal. Out: false when there is no such process any more. */
export function sendSignal(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}

/** Waits until a process has ended. Out: false when it had not within the time. */
export async function waitForEnd(pid: number, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs
  while (processStart(pid) !== null) {
    if (performance.now() > deadline) return false
    await delay(20)
  }
  return true
}
