/** What the warehouse holds against what the topics hold. */
import { createHash } from 'node:crypto'
import { VERIFIED } from './topics.mjs'

const MARK = '\u001f'
const NULL = '\\N'
const LONG_COLUMNS = ['recordId', 'handshakeId', 'stageId', 'stageType', 'status', 'valid']

/** Compares, prints a line each, and counts what differs. */
export function createChecks(topics, postgres) {
  let wrong = 0
  const same = (what, found, expected) => {
    const isSame = String(found) === String(expected)
    if (!isSame) wrong += 1
    console.log(`  ${isSame ? 'same ' : 'WRONG'} ${what}: ${found}${isSame ? '' : ` instead of ${expected}`}`)
  }
  /** Rows, counted and digested, in a table and as they should be. */
  const sameRows = (table, columns, rows) => {
    same(`rows of ${table}`, postgres.sql(`SELECT count(*) FROM "${table}"`), rows.length)
    same(
      `digest of ${columns.length} columns of ${table}`,
      digestIn(postgres, table, columns),
      digestOf(rows),
    )
  }
  return {
    same,
    /** The tables of postgres/long.sql. */
    async long() {
      const { rows, last } = await read(topics, VERIFIED)
      console.log(`  ${rows.length} records on ${VERIFIED}, ${last.length} of them different`)
      const stages = last.map((row) => [
        ...LONG_COLUMNS.map((name) => row[name]),
        row.verification.credentialId,
      ])
      sameRows('stage_long', [...LONG_COLUMNS, 'credentialId'], stages)
      const leaves = last.flatMap(({ recordId, output }) =>
        Object.entries(output).map(([path, text]) => [recordId, path, text]),
      )
      sameRows('leaf_long', ['recordId', 'path', 'text'], leaves)
    },
    /** A table whose columns are named as the fields of a topic's records. */
    async typed(topic, table) {
      const { rows, last } = await read(topics, topic)
      const columns = columnsIn(postgres, table)
      const kinds = await topics.kinds(topic)
      const folded = new Map([...kinds.keys()].map((name) => [name.toLowerCase(), name]))
      const names = columns
        .map((column) => (kinds.has(column) ? column : folded.get(column)))
        .filter(isSigned)
      console.log(`  ${rows.length} records on ${topic}, ${last.length} of them different`)
      const texts = last.map((row) => names.map((name) => textFor(kinds.get(name), row[name])))
      const quoted = columns.filter((column) => isSigned(kinds.has(column) ? column : folded.get(column)))
      sameRows(
        table,
        quoted.map((column) => `"${column}"`),
        texts,
      )
    },
    conclude() {
      console.log(wrong === 0 ? 'all the same' : `${wrong} things are wrong`)
      return wrong === 0 ? 0 : 3
    },
  }
}

/** What the copies of a repeat agree in: of several, any may be the one that stays. */
const isSigned = (name) =>
  name !== undefined &&
  !/^(origin_|fetchedAt$|verification_verifiedAt$|requestId$|attempt$|replays$)/.test(name)

async function read(topics, topic) {
  const rows = await topics.rows(topic)
  return { rows, last: [...new Map(rows.map((row) => [row.recordId, row])).values()] }
}

const md5 = (text) => createHash('md5').update(text, 'utf8').digest('hex')
const textOf = (value) => (value === null || value === undefined ? NULL : String(value))

function textFor(kind, value) {
  if (value === null || value === undefined) return null
  if (kind === 'date') return new Date(value * 86_400_000).toISOString().slice(0, 10)
  return value
}

const digestOf = (rows) =>
  md5(
    rows
      .map((row) => md5(row.map(textOf).join(MARK)))
      .sort()
      .join(''),
  )

/** The same, made by the database over the values that it holds. */
function digestIn(postgres, table, columns) {
  const types = new Map(
    postgres
      .sql(`SELECT column_name, data_type FROM information_schema.columns WHERE table_name = '${table}'`)
      .split('\n')
      .map((line) => line.split('|')),
  )
  const cells = columns.map((column) => {
    const isTime = types.get(column.replaceAll('"', ''))?.startsWith('timestamp')
    const text = isTime ? `(extract(epoch FROM ${column}) * 1000)::bigint::text` : `${column}::text`
    return `coalesce(${text}, '${NULL}')`
  })
  const lines = `SELECT md5(concat_ws(U&'\\001f', ${cells.join(', ')})) AS line FROM "${table}"`
  return postgres.sql(`SELECT md5(string_agg(line, '' ORDER BY line COLLATE "C")) FROM (${lines}) AS t`)
}

const columnsIn = (postgres, table) =>
  postgres
    .sql(
      `SELECT column_name FROM information_schema.columns WHERE table_name = '${table}' ORDER BY ordinal_position`,
    )
    .split('\n')
