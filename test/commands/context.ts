import type { CommandContext } from '../../src/commands/command.js'
import { runCommandLine } from '../../src/commands/program.js'

export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs one command line within this process. */
export async function runCommand(...args: string[]): Promise<Ran> {
  const out: string[] = []
  const err: string[] = []
  const context: CommandContext = {
    env: {},
    version: '1.2.3',
    out: (text) => void out.push(text),
    err: (text) => void err.push(text),
    exitNow: (code) => {
      throw new Error(`exit ${code}`)
    },
  }
  const code = await runCommandLine(args, context)
  return { code, out: out.join(''), err: err.join('') }
}
