/** The tables of docs/operations.md that come from the code. `npm run docs` writes them anew. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { LOG_EVENTS, METRICS, type MetricKind } from '../../src/core/names.js'
import { POLICY_ROWS } from '../../src/core/policy.js'
import { between, page, tableOf, withPart } from '../support/pages.js'

const path = page('docs/operations.md')
const text = readFileSync(path, 'utf8')

function metricTable(): string {
  const rows = Object.entries<MetricKind>(METRICS).map(
    ([name, { kind, labels, help }]) =>
      `| \`${name}\` | ${kind} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} |`,
  )
  return ['| metric | kind | labels | meaning |', '|---|---|---|---|', ...rows].join('\n')
}

function eventTable(): string {
  const rows = Object.entries(LOG_EVENTS).map(([name, meaning]) => `| \`${name}\` | ${meaning} |`)
  return ['| event | meaning |', '|---|---|', ...rows].join('\n')
}

describe('docs/operations.md is in step with the code', () => {
  it('has every metric and every log event', async () => {
    const metrics = withPart(text, 'metrics', metricTable())
    await expect(withPart(metrics, 'log events', eventTable())).toMatchFileSnapshot(path)
  })

  it('names every reason that an answer of the API can stop the process for', () => {
    const named = tableOf(between(text, 'reasons')).map(([reason = '']) => reason.replaceAll('`', ''))
    const reasons = POLICY_ROWS.flatMap(({ action }) => /^pause:(.*)$/.exec(action)?.[1] ?? [])
    expect(named).toEqual(expect.arrayContaining(reasons))
  })
})
