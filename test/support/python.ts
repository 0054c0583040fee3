import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const FOLDER = fileURLToPath(new URL('python/', import.meta.url))
/** Of one command: it holds up the whole process. */
const LIMIT_MS = 120_000
const CACHE = fileURLToPath(new URL('../../.cache/python/', import.meta.url))

/** Whether this machine has Python with its module for virtual environments. */
export const hasPython = spawnSync('python3', ['-c', 'import venv, ensurepip']).status === 0

/** An interpreter with the packages of test/support/python, fetched once. */
async function interpreter(): Promise<string> {
  const requirements = join(FOLDER, 'requirements.txt')
  const hash = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12)
  const home = join(CACHE, hash)
  if (!existsSync(home)) {
    await mkdir(CACHE, { recursive: true })
    const made = mkdtempSync(join(CACHE, 'new-'))
    run('python3', ['-m', 'venv', made])
    run(join(made, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', '-r', requirements])
    // Whoever is second uses what the first has made. The interpreter itself does not mind being moved.
    if (existsSync(home)) rmSync(made, { recursive: true })
    else renameSync(made, home)
  }
  return join(home, 'bin', 'python')
}

/** Runs a script of test/support/python. Out: what it printed, line by line as JSON. Throws when it fails. */
export async function runPython(script: string, args: readonly string[]): Promise<unknown[]> {
  const text = run(await interpreter(), [join(FOLDER, script), ...args])
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown)
}

function run(command: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
    timeout: LIMIT_MS,
  })
  if (status !== 0) throw new Error(`${command} ended with ${status}: ${stderr}`)
  return stdout
}
