/** Jars that a pom.xml names, and Java processes on them. */
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const CACHE = fileURLToPath(new URL('../../.cache/java/', import.meta.url))

/** The jars of `<folder>/pom.xml`, fetched once for each version of it. Out: their folder. */
export function jarsOf(folder, name) {
  const pom = join(folder, 'pom.xml')
  const hash = createHash('sha256').update(readFileSync(pom)).digest('hex').slice(0, 12)
  const home = join(CACHE, `${name}-${hash}`)
  if (existsSync(home)) return home
  mkdirSync(CACHE, { recursive: true })
  const made = mkdtempSync(join(CACHE, 'new-'))
  console.log(`fetching the jars of ${name} with Maven, this once`)
  const args = ['-B', '-q', '-f', pom, `-Djars.dir=${made}`, 'prepare-package']
  const { status } = spawnSync('mvn', args, { stdio: 'inherit' })
  if (status !== 0) {
    rmSync(made, { recursive: true })
    throw new Error(`Maven could not fetch the jars of ${name}`)
  }
  renameSync(made, home)
  return home
}

/** Starts a Java program. Out: its end, what it printed so far, and a way to end it. */
export function startJava(jars, args, options = {}) {
  const child = spawn('java', ['-cp', join(jars, '*'), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...options,
  })
  let text = ''
  const hear = (chunk) => {
    text = (text + chunk).slice(-200_000)
  }
  child.stdout.setEncoding('utf8').on('data', hear)
  child.stderr.setEncoding('utf8').on('data', hear)
  const ended = new Promise((resolve) => child.once('close', (code) => resolve(code ?? -1)))
  const onExit = () => child.kill('SIGKILL')
  process.once('exit', onExit)
  void ended.then(() => process.off('exit', onExit))
  return { ended, text: () => text, kill: () => child.kill('SIGKILL') }
}

/** Runs a Java program to its end. Throws with what it printed when it fails. */
export async function runJava(jars, args) {
  const program = startJava(jars, args)
  const code = await program.ended
  if (code !== 0) throw new Error(`java ended with ${code}:\n${complaintOf(program.text())}`)
  return program.text()
}

/** What went wrong, without the calls that led to it. */
const complaintOf = (text) =>
  text
    .split('\n')
    .filter((line) => !/^\s+(at|\.\.\.) /.test(line))
    .slice(-60)
    .join('\n')
