import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brokerAnswers, freePorts, registryAnswers } from './probe.js'
import { type Env, runCommand } from './processes.js'
import type { Run } from './runs.js'
import { createJavaServer, type JavaServer } from './server.js'
import {
  brokerArguments,
  brokerProperties,
  formatArguments,
  type Places,
  registryArguments,
  registryPath,
} from './settings.js'
import { StackUnavailable } from './unavailable.js'

const oldestJava = 17

export type JavaStack = {
  readonly brokers: readonly string[]
  readonly registryUrl: string
  readonly broker: JavaServer
  readonly registry: JavaServer
  /** The port of the second door, where there is one. */
  readonly behind: number | null
}

/**
 * Finds a Java that can run the stack.
 *
 * In:  env  JAVA_HOME is tried first, then PATH
 * Out: the command and its version, the newest too old one when none is good enough, null when there is none
 */
export async function findJava(
  env: Env,
): Promise<{ command: string; version: number; usable: boolean } | null> {
  const home = env['JAVA_HOME']
  const candidates = home === undefined || home === '' ? ['java'] : [join(home, 'bin', 'java'), 'java']
  let best: { command: string; version: number; usable: boolean } | null = null
  for (const command of candidates) {
    const { ok, output } = await runCommand(command, ['-version'], { env, timeoutMs: 10_000 })
    const match = /version "(?:1\.)?(\d+)/.exec(output)
    if (!ok || match === null) continue
    const version = Number(match[1])
    if (best === null || version > best.version) best = { command, version, usable: version >= oldestJava }
    if (best.usable) return best
  }
  return best
}

/** What to say when `findJava` found none, or one too old. */
export function javaMissing(found: { version: number } | null): StackUnavailable {
  const what = found === null ? 'there is none' : `the one found is ${found.version}`
  return new StackUnavailable(
    `the local stack needs Java ${oldestJava} or later, and ${what}`,
    `install Java ${oldestJava} or later and Maven, or start Docker, or set KAFKA_BROKERS and SCHEMA_REGISTRY_URL`,
  )
}

/**
 * Starts broker and registry side by side as Java processes.
 *
 * In:     run     its folder gets everything they write
 *         jars    the folder from ensureJars
 *         advertised  a port under which clients are to find the broker through something in between
 *         longLived  the broker is to work hard for long
 *         onServers  hears of both before they are started, so that the caller can end them whatever happens
 * Out:    both answer
 * Throws: StackUnavailable, with the end of the log of what did not come up; the signal's reason
 */
export async function startJava(options: {
  java: string
  jars: string
  settings: string
  run: Run
  env: Env
  signal?: AbortSignal | undefined
  advertised?: number | undefined
  longLived: boolean
  onServers: (servers: readonly JavaServer[]) => void
}): Promise<JavaStack> {
  const { java, run, signal, advertised } = options
  const env = serverEnv(options.env)
  const places: Places = { jars: options.jars, settings: options.settings, run: run.folder, mark: run.mark }
  const [brokerPort = 0, controllerPort = 0, registryPort = 0, behind = 0] = await freePorts(4)
  const detour = advertised === undefined ? null : { behind, advertised }
  const ports = { broker: brokerPort, controller: controllerPort, registry: registryPort }
  mkdirSync(join(run.folder, 'tmp'), { recursive: true })
  writeFileSync(join(run.folder, 'server.properties'), brokerProperties(places, ports, detour))
  const registryUrl = `http://127.0.0.1:${ports.registry}${registryPath}`
  const shared = { java, env, folder: run.folder }
  const broker = createJavaServer({
    ...shared,
    name: 'broker',
    args: brokerArguments(places, options.longLived),
    logFile: join(run.folder, 'broker.log'),
    answers: () => brokerAnswers('127.0.0.1', ports.broker),
  })
  const registry = createJavaServer({
    ...shared,
    name: 'schema registry',
    args: registryArguments(places, registryJar(options.jars), ports.registry),
    logFile: join(run.folder, 'registry.log'),
    answers: () => registryAnswers(registryUrl),
  })
  options.onServers([broker, registry])
  const startBroker = async (): Promise<void> => {
    await format(java, places, env, signal)
    await broker.start(signal)
  }
  // Both are waited for, so that neither is still starting when the caller clears up after the other.
  const outcomes = await Promise.allSettled([registry.start(signal), startBroker()])
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  const brokers = [`127.0.0.1:${ports.broker}`]
  return { brokers, registryUrl, broker, registry, behind: detour?.behind ?? null }
}

/**
 * The environment of the servers. They read settings from it by name, and secrets of the connector are none of theirs,
 * so they get what Java needs and no more.
 */
function serverEnv(env: Env): Env {
  const names = ['PATH', 'HOME', 'JAVA_HOME', 'LANG', 'LC_ALL', 'TZ', 'LD_LIBRARY_PATH']
  return Object.fromEntries(names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])))
}

async function format(
  java: string,
  places: Places,
  env: Env,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { ok, output } = await runCommand(java, formatArguments(places), {
    env,
    timeoutMs: 60_000,
    ...(signal === undefined ? {} : { signal }),
  })
  signal?.throwIfAborted()
  if (!ok) {
    throw new StackUnavailable(
      `the local broker's folder could not be formatted: ${output.trim().split('\n').at(-1) ?? ''}`,
      'check that the disk has room and the cache folder can be written',
    )
  }
}

function registryJar(jars: string): string {
  const folder = join(jars, 'registry')
  const jar = readdirSync(folder).find((name) => name.endsWith('-runner.jar'))
  if (jar === undefined) {
    throw new StackUnavailable(
      `${folder} has no runner jar`,
      `remove ${jars}: the next start fetches it again`,
    )
  }
  return join(folder, jar)
}
