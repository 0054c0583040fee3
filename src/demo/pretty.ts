/** Rows of our topics for people: times as times, redactions where they happened. */

const TIMES: ReadonlySet<string> = new Set([
  'eventTime',
  'fetchedAt',
  'verifiedAt',
  'firstSeenAt',
  'failedAt',
  'startedAt',
  'finishedAt',
])
const MAX_MEMBERS = 14
const MAX_TEXT = 400
const MAX_MEMBER_TEXT = 100

/**
 * Writes a row as indented text.
 *
 * In:   row  as decoded; `redactions` is shown beside the values it tells of
 * Out:  a line a field, a line a member of a map; long texts and maps are cut for show
 */
export function prettyRow(row: object): string {
  const fields = Object.entries(row).filter(([name]) => name !== 'redactions')
  const redactions = 'redactions' in row && isObject(row.redactions) ? row.redactions : {}
  const width = Math.max(...fields.map(([name]) => name.length))
  const lines = fields.flatMap(([name, value]) => {
    const label = `  ${name.padEnd(width)}  `
    const plain = plainText(name, value)
    if (plain !== null) return [`${label}${plain}`]
    const members = Object.entries(isObject(value) ? value : {})
    if (members.length === 0) return [`${label}${Array.isArray(value) ? '[]' : '{}'}`]
    return [label.trimEnd(), ...memberLines(name, members, redactions)]
  })
  return `${lines.join('\n')}\n`
}

function memberLines(
  field: string,
  members: readonly (readonly [string, unknown])[],
  redactions: Readonly<Record<string, unknown>>,
): string[] {
  // What a rule changed is worth more lines than what it left alone.
  const sorted = [...members].sort(
    ([a], [b]) => Number(`${field}.${b}` in redactions) - Number(`${field}.${a}` in redactions),
  )
  const shown = sorted.slice(0, MAX_MEMBERS)
  const width = Math.max(...shown.map(([name]) => name.length))
  const lines = shown.map(([name, value]) => {
    const action = redactions[`${field}.${name}`]
    const note = typeof action === 'string' ? `   <- ${action}, by a privacy rule` : ''
    return `      ${name.padEnd(width)}  ${cut(plainText(name, value) ?? JSON.stringify(value), MAX_MEMBER_TEXT)}${note}`
  })
  return members.length > shown.length ? [...lines, `      and ${members.length - shown.length} more`] : lines
}

/** Null for what has members. */
function plainText(name: string, value: unknown): string | null {
  if (value === null || value === undefined) return 'null'
  if (typeof value === 'number' && TIMES.has(name)) return new Date(value).toISOString()
  if (Buffer.isBuffer(value)) return cut(value.toString('utf8'))
  if (typeof value === 'string') return cut(value)
  return typeof value === 'object' ? null : String(value)
}

/** Control characters out of data must not reach a terminal. */
function cut(text: string, length = MAX_TEXT): string {
  const visible = text.replace(/\p{C}/gu, '?')
  return visible.length > length ? `${visible.slice(0, length)}...` : visible
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
