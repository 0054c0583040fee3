import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { dockerRuns, downCompose, killCompose, startDocker } from './docker.js'
import { ensureJars } from './jars.js'
import { findJava, javaMissing, startJava } from './java.js'
import { onProcessEnd } from './process-end.js'
import type { Env } from './processes.js'
import { clearLeftovers, composeProjectOf, createRun } from './runs.js'
import type { JavaServer, Server } from './server.js'
import { StackUnavailable } from './unavailable.js'

export type Stack = {
  readonly kind: 'given' | 'docker' | 'java'
  /** host:port */
  readonly brokers: readonly string[]
  /** The base of the Confluent API. */
  readonly registryUrl: string
  /** Null when they were given: they are not ours to hurt. */
  readonly broker: Server | null
  readonly registry: Server | null
  /** The port that leads to the broker from behind `StackOptions.advertised`; null without one. */
  readonly behind: number | null
  /** Stops both and removes everything they wrote. Does nothing the second time, and when they were given. */
  readonly stop: () => Promise<void>
  /** Lets both live on after this process. Out: the shell command that stops them, null when they were given. */
  readonly keep: () => string | null
}

export type GivenStack = { readonly brokers: readonly string[]; readonly registryUrl: string }

export type StackOptions = {
  /** PATH, HOME, JAVA_HOME, XDG_CACHE_HOME, KAFKA_BROKERS and SCHEMA_REGISTRY_URL are looked up here, and children get all of it. */
  readonly env: Env
  /** Used instead of what `env` gives. */
  readonly given?: GivenStack | undefined
  /** Hears what is going on, a line at a time. */
  readonly say?: ((line: string) => void) | undefined
  /** The folder of the runs; without one a folder in the user's cache. */
  readonly dir?: string | undefined
  /** Ends the start, not the stack. */
  readonly signal?: AbortSignal | undefined
  /**
   * A port of this machine under which the broker is advertised as well, for something that stands in between: who comes
   * to it by `behind` is sent there for everything else. Only a broker started with Java can do it.
   */
  readonly advertised?: number | undefined
  /** The broker is to work hard for many minutes: it starts slower and is faster later. Only one started with Java hears it. */
  readonly longLived?: boolean
}

const NOT_OURS = { kind: 'given', broker: null, registry: null, behind: null } as const

const root = fileURLToPath(new URL('../../', import.meta.url))
const settings = join(root, 'dev', 'stack')
const composeFile = join(root, 'docker-compose.yml')

/**
 * Gives a Kafka broker and a schema registry: those given, else from Docker, else from Java.
 *
 * In:     see StackOptions
 * Out:    a stack that answers. What was started ends with this process, or at the next start if this one is killed
 * Throws: StackUnavailable with a remedy, after clearing up; the signal's reason
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { env, signal, say = () => {} } = options
  signal?.throwIfAborted()
  const given = options.given ?? givenStack(env)
  if (given !== null) {
    return { ...given, ...NOT_OURS, stop: async () => {}, keep: () => null }
  }
  const cache = cacheFolder(env)
  const runs = options.dir ?? join(cache, 'runs')
  const cleared = await clearLeftovers(runs, (project) => downCompose(env, composeFile, project))
  if (cleared > 0) say('stopped what an earlier run had left behind')
  const start: Start = {
    env,
    say,
    signal,
    runs,
    cache,
    advertised: options.advertised,
    longLived: options.longLived ?? false,
  }
  if (start.advertised === undefined && (await dockerRuns(env, composeFile))) {
    try {
      return await startWithDocker(start)
    } catch (error) {
      if (!(error instanceof StackUnavailable)) throw error
      say(`${error.message}; going on with Java`)
    }
  }
  return startWithJava(start)
}

/**
 * Reads which broker and registry the environment gives.
 *
 * Out:    null when neither is set
 * Throws: StackUnavailable when only one is: half a given stack is a mistake, not a wish
 */
export function givenStack(env: Env): GivenStack | null {
  const brokers = (env['KAFKA_BROKERS'] ?? '').split(',').map((broker) => broker.trim())
  const named = brokers.filter((broker) => broker !== '')
  const registryUrl = env['SCHEMA_REGISTRY_URL'] ?? ''
  if (named.length === 0 && registryUrl === '') return null
  if (named.length === 0 || registryUrl === '') {
    const missing = named.length === 0 ? 'KAFKA_BROKERS' : 'SCHEMA_REGISTRY_URL'
    throw new StackUnavailable(
      `${missing} is not set, but its twin is`,
      'set KAFKA_BROKERS and SCHEMA_REGISTRY_URL, or neither',
    )
  }
  return { brokers: named, registryUrl: registryUrl.replace(/\/+$/, '') }
}

type Start = {
  readonly env: Env
  readonly say: (line: string) => void
  readonly signal: AbortSignal | undefined
  readonly runs: string
  readonly cache: string
  readonly advertised: number | undefined
  readonly longLived: boolean
}

async function startWithJava(start: Start): Promise<Stack> {
  const { env, say, signal } = start
  const java = await findJava(env)
  if (java === null || !java.usable) throw javaMissing(java)
  const pom = join(settings, 'pom.xml')
  const jars = await ensureJars({ cache: start.cache, pom, env, say, signal })
  say('starting Kafka and the schema registry')
  const run = createRun(start.runs, 'java')
  let servers: readonly JavaServer[] = []
  const forget = onProcessEnd(() => {
    for (const server of servers) server.killNow()
    run.remove()
  })
  // Nothing on disk outlives the stack, so there is nothing to shut down in order.
  const stop = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server.kill('SIGKILL')))
    run.remove()
    forget()
  }
  try {
    const started = await startJava({
      java: java.command,
      jars,
      settings,
      run,
      env,
      signal,
      advertised: start.advertised,
      longLived: start.longLived,
      onServers: (both) => {
        servers = both
      },
    })
    say('Kafka and the schema registry answer')
    const keep = (): string => {
      run.keep()
      forget()
      return `kill ${servers.map(({ pid }) => pid).join(' ')}`
    }
    return { kind: 'java', ...started, stop, keep }
  } catch (error) {
    await stop()
    throw error
  }
}

async function startWithDocker(start: Start): Promise<Stack> {
  const { env, say, signal } = start
  const run = createRun(start.runs, 'docker')
  const project = composeProjectOf(run.id)
  // The state file stays after an exit: the next start takes the project down in order, with its network.
  const forget = onProcessEnd(() => killCompose(env, composeFile, project))
  let down = false
  const stop = async (): Promise<void> => {
    forget()
    if (down) return
    down = await downCompose(env, composeFile, project)
    if (down) run.remove()
  }
  try {
    const started = await startDocker({ composeFile, run, env, say, signal })
    say('Kafka and the schema registry answer')
    const keep = (): string => {
      // The engine knows what it runs: no state file is needed.
      run.remove()
      forget()
      return `docker compose --project-name ${project} down --volumes`
    }
    return { kind: 'docker', ...started, behind: null, stop, keep }
  } catch (error) {
    await stop()
    throw error
  }
}

function cacheFolder(env: Env): string {
  const given = env['XDG_CACHE_HOME'] ?? ''
  return join(given === '' ? join(env['HOME'] ?? homedir(), '.cache') : given, 'attestr-kafka')
}
