import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { brokerAnswers, freePorts, registryAnswers, untilAnswers } from './probe.js'
import { type Env, runCommand } from './processes.js'
import { composeProjectOf, type Run } from './runs.js'
import type { Server } from './server.js'
import { registryPath } from './settings.js'
import { StackUnavailable } from './unavailable.js'

/** Longer than a running engine needs to answer, short enough not to be felt where none runs. */
const lookTimeoutMs = 3_000
/** The first start pulls the images. */
const upTimeoutMs = 15 * 60_000
const readyTimeoutMs = 90_000

export type DockerStack = {
  readonly brokers: readonly string[]
  readonly registryUrl: string
  readonly broker: Server
  readonly registry: Server
}

/** Says whether an engine runs and has compose. In: composeFile, absent in an installed package. */
export async function dockerRuns(env: Env, composeFile: string): Promise<boolean> {
  if (!existsSync(composeFile)) return false
  const look = { env, timeoutMs: lookTimeoutMs }
  const [info, compose] = await Promise.all([
    runCommand('docker', ['info', '--format', '{{.ServerVersion}}'], look),
    runCommand('docker', ['compose', 'version'], look),
  ])
  return info.ok && compose.ok
}

/** Takes down a project, with its volumes. Out: false when the engine did not do it. */
export async function downCompose(env: Env, composeFile: string, project: string): Promise<boolean> {
  const args = composeArguments(composeFile, project, ['down', '--volumes', '--timeout', '1'])
  return (await runCommand('docker', args, { env, timeoutMs: 60_000 })).ok
}

/** Ends the containers of a project at once, for the exit of this process; the next start removes them. */
export function killCompose(env: Env, composeFile: string, project: string): void {
  const args = composeArguments(composeFile, project, ['kill'])
  spawnSync('docker', args, { env: { ...env }, stdio: 'ignore', timeout: 20_000 })
}

/**
 * Starts broker and registry of docker-compose.yml as a project of their own, on free ports.
 *
 * Out:    both answer
 * Throws: StackUnavailable; the signal's reason. The caller takes the project down
 */
export async function startDocker(options: {
  composeFile: string
  run: Run
  env: Env
  say: (line: string) => void
  signal?: AbortSignal | undefined
}): Promise<DockerStack> {
  const { composeFile, run, say, signal } = options
  const project = composeProjectOf(run.id)
  const [brokerPort = 0, registryPort = 0] = await freePorts(2)
  const env: Env = { ...options.env, BROKER_PORT: String(brokerPort), REGISTRY_PORT: String(registryPort) }
  const compose = (args: readonly string[], timeoutMs: number) =>
    runCommand('docker', composeArguments(composeFile, project, args), {
      env,
      timeoutMs,
      ...(signal === undefined ? {} : { signal }),
    })
  const registryUrl = `http://127.0.0.1:${registryPort}${registryPath}`
  const asks: Readonly<Record<ServiceName, () => Promise<boolean>>> = {
    broker: () => brokerAnswers('127.0.0.1', brokerPort),
    registry: () => registryAnswers(registryUrl),
  }
  const ready = async (name: ServiceName): Promise<void> => {
    const outcome = await untilAnswers(asks[name], { timeoutMs: readyTimeoutMs, signal })
    if (outcome !== 'yes') throw failed(`the ${name} container did not answer in ${readyTimeoutMs / 1_000} s`)
  }
  say('starting Kafka and the schema registry with Docker; the first time the images are pulled')
  const up = await compose(['up', '--detach', '--quiet-pull', 'broker', 'registry'], upTimeoutMs)
  signal?.throwIfAborted()
  if (!up.ok) throw failed(`docker compose failed: ${up.output.trim().split('\n').at(-1) ?? ''}`)
  await Promise.all([ready('broker'), ready('registry')])
  return {
    brokers: [`127.0.0.1:${brokerPort}`],
    registryUrl,
    broker: createContainer('broker', env, composeFile, project, () => ready('broker')),
    registry: createContainer('registry', env, composeFile, project, () => ready('registry')),
  }
}

type ServiceName = 'broker' | 'registry'

function composeArguments(composeFile: string, project: string, args: readonly string[]): readonly string[] {
  return ['compose', '--file', composeFile, '--project-name', project, ...args]
}

function createContainer(
  name: ServiceName,
  env: Env,
  composeFile: string,
  project: string,
  ready: () => Promise<void>,
): Server {
  const compose = async (...args: string[]): Promise<void> => {
    const { ok, output } = await runCommand('docker', composeArguments(composeFile, project, args), {
      env,
      timeoutMs: 60_000,
    })
    if (!ok) throw failed(`docker compose ${args[0]} failed: ${output.trim().split('\n').at(-1) ?? ''}`)
  }
  return {
    pid: null,
    kill: (signal = 'SIGKILL') => compose('kill', '--signal', signal, name),
    restart: async () => {
      await compose('restart', name)
      await ready()
    },
  }
}

function failed(message: string): StackUnavailable {
  return new StackUnavailable(message, 'see `docker compose logs`, or stop Docker to use Java instead')
}
