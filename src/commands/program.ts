/** The command line as a value: every command that exists, and how wrong usage is told. */
import { Command, CommanderError } from 'commander'
import { registerCodes } from './codes.js'
import { type CommandContext, CommandError, type ExitCode } from './command.js'
import { registerDecrypt } from './decrypt.js'
import { registerDemo } from './demo.js'
import { registerMedia } from './media.js'
import { registerPrivacy } from './privacy.js'
import { registerReconcile } from './reconcile.js'
import { registerRun } from './run.js'
import { registerSchemas } from './schemas.js'
import { registerSimulate } from './simulate.js'
import { registerVerify } from './verify.js'

/**
 * Runs one command line.
 *
 * In:   args  what stands after the program's name
 * Out:  the exit code, once everything was reported; unexpected errors are thrown on
 */
export async function runCommandLine(args: readonly string[], context: CommandContext): Promise<ExitCode> {
  try {
    await createProgram(context).parseAsync(args, { from: 'user' })
    return 0
  } catch (error) {
    if (error instanceof CommandError) {
      context.err(error.report())
      return error.exitCode
    }
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode === 0) return 0
    if (error.code !== 'commander.help') context.err(usageReport(error.message))
    return 2
  }
}

export function createProgram(context: CommandContext): Command {
  const program = new Command('attestr-kafka')
  program
    .description(
      'Attestr handshake results from Kafka to Kafka: fetched, verified, flattened to Avro, each event with exactly one outcome.',
    )
    .version(context.version, '--version', 'print the version')
    .helpOption('--help', 'print this help')
    .helpCommand(false)
    .configureHelp({ helpWidth: 100 })
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.out(text),
      writeErr: (text) => context.err(text),
      outputError: () => undefined,
    })
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 fault, 2 usage or configuration, 3 a check found something wrong, 4 systemic stop\n\nExample:\n  $ attestr-kafka run --config attestr-kafka.yaml',
    )
  registerVerify(program, context)
  registerCodes(program, context)
  registerPrivacy(program, context)
  registerRun(program, context)
  registerReconcile(program, context)
  registerSchemas(program, context)
  registerDecrypt(program, context)
  registerDemo(program, context)
  registerSimulate(program, context)
  registerMedia(program, context)
  return program
}

/** Commander's message on one line, with our remedy. What stands after `=` may be a secret, so it is cut. */
function usageReport(message: string): string {
  const line = message
    .replace(/^error: /, '')
    .replace(/=[^']*'/g, "'")
    .replace(/\s*\n\s*/g, ' ')
    .trim()
  return `attestr-kafka: ${line}\n  See \`attestr-kafka --help\`, or --help after a command.\n`
}
