import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { untilAnswers } from './probe.js'
import { type Env, sendSignal } from './processes.js'
import { StackUnavailable } from './unavailable.js'

/** A broker or a registry that tests may hurt. */
export type Server = {
  /** The process now running; null when it has ended, or lives in a container. */
  readonly pid: number | null
  /** Sends a signal, SIGKILL without one. After one that ends a process it resolves when the process has ended. */
  readonly kill: (signal?: NodeJS.Signals) => Promise<void>
  /** Ends the process, if it still runs, starts it again on the same port and data, and resolves when it answers. */
  readonly restart: () => Promise<void>
}

export type JavaServer = Server & {
  readonly start: (signal?: AbortSignal) => Promise<void>
  /** Without waiting: for the exit of this process. */
  readonly killNow: () => void
}

/** Far over what a start takes: on a machine with other work it takes several times as long. */
const readyTimeoutMs = 120_000
const endTimeoutMs = 20_000
const ending: ReadonlySet<NodeJS.Signals> = new Set(['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP'])

/**
 * Holds one Java server: starts it, hurts it, starts it again.
 *
 * In:  name     for messages
 *      logFile  gets what it prints
 *      answers  the probe that says it is ready
 */
export function createJavaServer(options: {
  name: string
  java: string
  args: readonly string[]
  folder: string
  logFile: string
  env: Env
  answers: () => Promise<boolean>
}): JavaServer {
  let child: ChildProcess | null = null
  const livePid = (): number | null =>
    child !== null && child.exitCode === null && child.signalCode === null ? (child.pid ?? null) : null

  const start = async (signal?: AbortSignal): Promise<void> => {
    const log = openSync(options.logFile, 'a')
    // Its own process group: Ctrl-C at a terminal goes to the connector, which drains while the broker still lives.
    const spawned = spawn(options.java, [...options.args], {
      cwd: options.folder,
      env: { ...options.env },
      detached: true,
      stdio: ['ignore', log, log],
    })
    closeSync(log)
    child = spawned
    let failed = false
    spawned.once('error', () => {
      failed = true
    })
    // The stack alone is no reason for a process to stay alive.
    spawned.unref()
    const ended = (): boolean => failed || livePid() === null
    const outcome = await untilAnswers(options.answers, { timeoutMs: readyTimeoutMs, ended, signal })
    if (outcome !== 'yes') throw notReady(options.name, outcome, options.logFile)
  }

  const kill = async (signal: NodeJS.Signals = 'SIGKILL'): Promise<void> => {
    const target = child
    const pid = livePid()
    if (target === null || pid === null) return
    sendSignal(pid, signal)
    if (!ending.has(signal)) return
    // A frozen process hears nothing but SIGKILL until it goes on.
    sendSignal(pid, 'SIGCONT')
    if (await hasEnded(target)) return
    sendSignal(pid, 'SIGKILL')
    await hasEnded(target)
  }

  return {
    get pid() {
      return livePid()
    },
    start,
    kill,
    restart: async () => {
      await kill('SIGTERM')
      await start()
    },
    killNow: () => {
      const pid = livePid()
      if (pid !== null) sendSignal(pid, 'SIGKILL')
    },
  }
}

/** Waits for the exit of a child. Out: false when it did not come within the time. */
function hasEnded(child: ChildProcess): Promise<boolean> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(true)
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), endTimeoutMs)
    child.once('exit', () => {
      clearTimeout(timer)
      resolve(true)
    })
  })
}

function notReady(name: string, outcome: 'ended' | 'timeout', logFile: string): StackUnavailable {
  const what =
    outcome === 'ended' ? 'ended while starting' : `did not answer within ${readyTimeoutMs / 1_000} s`
  return new StackUnavailable(
    `the local ${name} ${what}${lastWords(logFile)}`,
    'start again; free memory if it was short',
  )
}

function lastWords(logFile: string): string {
  const lines = readFileSync(logFile, 'utf8').trim().split('\n').slice(-8)
  return lines.join('') === ''
    ? ''
    : `; its log ends:\n${lines.map((line) => `  ${line.slice(0, 300)}`).join('\n')}`
}
