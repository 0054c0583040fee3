/** What every command shares: how it speaks, how it ends, how it takes the configuration. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Command, Option } from 'commander'
import type { Config } from '../config/config.js'
import type { Environment } from '../config/environment.js'
import type { LoadedConfig } from '../config/load.js'

/** 0 done, 1 fault, 2 usage or configuration, 3 a check found something wrong, 4 systemic stop. */
export type ExitCode = 0 | 1 | 2 | 3 | 4

/** What a command may touch of its process. */
export interface CommandContext {
  readonly env: Environment
  readonly version: string
  /** Writes to stdout as it is. */
  out(text: string): void
  /** Writes to stderr as it is. */
  err(text: string): void
  /** Ends the process at once, whatever is under way. */
  exitNow(code: ExitCode): never
}

/** Ends a command with an exit code, one line that says what is wrong and one that says what to do. No values in either. */
export class CommandError extends Error {
  readonly exitCode: ExitCode
  readonly remedy: string
  constructor(exitCode: ExitCode, message: string, remedy: string) {
    super(message)
    this.name = 'CommandError'
    this.exitCode = exitCode
    this.remedy = remedy
  }
  /** What stderr shows. */
  report(): string {
    return `attestr-kafka: ${this.message}\n  ${this.remedy}\n`
  }
}

/** The configuration was refused; the report has a line a problem, then their count. */
export class ConfigRefused extends CommandError {
  readonly #report: string
  constructor(report: string) {
    super(2, 'the configuration has problems', 'Mend the lines named above.')
    this.name = 'ConfigRefused'
    this.#report = report
  }
  override report(): string {
    return this.#report
  }
}

/** What is read where no `--config` is given. */
export const USUAL_CONFIG = 'attestr-kafka.yaml'

export interface ConfigOptions {
  readonly config: string
  readonly set: readonly string[]
}

/** Adds `--config FILE` and `--set K=V`; the action receives them as `ConfigOptions`. */
export function withConfigOptions(command: Command): Command {
  return command
    .addOption(new Option('--config <file>', 'configuration file').default(USUAL_CONFIG))
    .addOption(
      new Option('--set <key=value>', 'override one key, such as fetch.concurrency=16; may be repeated')
        .argParser((value: string, before: readonly string[]) => [...before, value])
        .default([], 'none'),
    )
}

/**
 * Loads the configuration of a command.
 *
 * Throws: ConfigRefused with every problem
 */
export async function loadCommandConfig(options: ConfigOptions, context: CommandContext): Promise<Config> {
  return (await openCommandConfig(options, context)).config
}

/** A configuration that can be read again. */
export interface CommandConfig {
  readonly config: Config
  load(): LoadedConfig
  /** The files that were read the last time, by absolute path. */
  files(): readonly string[]
}

/**
 * Loads the configuration of a command that may read it again.
 *
 * Throws: ConfigRefused with every problem
 */
export async function openCommandConfig(
  options: ConfigOptions,
  context: CommandContext,
): Promise<CommandConfig> {
  const { loadConfig, problemReport } = await import('../config/load.js')
  const files = new Set<string>()
  const readText = (path: string): string => {
    files.add(resolve(path))
    return readFileSync(path, 'utf8')
  }
  const load = (): LoadedConfig => {
    files.clear()
    return loadConfig({ file: options.config, sets: options.set, env: context.env, readText })
  }
  const loaded = load()
  if ('problems' in loaded) throw new ConfigRefused(problemReport(loaded.problems))
  return { config: loaded.config, load, files: () => [...files] }
}

/** Adds examples below the help of a command. */
export function withExamples(command: Command, examples: readonly string[]): Command {
  const lines = examples.map((example) => `  $ ${example}`).join('\n')
  return command.addHelpText('after', `\nExample${examples.length > 1 ? 's' : ''}:\n${lines}`)
}

/** Columns as wide as their longest cell; the last one is left as it is. */
export function tableText(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [header, ...rows]
  const widths = header.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)))
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column === header.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd()
  return `${all.map(line).join('\n')}\n`
}
