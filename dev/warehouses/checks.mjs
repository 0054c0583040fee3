/** What the warehouse holds against what the topics hold. */
import { VERIFIED } from './topics.mjs'

export function createChecks() {
  let wrong = 0
  const same = (what, found, expected) => {
    const isSame = JSON.stringify(found) === JSON.stringify(expected)
    if (!isSame) wrong += 1
    console.log(
      `${isSame ? 'same ' : 'WRONG'} ${what}: ${short(found)}${isSame ? '' : ` instead of ${short(expected)}`}`,
    )
  }
  return {
    /** The tables of postgres/long.sql. */
    async long(topics, postgres) {
      const rows = await topics.rows(VERIFIED)
      const last = latest(rows)
      console.log(`  ${rows.length} records on ${VERIFIED}, ${last.size} of them different`)
      const count = (table) => Number(postgres.sql(`SELECT count(*) FROM ${table}`))
      same('rows of stage_long', count('stage_long'), last.size)
      const leaves = [...last.values()].flatMap(({ recordId, output }) =>
        Object.entries(output).map(([path, text]) => [recordId, path, text]),
      )
      same('rows of leaf_long', count('leaf_long'), leaves.length)
      const columns = ['recordId', 'handshakeId', 'stageId', 'stageType', 'status', 'valid', 'credentialId']
      same(
        'digest of stage_long',
        digestIn(postgres, 'stage_long', columns),
        digestOf(
          [...last.values()].map((row) => [
            ...columns.slice(0, -1).map((name) => row[name]),
            row.verification.credentialId,
          ]),
        ),
      )
      same(
        'digest of leaf_long',
        digestIn(postgres, 'leaf_long', ['recordId', 'path', 'text']),
        digestOf(leaves),
      )
    },
    conclude() {
      console.log(wrong === 0 ? 'all the same' : `${wrong} things are wrong`)
      return wrong === 0 ? 0 : 3
    },
  }
}

const short = (value) => JSON.stringify(value)

/** The last record of each id: which of several copies does not matter, all that is compared is signed. */
function latest(rows) {
  return new Map(rows.map((row) => [row.recordId, row]))
}

import { createHash } from 'node:crypto'

const MARK = '\u001f'
const textOf = (value) => (value === null || value === undefined ? '\\N' : String(value))

function digestOf(rows) {
  const lines = rows.map((row) => md5(row.map(textOf).join(MARK))).sort()
  return md5(lines.join(''))
}

const md5 = (text) => createHash('md5').update(text, 'utf8').digest('hex')

/** The same, made by the database over the values that it holds. */
function digestIn(postgres, table, columns) {
  const cells = columns.map((name) => `coalesce(${name}::text, '\\N')`).join(', ')
  return postgres.sql(
    `SELECT md5(string_agg(line, '' ORDER BY line COLLATE "C")) FROM (SELECT md5(concat_ws(U&'\\001f', ${cells})) AS line FROM ${table}) AS t`,
  )
}
