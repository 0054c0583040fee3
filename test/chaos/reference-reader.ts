/** A third reader, which shares nothing with ours: Kafka's own Java client, where the machine can compile a line of Java. */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { jarsFolder } from '../../src/stack/jars.js'
import { placeOf } from '../support/judge.js'
import type { Facts } from './reader.js'

const POM = fileURLToPath(new URL('../../dev/stack/pom.xml', import.meta.url))
const SOURCE = fileURLToPath(new URL('./ReadCommitted.java', import.meta.url))

/** The jars of the local stack; null when they were never fetched here. */
function clientJars(): string | null {
  const cache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'attestr-kafka')
  const folder = join(jarsFolder(cache, POM), 'kafka')
  return existsSync(folder) ? folder : null
}

/** Out: the places of all rows it was shown, as `topic/partition@offset`; null when it could not be run. */
export async function readWithJava(
  brokers: readonly string[],
  topics: readonly string[],
): Promise<ReadonlySet<string> | null> {
  const jars = clientJars()
  if (jars === null) return null
  const args = ['-Xmx256m', '-cp', join(jars, '*'), SOURCE, brokers.join(','), ...topics]
  const child = spawn('java', args, { stdio: ['ignore', 'pipe', 'ignore'] })
  const places = new Set<string>()
  const ended = new Promise<number>((resolve) => {
    child.once('error', () => resolve(1))
    child.once('close', (code) => resolve(code ?? 1))
  })
  for await (const line of createInterface({ input: child.stdout })) places.add(line)
  return (await ended) === 0 ? places : null
}

/** Rows that only one of the two was shown. */
export function differenceOf(facts: Facts, places: ReadonlySet<string>): number {
  const own = new Set(
    [...facts.outcomes, ...facts.records, ...facts.deadLetters, ...facts.delays].map((row) =>
      placeOf(row.at),
    ),
  )
  let differing = 0
  for (const place of own) if (!places.has(place)) differing += 1
  for (const place of places) if (!own.has(place)) differing += 1
  return differing
}
