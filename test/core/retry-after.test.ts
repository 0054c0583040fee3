import { describe, expect, it } from 'vitest'
import { readRetryAfter } from '../../src/core/retry-after.js'

const NOW = Date.UTC(1994, 10, 6, 8, 49, 0)

describe('Retry-After is read in both forms', () => {
  it.each([
    ['0', 0],
    ['5', 5_000],
    [' 120 ', 120_000],
    ['Sun, 06 Nov 1994 08:49:37 GMT', 37_000],
    ['Sunday, 06-Nov-94 08:49:37 GMT', 37_000],
    ['Sun Nov  6 08:49:37 1994', 37_000],
  ])('%j is a wait of %d ms', (text, expected) => {
    expect(readRetryAfter(text, NOW)).toBe(expected)
  })

  it('a date in the past is no wait', () => {
    expect(readRetryAfter('Sun, 06 Nov 1994 08:48:00 GMT', NOW)).toBe(0)
  })

  it.each([
    null,
    '',
    '-1',
    '1.5',
    '1e3',
    'soon',
    '99999999999',
    '2024-01-01',
    'Sun, 99 Nov 1994 08:49:37 GMT',
  ])('%j is not used', (text) => {
    expect(readRetryAfter(text, NOW)).toBeNull()
  })
})
