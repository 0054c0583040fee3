/** Pages and files made from the code. `npm run docs` writes them anew. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { configJsonSchema } from '../../src/config/json-schema.js'
import { DEFAULTS } from '../../src/config/load.js'
import { configSchema } from '../../src/config/schema.js'
import { bareOf, memberSchema, membersOf, type Schema, wordsFor } from '../../src/config/shape.js'
import { FAILURES } from '../../src/core/failure.js'
import { POLICY_ROWS } from '../../src/core/policy.js'

const page = (path: string): string => new URL(`../../${path}`, import.meta.url).pathname

const cell = (text: string): string => text.replaceAll('|', '\\|')

interface Row {
  readonly key: string
  readonly type: string
  readonly fallback: string
  readonly about: string
}

/** The description nearest to the outside. */
function aboutOf(schema: Schema): string {
  let known = schema as z.core.$ZodTypes
  for (;;) {
    const about = z.globalRegistry.get(known)?.description
    if (about !== undefined) return about
    const { def } = known._zod
    if (def.type === 'pipe') known = def.in as z.core.$ZodTypes
    else if ('innerType' in def) known = def.innerType as z.core.$ZodTypes
    else return ''
  }
}

function rowsOf(schema: Schema, key: string, defaults: unknown): Row[] {
  const members = membersOf(schema)
  const row = (type: string): Row => ({
    key,
    type,
    fallback: defaults === undefined ? '' : `\`${JSON.stringify(defaults)}\``,
    about: aboutOf(schema),
  })
  const child = (name: string): unknown =>
    typeof defaults === 'object' && defaults !== null
      ? (defaults as Record<string, unknown>)[name]
      : undefined
  const below = (at: Schema, prefix: string, known: boolean): Row[] =>
    Object.entries(membersOf(at) ?? {}).flatMap(([name, member]) =>
      rowsOf(member, prefix === '' ? name : `${prefix}.${name}`, known ? child(name) : undefined),
    )
  const { type } = bareOf(schema).schema._zod.def
  if (type === 'object' && members !== null) {
    return [...(aboutOf(schema) === '' ? [] : [row(wordsFor(schema))]), ...below(schema, key, true)]
  }
  if (type === 'union' && members !== null) return [row(wordsFor(schema)), ...below(schema, key, false)]
  const item = type === 'array' ? memberSchema(schema, 0) : undefined
  if (item !== undefined && membersOf(item) !== null)
    return [row('a list of maps'), ...below(item, `${key}[]`, false)]
  return [row(wordsFor(schema))]
}

function valuesOf(schema: Schema): string {
  const { def } = bareOf(schema).schema._zod
  return def.type === 'enum' ? Object.values(def.entries).join(', ') : ''
}

function keyTable(): string {
  const required = new Set(['attestr.credentials', 'kafka.brokers', 'schemaRegistry.url'])
  const lines = rowsOf(configSchema, '', DEFAULTS).map(({ key, type, fallback, about }) => {
    const values = valuesOf(schemaFor(key))
    const shown = required.has(key) ? 'required' : fallback
    return `| \`${key}\` | ${cell(values === '' ? type : values)} | ${cell(shown)} | ${cell(about)} |`
  })
  return ['| key | takes | default | meaning |', '|---|---|---|---|', ...lines].join('\n')
}

function schemaFor(key: string): Schema {
  let here: Schema = configSchema
  for (const part of key.split('.')) {
    const name = part.replace('[]', '')
    const next = memberSchema(here, name)
    if (next === undefined) return here
    here = part.endsWith('[]') ? (memberSchema(next, 0) ?? next) : next
  }
  return here
}

function codesPage(): string {
  const rows = Object.entries(FAILURES).map(
    ([code, { category, retryable, remedy }]) =>
      `| \`${code}\` | ${category} | ${retryable ? 'yes' : 'no'} | ${cell(remedy)} |`,
  )
  return [
    '# Failure codes',
    '',
    'Every dead letter has one of these codes: in the field `code`, in the header `attestr.code` and as a label of',
    '`attestr_outcomes_total`. `attestr-kafka codes` prints the same list, `--json` for programs, and',
    '`attestr-kafka codes --policy` prints which answer of the API leads to which code. Codes may be added, never renamed.',
    '',
    '"Replay can help" is the field `retryable`: whether the same event can end otherwise without a change of its data.',
    '',
    '| code | category | replay can help | what to do |',
    '|---|---|---|---|',
    ...rows,
    '',
    '## What an answer of the API leads to',
    '',
    'The first row that fits wins; `*` is any other code, or none. [`policy`](configuration.md#overriding-what-an-answer-means)',
    'of the configuration changes rows. Timeouts, resets and answers that are cut off are as `5xx`.',
    '',
    '| status | code | action | |',
    '|---|---|---|---|',
    ...POLICY_ROWS.map(
      ({ status, code, action, note }) =>
        `| ${status} | ${cell(String(code))} | \`${action}\` | ${cell(note)} |`,
    ),
    '',
  ].join('\n')
}

describe('in step with the code', () => {
  it('attestr-kafka.schema.json is the schema of the configuration', async () => {
    await expect(configJsonSchema()).toMatchFileSnapshot(page('attestr-kafka.schema.json'))
  })

  it('docs/failure-codes.md has every code', async () => {
    await expect(codesPage()).toMatchFileSnapshot(page('docs/failure-codes.md'))
  })

  it('docs/configuration.md has every key with its default', async () => {
    const path = page('docs/configuration.md')
    const text = readFileSync(path, 'utf8')
    const [before = '', rest = ''] = text.split('<!-- keys -->\n')
    const after = rest.slice(rest.indexOf('<!-- end of keys -->'))
    await expect(`${before}<!-- keys -->\n${keyTable()}\n${after}`).toMatchFileSnapshot(path)
  })
})
