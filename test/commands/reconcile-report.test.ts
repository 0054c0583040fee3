import { describe, expect, it } from 'vitest'
import { jsonReport, type ReportHead, textReport } from '../../src/commands/reconcile-report.js'
import type { Findings } from '../../src/tools/reconcile/proof.js'
import { createTally } from '../../src/tools/reconcile/tally.js'

const head: ReportHead = { groupId: 'g', delivery: 'exactly-once', since: null }
const at = (offset: number) => ({ topic: 'events', partition: 1, offset })

function findings(violations: number, ...lacking: readonly number[]): Findings {
  const tally = createTally()
  Object.assign(tally.counts, {
    messages: 12_345,
    events: 12_340,
    retries: 5,
    verified: 12_000,
    records: 36_000,
  })
  for (let n = 0; n < violations; n += 1) {
    tally.found({ kind: 'handshake-torn', at: at(n), origin: at(0), detail: '1 of 2' })
  }
  for (const offset of lacking) tally.lacks('outcome-out-of-reach', at(offset))
  return { counts: tally.counts, unprovable: tally.unprovable(), violations: tally.violations }
}

const textOf = (found: Findings, more: Partial<ReportHead> = {}): string =>
  [...textReport({ ...head, ...more }, found)].join('')

describe('the report of reconcile', () => {
  it('is a table, then a line a violation, then the verdict', () => {
    const text = textOf(findings(2))
    expect(text).toMatch(/^messages +12,345 +events 12,340, retry 5, replay 0$/m)
    expect(text.trimEnd().split('\n').slice(-3)).toEqual([
      'handshake-torn events/1@0: 1 of 2',
      'handshake-torn events/1@1 (origin events/1@0): 1 of 2',
      'NOT PROVED: 2 violations',
    ])
  })

  it('ends with what is proved, and what could not be judged', () => {
    expect(textOf(findings(0)).trimEnd().split('\n').at(-1)).toMatch(
      /^PROVED: every consumed message has exactly one/,
    )
    const lines = textOf(findings(0, 7, 3, 5))
      .trimEnd()
      .split('\n')
    expect(lines.at(-2)).toBe('unprovable outcome-out-of-reach events/1@3..7: 3')
    expect(lines.at(-1)).toMatch(/^PROVED: .*; but for the 3 unprovable ones above$/)
  })

  it('tells of repeats at least once alone', () => {
    expect(textOf(findings(0))).not.toContain('repeats')
    expect(textOf(findings(0), { delivery: 'at-least-once' })).toMatch(/^repeats +0 +allowed/m)
  })

  it.each([0, 1, 3])('as JSON is one document, with %d violations', (violations) => {
    const text = [...jsonReport({ ...head, since: 0 }, findings(violations, 1))].join('')
    const parsed = JSON.parse(text)
    expect(parsed).toMatchObject({ proved: violations === 0, since: '1970-01-01T00:00:00.000Z' })
    expect(parsed.counts).toMatchObject({ messages: 12_345, violations, unprovable: 1 })
    expect(parsed.unprovable).toEqual([
      { reason: 'outcome-out-of-reach', topic: 'events', partition: 1, from: 1, to: 1, count: 1 },
    ])
    expect(parsed.violations).toHaveLength(violations)
    if (violations > 0)
      expect(parsed.violations[0]).toEqual({
        ...{ kind: 'handshake-torn', at: at(0), origin: at(0), detail: '1 of 2' },
      })
  })
})
