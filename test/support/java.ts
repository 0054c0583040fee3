import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const DEV = fileURLToPath(new URL('../../dev/', import.meta.url))
const CACHE = fileURLToPath(new URL('../../.cache/java/', import.meta.url))
/** Of one command: it holds up the whole process. The first one fetches jars. */
const LIMIT_MS = 300_000

/** Null when this machine can run Java programs from their source; else what is missing. */
export const javaMissing: string | null = (() => {
  const modules = spawnSync('java', ['--list-modules'], { encoding: 'utf8' })
  if (modules.status !== 0) return 'there is no Java'
  if (!modules.stdout.includes('jdk.compiler')) return 'this Java has no compiler: install a JDK'
  const version = Number(/^java\.base@(\d+)/m.exec(modules.stdout)?.[1] ?? 0)
  if (version < 17) return `Java 17 or later is needed, and this is ${version}`
  return spawnSync('mvn', ['--version']).status === 0 ? null : 'there is no Maven'
})()

/** The jars that `dev/<name>/pom.xml` names, fetched once for each version of it. Out: their folder. */
export function javaJars(name: string): string {
  const pom = join(DEV, name, 'pom.xml')
  const hash = createHash('sha256').update(readFileSync(pom)).digest('hex').slice(0, 12)
  const home = join(CACHE, `${name.replaceAll('/', '-')}-${hash}`)
  if (existsSync(home)) return home
  mkdirSync(CACHE, { recursive: true })
  const made = mkdtempSync(join(CACHE, 'new-'))
  run('mvn', ['-B', '-q', '-f', pom, `-Djars.dir=${made}`, 'prepare-package'], '')
  // Whoever is second uses what the first has made.
  if (existsSync(home)) rmSync(made, { recursive: true })
  else renameSync(made, home)
  return home
}

/** Runs `dev/<name>/<program>.java`. Out: what it printed. Throws when it fails. */
export function runJava(name: string, program: string, args: readonly string[], input: string): string {
  const source = join(DEV, name, `${program}.java`)
  return run('java', ['-Xmx256m', '-cp', join(javaJars(name), '*'), source, ...args], input)
}

function run(command: string, args: readonly string[], input: string): string {
  const { status, stdout, stderr } = spawnSync(command, args, {
    ...{ encoding: 'utf8', input, maxBuffer: 256 * 1024 * 1024, timeout: LIMIT_MS },
  })
  if (status !== 0) throw new Error(`${command} ended with ${status}: ${stderr}${stdout.slice(0, 2000)}`)
  return stdout
}
