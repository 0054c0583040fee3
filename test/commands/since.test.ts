import { InvalidArgumentError } from 'commander'
import { describe, expect, it } from 'vitest'
import { parseSince } from '../../src/commands/since.js'

const NOW = Date.parse('2026-11-23T12:00:00Z')
const iso = (text: string): string => new Date(parseSince(text, NOW)).toISOString()

describe('--since', () => {
  it.each([
    ['2026-11-23T11:59:00Z', '2026-11-23T11:59:00.000Z'],
    ['2026-11-23t11:59:00.25z', '2026-11-23T11:59:00.250Z'],
    ['2026-11-23 16:00:00+05:30', '2026-11-23T10:30:00.000Z'],
    ['2026-02-28T23:00:00.123456789-02:00', '2026-03-01T01:00:00.123Z'],
    ['90s', '2026-11-23T11:58:30.000Z'],
    ['30m', '2026-11-23T11:30:00.000Z'],
    ['2h', '2026-11-23T10:00:00.000Z'],
    ['7d', '2026-11-16T12:00:00.000Z'],
    ['99999d', '1970-01-01T00:00:00.000Z'],
  ])('%s is %s', (text, time) => {
    expect(iso(text)).toBe(time)
  })

  it.each([
    ...[
      '',
      'yesterday',
      '2h30m',
      '0h',
      '-2h',
      '2w',
      '1.5h',
      '2026-11-23',
      '2026-11-23T12:00:00',
      '1700000000000',
    ],
    ...['2026-02-30T00:00:00Z', '2026-13-01T00:00:00Z', '2026-11-23T25:00:00Z', '2026-11-23T12:00:01Z'],
  ])('%j is refused', (text) => {
    expect(() => parseSince(text, NOW)).toThrow(InvalidArgumentError)
  })
})
