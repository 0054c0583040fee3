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

  it('that was a double of few digits comes back as that double', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const text = JSON.stringify(Number(value.toPrecision(15)))
        fc.pre(Math.abs(value) > 1e-290 || value === 0)
        expect(JSON.stringify(exactNumber(text))).toBe(JSON.stringify(JSON.parse(text)))
      }),
    )
  })
})
