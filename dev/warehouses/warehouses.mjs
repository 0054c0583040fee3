/**
 * Loads what a connector wrote into PostgreSQL, for real, and compares it with the topics. Starts a broker, a registry, a
 * simulator, a connector, PostgreSQL, Flink and Kafka Connect on this machine. docs/warehouses.md shows the statements.
 *
 * Usage: node dev/warehouses/warehouses.mjs [--handshakes N] [--only flink|connect]
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { createChecks } from './checks.mjs'
import { connectNames, runConnect } from './connect.mjs'
import { jarsOf, runJava } from './java.mjs'
import { postgresBin, startPostgres } from './postgres.mjs'
import { createTopics, VERIFIED } from './topics.mjs'

const FOLDER = fileURLToPath(new URL('.', import.meta.url))
const { values } = parseArgs({
  options: { handshakes: { type: 'string', default: '600' }, only: { type: 'string' } },
})
const handshakes = Number(values.handshakes)

const bin = postgresBin()
if (bin === null) {
  console.error('PostgreSQL is not installed: its server, with initdb and pg_ctl, is needed')
  process.exit(1)
}
const flink = jarsOf(join(FOLDER, 'flink'), 'warehouse-flink')
const connect = jarsOf(join(FOLDER, 'connect'), 'warehouse-connect')
const scratch = mkdtempSync(join(tmpdir(), 'warehouse-sql-'))
process.once('exit', () => rmSync(scratch, { recursive: true }))
const postgres = await startPostgres(bin)
const topics = await createTopics({ handshakes, records: { form: 'both' } })
const checks = createChecks(topics, postgres)
const names = {
  ...{ brokers: topics.brokers, registryUrl: topics.registryUrl, jdbcUrl: postgres.jdbcUrl },
  ...{ verifiedTopic: VERIFIED, ...(await connectNames(topics.registryUrl, scratch)) },
}

/** A file of this folder with the names of this run in it. */
function filled(path) {
  const text = readFileSync(join(FOLDER, path), 'utf8')
  const file = join(scratch, path.replaceAll('/', '-'))
  writeFileSync(
    file,
    text.replace(/\$\{(\w+)\}/g, (whole, name) => names[name] ?? whole),
  )
  return file
}

// Flink's serializers look into classes of Java itself.
const OPENED = ['java.lang', 'java.util', 'java.time', 'java.net', 'java.nio'].flatMap((name) => [
  '--add-opens',
  `java.base/${name}=ALL-UNNAMED`,
])
const flinkRuns = (path) => runJava(flink, [...OPENED, join(FOLDER, 'flink', 'Sql.java'), filled(path)])
const postgresRuns = (path) => postgres.sql(readFileSync(join(FOLDER, path), 'utf8'))

const typedTopics = async () =>
  (await topics.names()).filter((name) => name.startsWith(`${VERIFIED}.`)).sort()
const tableOf = (topic) => topic.replaceAll('.', '_')

/** Flink SQL: the long form with its maps, and a typed topic. */
async function throughFlink() {
  console.log('Flink SQL, long form')
  await flinkRuns('flink/long.sql')
  await checks.long()
  console.log('Flink SQL, typed')
  await flinkRuns('flink/typed.sql')
  await checks.typed(`${VERIFIED}.pan`, 'pan_typed')
}

let connectors = 0

/** A JDBC sink connector: every typed topic. Each time another one, which reads everything from the start. */
async function throughConnect() {
  connectors += 1
  names.connectorName = `typed-records-${connectors}`
  console.log('Kafka Connect with a JDBC sink, every typed topic')
  const written = []
  for (const topic of await typedTopics()) if ((await topics.rows(topic)).length > 0) written.push(topic)
  const isDone = () => topics.hasRead(`connect-${names.connectorName}`, written)
  const files = [filled('connect/worker.properties'), filled('connect/sink.properties')]
  await runConnect({ jars: connect, files, isDone })
  for (const topic of written) await checks.typed(topic, tableOf(topic))
}

/** Every copy in a staging table, then a MERGE, twice. */
function throughMerge() {
  console.log('MERGE of a staging table that holds every row twice, run twice')
  postgres.sql(
    'DROP TABLE IF EXISTS pan_staged, pan_merged, pan_later; CREATE TABLE pan_merged (LIKE pan_typed INCLUDING ALL); ' +
      'CREATE TABLE pan_staged AS SELECT * FROM pan_typed UNION ALL SELECT * FROM pan_typed',
  )
  for (let run = 0; run < 2; run += 1) postgresRuns('postgres/merge.sql')
  const differFrom = (table) => `SELECT count(*) FROM (TABLE ${table} EXCEPT TABLE pan_merged) AS d`
  checks.same(
    'rows of pan_merged',
    postgres.sql('SELECT count(*) FROM pan_merged'),
    postgres.sql('SELECT count(*) FROM pan_typed'),
  )
  checks.same('rows that differ', postgres.sql(differFrom('pan_typed')), 0)
  // A privacy rule that came in between: the later copy of each record has no name.
  postgres.sql(
    "CREATE TABLE pan_later AS TABLE pan_typed; UPDATE pan_later SET output_name = NULL, fetchedAt = fetchedAt + interval '1 second'; " +
      'INSERT INTO pan_staged TABLE pan_later',
  )
  postgresRuns('postgres/merge.sql')
  checks.same('rows that differ from the later copies', postgres.sql(differFrom('pan_later')), 0)
}

async function load() {
  if (values.only !== 'connect') {
    await throughFlink()
    throughMerge()
  }
  if (values.only !== 'flink') await throughConnect()
}

try {
  postgresRuns('postgres/long.sql')
  postgresRuns('postgres/typed.sql')
  console.log(`${handshakes} handshakes, a third of the webhooks twice`)
  await load()
  console.log('once more: everything that was loaded before, and 30 handshakes behind it')
  await topics.send(handshakes, handshakes + 30)
  await load()
} finally {
  await topics.stop()
  postgres.stop()
}
process.exitCode = checks.conclude()
