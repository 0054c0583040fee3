import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type Env, runCommand } from './processes.js'
import { StackUnavailable } from './unavailable.js'

const downloadTimeoutMs = 20 * 60_000
const progressEveryMs = 2_000
const dayMs = 86_400_000

/** Where the jars are once fetched: a folder per version of dev/stack/pom.xml, so a new version is fetched anew. */
export function jarsFolder(cache: string, pom: string): string {
  const hash = createHash('sha256').update(readFileSync(pom)).digest('hex').slice(0, 16)
  return join(cache, `stack-${hash}`)
}

/**
 * Makes sure that the jars of the broker and the registry are on this machine. Maven is needed for the first time only.
 *
 * In:     cache   the folder of all versions
 *         pom     dev/stack/pom.xml
 *         say     hears what is going on, and how much has come so far
 * Out:    the folder with kafka/*.jar and registry/*-runner.jar
 * Throws: StackUnavailable, when Maven is missing or could not fetch them
 */
export async function ensureJars(options: {
  cache: string
  pom: string
  env: Env
  say: (line: string) => void
  signal?: AbortSignal | undefined
}): Promise<string> {
  const folder = jarsFolder(options.cache, options.pom)
  if (existsSync(folder)) return folder
  const { env, say } = options
  if (!(await runCommand('mvn', ['--version'], { env, timeoutMs: 30_000 })).ok) {
    throw new StackUnavailable(
      'the local stack needs Maven, once, to fetch Kafka and the schema registry, and there is no working `mvn`',
      'install Maven 3.8 or later, or start Docker, or set KAFKA_BROKERS and SCHEMA_REGISTRY_URL',
    )
  }
  mkdirSync(options.cache, { recursive: true })
  clearOldDownloads(options.cache)
  // Fetched beside and renamed as one: whoever finds the folder finds it whole, and of two at once either may win.
  const fresh = `${folder}.${randomBytes(6).toString('hex')}.part`
  try {
    say('fetching Kafka and the schema registry with Maven, about 150 MB, this once')
    const progress = createProgress(say)
    const result = await runCommand('mvn', ['-f', options.pom, `-Dstack.dir=${fresh}`, 'prepare-package'], {
      env,
      timeoutMs: downloadTimeoutMs,
      onOutput: progress,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    })
    options.signal?.throwIfAborted()
    if (!result.ok) throw downloadFailed(result.output)
    renameUnlessThere(fresh, folder)
  } finally {
    rmSync(fresh, { recursive: true, force: true })
  }
  say('fetched')
  return folder
}

function downloadFailed(output: string): StackUnavailable {
  const line =
    output.split('\n').find((text) => text.includes('ERROR')) ?? output.trim().split('\n').at(-1) ?? ''
  return new StackUnavailable(
    `Maven could not fetch the local stack: ${plain(line).replace('[ERROR]', '').trim()}`,
    'check the network and the Maven settings, or set KAFKA_BROKERS and SCHEMA_REGISTRY_URL',
  )
}

function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: terminal colours begin with one
  return text.replace(/\u001b\[[0-9;]*m/g, '')
}

function renameUnlessThere(from: string, to: string): void {
  try {
    renameSync(from, to)
  } catch (error) {
    if (!existsSync(to)) throw error
  }
}

/** Removes what downloads left that were killed long ago. */
function clearOldDownloads(cache: string): void {
  for (const name of readdirSync(cache)) {
    if (!name.endsWith('.part')) continue
    const modifiedMs = statSync(join(cache, name), { throwIfNoEntry: false })?.mtimeMs ?? Date.now()
    if (Date.now() - modifiedMs > dayMs) rmSync(join(cache, name), { recursive: true, force: true })
  }
}

const unitBytes: Readonly<Record<string, number>> = { B: 1, kB: 1e3, MB: 1e6, GB: 1e9 }

/**
 * Reads Maven's own words and says every two seconds how much has come.
 *
 * Source: Maven 3, ConsoleMavenTransferListener: `Progress (1): 3.1/104 MB` while under way, `Downloaded ... (104 MB at ...)` after
 */
export function createProgress(
  say: (line: string) => void,
  now: () => number = () => performance.now(),
): (text: string) => void {
  let done = 0
  let files = 0
  let underWay = 0
  let rest = ''
  let saidAt = now()
  return (text) => {
    const lines = (rest + plain(text)).split(/[\r\n]/)
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const downloaded = /Downloaded from .*\(([\d.]+) ([kMG]?B) at/.exec(line)
      if (downloaded !== null) {
        done += Number(downloaded[1]) * (unitBytes[downloaded[2] ?? ''] ?? 0)
        files += 1
        underWay = 0
      }
      const progress = /^Progress \(\d+\): (.*)$/.exec(line.trim())
      if (progress !== null) underWay = sumOf(progress[1] ?? '')
    }
    if (done + underWay === 0 || now() - saidAt < progressEveryMs) return
    saidAt = now()
    say(`  ${files} files, ${Math.round((done + underWay) / 1e6)} MB so far`)
  }
}

/** In: `1.2/1.3 MB | 30 kB`, the files under way, each with what has come and, if known, its length. */
function sumOf(progress: string): number {
  let sum = 0
  for (const part of progress.split('|')) {
    const match = /([\d.]+)(?: ([kMG]?B))?(?:\/[\d.]+)? ?([kMG]?B)?/.exec(part)
    if (match !== null) sum += Number(match[1]) * (unitBytes[match[2] ?? match[3] ?? ''] ?? 0)
  }
  return sum
}
