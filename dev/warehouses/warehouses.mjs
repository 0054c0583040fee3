/**
 * Loads what a connector wrote into PostgreSQL, for real, and compares it with the topics. Starts a broker, a registry, a
 * simulator, a connector, PostgreSQL, Flink and Kafka Connect on this machine. docs/warehouses.md shows the statements.
 *
 * Usage: node dev/warehouses/warehouses.mjs [--handshakes N]
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { createChecks } from './checks.mjs'
import { jarsOf, runJava } from './java.mjs'
import { postgresBin, startPostgres } from './postgres.mjs'
import { createTopics, VERIFIED } from './topics.mjs'

const FOLDER = fileURLToPath(new URL('.', import.meta.url))
const { values } = parseArgs({ options: { handshakes: { type: 'string', default: '600' } } })
const handshakes = Number(values.handshakes)

const bin = postgresBin()
if (bin === null) {
  console.error('PostgreSQL is not installed: its server, with initdb and pg_ctl, is needed')
  process.exit(1)
}
const flink = jarsOf(join(FOLDER, 'flink'), 'warehouse-flink')
const scratch = mkdtempSync(join(tmpdir(), 'warehouse-sql-'))
const postgres = await startPostgres(bin)
const topics = await createTopics({ handshakes, records: {} })
const checks = createChecks()
const names = {
  ...{ brokers: topics.brokers, registryUrl: topics.registryUrl, jdbcUrl: postgres.jdbcUrl },
  verifiedTopic: VERIFIED,
}

/** A file of this folder with the names of this run in it. */
function filled(path) {
  const text = readFileSync(join(FOLDER, path), 'utf8').replace(
    /\$\{(\w+)\}/g,
    (whole, name) => names[name] ?? whole,
  )
  const file = join(scratch, path.replaceAll('/', '-'))
  writeFileSync(file, text)
  return file
}

const flinkRuns = (path) => runJava(flink, [...OPENED, join(FOLDER, 'flink', 'Sql.java'), filled(path)])
// Flink's serializers look into classes of Java itself.
const OPENED = ['java.lang', 'java.util', 'java.time', 'java.net', 'java.nio'].flatMap((name) => [
  '--add-opens',
  `java.base/${name}=ALL-UNNAMED`,
])

try {
  postgres.sql(readFileSync(join(FOLDER, 'postgres', 'long.sql'), 'utf8'))
  console.log(`the long form, ${handshakes} handshakes, a third of the webhooks twice`)
  const printed = await flinkRuns('flink/long.sql')
  console.log(printed.trim().split('\n').at(-1))
  await checks.long(topics, postgres)
  console.log('the same again, with new records and all that was loaded before')
  await topics.send(handshakes, handshakes + 30)
  await flinkRuns('flink/long.sql')
  await checks.long(topics, postgres)
} finally {
  await topics.stop()
  postgres.stop()
  rmSync(scratch, { recursive: true })
}
process.exitCode = checks.conclude()
