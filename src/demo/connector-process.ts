import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Environment } from '../config/environment.js'
import { onProcessEnd } from '../stack/process-end.js'

/** The connector as users run it, in a process of its own. */
export interface ConnectorProcess {
  /** Base of the operations endpoint, once it has started; empty when it ended before. */
  readonly opsUrl: Promise<string>
  /** Resolves with how it ended, whoever ended it: `exit code 4`, `SIGKILL`. */
  readonly ended: Promise<string>
  /** The last lines of its log. */
  lastLines(): readonly string[]
  /** SIGTERM and, if that has not ended it in time, SIGKILL. Out: how it ended. */
  stop(withinMs: number): Promise<string>
}

const COMMAND = fileURLToPath(new URL('../../bin/attestr-kafka.js', import.meta.url))
const KEPT_LINES = 200
/** Its standard input ends when the demo does, however that ends: a SIGKILL gives no time to end anything. */
const END_WITH_PARENT =
  'data:text/javascript,process.stdin.once("end",()=>process.kill(process.pid,"SIGKILL")).resume()'

/**
 * Starts `attestr-kafka run`. It ends with this process, also where that is killed.
 *
 * In:  env  what it gets, secrets included
 */
export function startConnectorProcess(configFile: string, env: Environment): ConnectorProcess {
  const child = spawn(
    process.execPath,
    ['--import', END_WITH_PARENT, COMMAND, 'run', '--config', configFile],
    {
      env: { ...env },
      // A group of its own: Ctrl-C at a terminal is for the demo, which ends the connector in order.
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    },
  )
  const forget = onProcessEnd(() => child.kill('SIGKILL'))
  const ended = new Promise<string>((resolve) => {
    child.once('error', () => resolve('not started'))
    child.once('close', (code, signal) => resolve(signal ?? `exit code ${code}`))
  })
  void ended.then(forget)
  const lines: string[] = []
  const started = new Promise<string>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        lines.push(line)
        if (lines.length > KEPT_LINES) lines.shift()
        const port = opsPortOf(line)
        if (port !== null) resolve(`http://127.0.0.1:${port}`)
      })
    }
  })
  return {
    opsUrl: Promise.race([started, ended.then(() => '')]),
    ended,
    lastLines: () => lines.slice(-10),
    stop: (withinMs) => stop(child, ended, withinMs),
  }
}

async function stop(child: ChildProcess, ended: Promise<string>, withinMs: number): Promise<string> {
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), withinMs)
  try {
    return await ended
  } finally {
    clearTimeout(timer)
  }
}

function opsPortOf(line: string): number | null {
  if (!line.includes('"event":"started"')) return null
  const fields: unknown = JSON.parse(line)
  const port = typeof fields === 'object' && fields !== null && 'ops' in fields ? fields.ops : null
  return typeof port === 'number' ? port : null
}
