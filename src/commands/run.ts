import type { Command } from 'commander'
import type { Connector, Finish } from '../connector.js'
import type { OpsLog } from '../io/ops/log.js'
import type { Service } from '../service.js'
import {
  type CommandConfig,
  type CommandContext,
  CommandError,
  type ConfigOptions,
  openCommandConfig,
  withConfigOptions,
  withExamples,
} from './command.js'

export function registerRun(program: Command, context: CommandContext): void {
  const command = program
    .command('run')
    .description(
      'run the connector until SIGTERM or SIGINT; a second signal drops work in flight, SIGHUP reads credentials again',
    )
    .action((options: ConfigOptions) => run(options, context))
  withExamples(withConfigOptions(command), [
    'attestr-kafka run --config attestr-kafka.yaml',
    'attestr-kafka run --config attestr-kafka.yaml --set fetch.concurrency=128 --set log.pretty=true',
  ])
}

async function run(options: ConfigOptions, context: CommandContext): Promise<void> {
  const source = await openCommandConfig(options, context)
  const { config } = source
  const { createLog } = await import('../io/ops/log.js')
  const log = createLog(config.log)
  try {
    if (config.attestr.allowHttp) log.warn('http-allowed', { key: 'attestr.allowHttp' })
    await serve(source, context, log)
  } finally {
    log.flush()
  }
}

async function serve(source: CommandConfig, context: CommandContext, log: OpsLog): Promise<void> {
  const { config } = source
  const { startService } = await import('../service.js')
  const { version, env } = context
  const service = await startService({ config, version, env, log, source }).catch(refusal)
  const signals = listenForSignals(service, log, () => context.exitNow(1))
  log.info('started', { version, ops: service.opsPort, group: config.kafka.groupId })
  try {
    const started = service.connector.start()
    const finish = await Promise.race([
      service.connector.finished,
      started.then(() => service.connector.finished),
    ]).catch(refusal)
    await conclude(finish, service.connector)
  } finally {
    signals.stop()
    await service.stop()
    log.info('stopped')
  }
}

async function conclude(finish: Finish, connector: Connector): Promise<void> {
  if (finish.kind === 'stopped') return
  await connector.abort()
  throw new CommandError(
    4,
    `stopped: systemic trouble, ${finish.reason}`,
    'Nothing was lost and nothing was dead-lettered for it. See the line state-changed in the log, mend the cause, then start again.',
  )
}

/** Faults at start that have a remedy; everything else goes on as it is. */
function refusal(error: unknown): never {
  const hasRemedy = error instanceof Error && ['StartRefused', 'RegistryRefused'].includes(error.name)
  if (hasRemedy && 'remedy' in error) throw new CommandError(1, error.message, String(error.remedy))
  if (error instanceof Error && error.name === 'OpsPortUnavailable') {
    throw new CommandError(1, error.message, 'Choose another ops.port, or 0 for any free one.')
  }
  throw error
}

/** The first SIGTERM or SIGINT drains, the second one drops everything at once; SIGHUP reads the configuration again. */
function listenForSignals(
  { connector, reload }: Service,
  log: OpsLog,
  dropAll: () => never,
): { stop(): void } {
  let asked = false
  const onSignal = (signal: NodeJS.Signals): void => {
    log.info('signal', { signal, drops: asked })
    if (asked) {
      log.flush()
      dropAll()
    }
    asked = true
    void connector.stop()
  }
  const names = ['SIGTERM', 'SIGINT'] as const
  for (const name of names) process.on(name, onSignal)
  process.on('SIGHUP', reload)
  return {
    stop: () => {
      for (const name of names) process.off(name, onSignal)
      process.off('SIGHUP', reload)
    },
  }
}
