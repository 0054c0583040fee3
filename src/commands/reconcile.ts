import { type Command, Option } from 'commander'
import { allTypedTopics } from '../catalogue/typed-kinds.js'
import type { Config } from '../config/config.js'
import type { Reconciliation } from '../tools/reconcile/reconcile.js'
import {
  type CommandContext,
  CommandError,
  type ConfigOptions,
  loadCommandConfig,
  withConfigOptions,
  withExamples,
} from './command.js'
import { listenForEnd, remedied } from './reading.js'
import { jsonReport, type ReportHead, textReport } from './reconcile-report.js'
import { parseSince } from './since.js'

interface ReconcileCommandOptions extends ConfigOptions {
  /** Epoch ms. */
  readonly since?: number
  readonly json?: boolean
}

/** `attestr-kafka reconcile`: proves P1 and P2 from the topics alone. Source: product.md sections 10 and 11. */
export function registerReconcile(program: Command, context: CommandContext): void {
  const command = program
    .command('reconcile')
    .description(
      'prove from the topics alone that every consumed message has exactly one outcome and all it tells of',
    )
    .addOption(
      new Option(
        '--since <time>',
        'only messages as young as this: RFC 3339, or a duration back (2h, 7d)',
      ).argParser((text: string) => parseSince(text, Date.now())),
    )
    .option('--json', 'print JSON')
    .action((options: ReconcileCommandOptions) => reconcileTopics(options, context))
  withExamples(withConfigOptions(command), [
    'attestr-kafka reconcile --config attestr-kafka.yaml',
    'attestr-kafka reconcile --config attestr-kafka.yaml --since 7d --json',
  ])
}

async function reconcileTopics(options: ReconcileCommandOptions, context: CommandContext): Promise<void> {
  const config = await loadCommandConfig(options, context)
  const since = options.since ?? null
  const signals = listenForEnd()
  try {
    const found = await prove(config, since, signals.signal, context)
    try {
      const head: ReportHead = { groupId: config.kafka.groupId, delivery: config.delivery, since }
      const lines = options.json === true ? jsonReport(head, found) : textReport(head, found)
      for (const line of lines) context.out(line)
      conclude(found.counts.violations)
    } finally {
      found.close()
    }
  } catch (error) {
    throw await remedied(error, signals.signal)
  } finally {
    signals.stop()
  }
}

async function prove(
  config: Config,
  since: number | null,
  signal: AbortSignal,
  context: CommandContext,
): Promise<Reconciliation> {
  const { topics } = config
  if (topics.outcomes === null) {
    throw new CommandError(
      2,
      'topics.outcomes is null: without outcomes nothing can be proved',
      'Name an outcomes topic; what is consumed from then on can be proved.',
    )
  }
  const { connectionOf, registryOf } = await import('../edges.js')
  const { openReconcile } = await import('../tools/reconcile/open.js')
  const opened = openReconcile({ connection: connectionOf(config), registry: registryOf(config), signal })
  try {
    return await opened.reconcile({
      ...{ groupId: config.kafka.groupId, delivery: config.delivery, startFrom: topics.startFrom },
      ...{ since, settled: 'committed' },
      topics: {
        typed: allTypedTopics(config),
        ...{ events: topics.events, verified: topics.verified, deadLetter: topics.deadLetter },
        ...{
          outcomes: topics.outcomes,
          retry: topics.retry.map(({ topic }) => topic),
          replay: [topics.replay],
        },
      },
      onProgress: createProgress(context),
    })
  } finally {
    await opened.close()
  }
}

const PROGRESS_MS = 5000

function createProgress({ err }: CommandContext): (read: number, offsets: number) => void {
  let toldAt = performance.now()
  return (read, offsets) => {
    if (performance.now() - toldAt < PROGRESS_MS) return
    toldAt = performance.now()
    err(`read ${read.toLocaleString('en-US')} messages of at most ${offsets.toLocaleString('en-US')}\n`)
  }
}

function conclude(violations: number): void {
  if (violations === 0) return
  throw new CommandError(
    3,
    `not proved: ${violations} violations`,
    'Each line names where to look; docs/operations.md, Reconcile, says what each word means.',
  )
}
