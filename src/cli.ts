/** From argv to an exit code: the only reader of the one and the only caller of the other. */
import { readFileSync } from 'node:fs'
import type { CommandContext, ExitCode } from './commands/command.js'
import { faultReport } from './commands/fault.js'
import { runCommandLine } from './commands/program.js'
import { processEnvironment, wantsStack } from './config/environment.js'

const env = processEnvironment()

const context: CommandContext = {
  env,
  version: packageVersion(),
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  exitNow: (code) => process.exit(code),
}

function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  const known = typeof manifest === 'object' && manifest !== null && 'version' in manifest
  return known ? String(manifest.version) : 'unknown'
}

/** Ends when both streams have taken what was written; a pipe that is gone counts as taken. */
async function end(code: ExitCode): Promise<never> {
  for (const stream of [process.stdout, process.stderr]) {
    await new Promise<void>((done) => {
      stream.write('', () => done())
    })
  }
  return process.exit(code)
}

function fail(error: unknown): void {
  process.stderr.write(faultReport(error, wantsStack(env)))
  process.exit(1)
}

// `attestr-kafka codes | head -1` closes the pipe early: there is nobody left to tell.
process.stdout.on('error', () => process.exit(0))
process.stderr.on('error', () => undefined)
process.on('unhandledRejection', fail)
process.on('uncaughtException', fail)

runCommandLine(process.argv.slice(2), context).then(end, fail)
