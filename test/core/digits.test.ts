import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { digitValue, passesVerhoeff, writtenOut } from '../../src/core/digits.js'
import { aadhaar } from '../support/aadhaar.js'

const passes = (digits: string): boolean => passesVerhoeff([...digits].map(Number))

describe('passesVerhoeff', () => {
  it('takes published examples', () => {
    for (const digits of [
      '2363',
      '758722',
      '123451',
      '1428570',
      '1234567890120',
      '84736430954837284567892',
    ]) {
      expect(passes(digits)).toBe(true)
    }
    expect(passes('2364')).toBe(false)
  })

  it('sees every wrong digit and every two neighbours exchanged', () => {
    fc.assert(
      fc.property(
        aadhaar,
        fc.integer({ min: 0, max: 11 }),
        fc.integer({ min: 1, max: 9 }),
        (number, at, by) => {
          const digits = [...number].map(Number)
          expect(passesVerhoeff(digits)).toBe(true)
          expect(passesVerhoeff(digits.map((digit, i) => (i === at ? (digit + by) % 10 : digit)))).toBe(false)
          const [a = 0, b = 0] = [digits[at % 11], digits[(at % 11) + 1]]
          const swapped = digits.with(at % 11, b).with((at % 11) + 1, a)
          expect(passesVerhoeff(swapped)).toBe(a === b)
        },
      ),
    )
  })
})

describe('digitValue', () => {
  it('knows each digit of each script, and nothing else', () => {
    for (const zero of [
      0x30, 0x660, 0x6f0, 0x966, 0x9e6, 0xc66, 0xff10, 0x1d7ce, 0x1d7d8, 0x1d7f6, 0x1e950, 0x1fbf0,
    ]) {
      for (let digit = 0; digit < 10; digit += 1) expect(digitValue(zero + digit)).toBe(digit)
    }
    for (const c of 'a²½Ⅳ一٫ -x') expect(digitValue(c.codePointAt(0) ?? 0)).toBe(-1)
    expect(digitValue(0xd835)).toBe(-1)
  })

  it('counts to nine within each set of ten that Unicode has', () => {
    let expected = 0
    for (let point = 0; point <= 0x1ffff; point += 1) {
      if (!/\p{Nd}/u.test(String.fromCodePoint(point))) continue
      expect(digitValue(point)).toBe(expected % 10)
      expected += 1
    }
    expect(expected % 10).toBe(0)
  })
})

describe('writtenOut', () => {
  it.each([
    ['480', '480'],
    ['4.8e2', '480'],
    ['4.80212349083E+11', '480212349083'],
    ['4802123490.83e2', '480212349083'],
    ['480212349083000e-3', '480212349083'],
    ['4805e-1', '480.5'],
    ['-4.5e1', '-45'],
    ['1e0', '1e0'],
    ['0e5', '0'],
    ['5e-3', '0.005'],
    ['1e41', '1e41'],
    ['1e-999999999999', '1e-999999999999'],
    ['1.0', '1.0'],
  ])('%s is %s', (text, expected) => {
    expect(writtenOut(text)).toBe(expected)
  })
})
