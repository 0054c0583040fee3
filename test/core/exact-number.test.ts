import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { exactNumber } from '../../src/core/exact-number.js'

describe('a number', () => {
  it.each([
    ['0', 0],
    ['-0.0', -0],
    ['17.500000', 17.5],
    ['1e3', 1000],
    ['123456789012345', 123_456_789_012_345],
    ['9007199254740991', 9_007_199_254_740_991],
    ['0.10000000000000000', 0.1],
    ['17.448583333333332', 17.448583333333332],
    ['1.50E+2', 150],
    ['5e-324', 5e-324],
  ])('%s is read', (text, value) => {
    expect(exactNumber(text)).toBe(value)
  })

  it.each([
    '12345678901234567890',
    '9007199254740993',
    '0.1234567890123456789',
    '1e400',
    '1e-400',
    '07',
    '1,000',
    '.5',
    '5.',
    'NaN',
    'Infinity',
    '0x10',
    ' 1',
    '',
  ])('%s stays a text', (text) => {
    expect(exactNumber(text)).toBeNull()
  })

  it('that was a double comes back as that double', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        // JSON has no negative zero to write.
        expect(exactNumber(JSON.stringify(value))).toBe(value === 0 ? 0 : value)
      }),
      { numRuns: 2000 },
    )
  })

  it('of more digits stays a text, whatever they are', () => {
    const digits = fc.stringMatching(/^[1-9][0-9]{17,30}[1-9]$/)
    fc.assert(
      fc.property(digits, (text) => {
        expect(exactNumber(`0.${text}`)).toBeNull()
      }),
    )
  })

  it('is read or not at once, however long the text', () => {
    expect(exactNumber(`1.${'0'.repeat(3_000_000)}1`)).toBeNull()
  })
})
