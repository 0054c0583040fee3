import { type Command, InvalidArgumentError, Option } from 'commander'
import { MAX_EVENTS, MIN_EVENTS, RECORD_FORMS, type RecordForm } from '../demo/bounds.js'
import { type CommandContext, CommandError, withExamples } from './command.js'

interface DemoCommandOptions {
  readonly events: number
  readonly form: RecordForm
  readonly keep?: boolean
}

const DEFAULT_EVENTS = 1000
/** Without a terminal to draw on, a line of progress is written so often. */
const LINE_EVERY_MS = 2000

export function registerDemo(program: Command, context: CommandContext): void {
  const command = program
    .command('demo')
    .description(
      'start a broker, a registry and a simulated API here, run the connector over mixed events, prove what came out',
    )
    .option('--events <n>', `how many events, ${MIN_EVENTS} to ${MAX_EVENTS}`, eventCount, DEFAULT_EVENTS)
    .addOption(new Option('--form <form>', 'form of verified records').choices(RECORD_FORMS).default('long'))
    .option('--keep', 'leave everything running until Ctrl-C')
    .action((options: DemoCommandOptions) => demo(options, context))
  withExamples(command, ['attestr-kafka demo', 'attestr-kafka demo --events 5000 --keep'])
}

function eventCount(text: string): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= MIN_EVENTS && value <= MAX_EVENTS) return value
  throw new InvalidArgumentError(`It must be a whole number from ${MIN_EVENTS} to ${MAX_EVENTS}.`)
}

async function demo(
  { events, form, keep = false }: DemoCommandOptions,
  context: CommandContext,
): Promise<void> {
  const { runDemo } = await import('../demo/demo.js')
  const signals = listenForSignals(() => context.exitNow(1))
  const progress = createProgressLine(context.out)
  try {
    const holds = await runDemo({
      ...{ events, form, keep, env: context.env, signal: signals.signal },
      say: (line) => progress.say(line),
      onProgress: ({ fed, outcomes, perSecond }, total) =>
        progress.show(
          `fed ${fed} of ${total} events, ${outcomes} outcomes, ${Math.round(perSecond)} a second`,
        ),
    })
    if (holds) return
  } catch (error) {
    throw remedied(error)
  } finally {
    signals.stop()
  }
  throw new CommandError(
    3,
    'the proof does not hold',
    'The lines under NOT PROVED say where; please report them.',
  )
}

function remedied(error: unknown): unknown {
  const isOurs = error instanceof Error && (error.name === 'StackUnavailable' || error.name === 'DemoFault')
  return isOurs && 'remedy' in error ? new CommandError(1, error.message, String(error.remedy)) : error
}

/** Lines that stay, and one that is written over where there is a terminal. */
function createProgressLine(out: (text: string) => void) {
  const terminal = process.stdout.isTTY === true
  let drawn = false
  let shownAt = Number.NEGATIVE_INFINITY
  const say = (line: string): void => {
    out(`${drawn ? '\n' : ''}${line}\n`)
    drawn = false
  }
  return {
    say,
    show(line: string): void {
      if (terminal) {
        out(`\r\u001b[K${line}`)
        drawn = true
      } else if (performance.now() - shownAt >= LINE_EVERY_MS) {
        shownAt = performance.now()
        say(line)
      }
    },
  }
}

/** The first signal ends the demo in order, the second one at once. */
function listenForSignals(atOnce: () => never): { readonly signal: AbortSignal; stop(): void } {
  const controller = new AbortController()
  const onSignal = (): void => {
    if (controller.signal.aborted) atOnce()
    controller.abort()
  }
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const name of names) process.on(name, onSignal)
  return {
    signal: controller.signal,
    stop: () => {
      for (const name of names) process.off(name, onSignal)
    },
  }
}
