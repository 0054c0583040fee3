import { describe, expect, it } from 'vitest'
import { prettyRow } from '../../src/demo/pretty.js'

describe('a row for people', () => {
  it('shows times as times and bytes as text', () => {
    const text = prettyRow({ failedAt: 1_700_000_000_000, calls: 3, value: Buffer.from('{"a":1}') })
    expect(text).toBe('  failedAt  2023-11-14T22:13:20.000Z\n  calls     3\n  value     {"a":1}\n')
  })

  it('shows a redaction beside the value it was done to, before what was left alone', () => {
    const row = { output: { name: 'A', 'pht.x': null }, redactions: { 'output.pht.x': 'drop' } }
    expect(prettyRow(row)).toBe('  output\n      pht.x  null   <- drop, by a privacy rule\n      name   A\n')
  })

  it('lets no control character out of data reach the terminal', () => {
    expect(prettyRow({ tag: '\u001b[2Jx\r' })).toBe('  tag  ?[2Jx?\n')
  })

  it('cuts long texts and long maps for show, and says so', () => {
    const output = Object.fromEntries(Array.from({ length: 30 }, (_, n) => [`f${n}`, 'x'.repeat(500)]))
    const text = prettyRow({ output })
    expect(text).toContain('and 16 more')
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThan(130)
  })
})
