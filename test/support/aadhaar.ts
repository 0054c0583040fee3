import fc from 'fast-check'
import { passesVerhoeff } from '../../src/core/digits.js'

/** Digits followed by their Verhoeff check digit. */
export function withCheckDigit(digits: string): string {
  const values = [...digits].map(Number)
  const check = Array.from({ length: 10 }, (_, digit) => digit).find((digit) =>
    passesVerhoeff([...values, digit]),
  )
  return `${digits}${check}`
}

/** The same digits in another script. In: the code point of its zero. */
export function inScript(digits: string, zero: number): string {
  return [...digits].map((c) => (/\d/.test(c) ? String.fromCodePoint(zero + Number(c)) : c)).join('')
}

export const grouped = (digits: string, separator: string): string =>
  digits.replace(/(.{4})(?=.)/g, (group) => group + separator)

const digitsOf = (length: number): fc.Arbitrary<string> =>
  fc
    .array(fc.integer({ min: 0, max: 9 }), { minLength: length, maxLength: length })
    .map((all) => all.join(''))

/** Aadhaar numbers: 12 digits. */
export const aadhaar = fc
  .tuple(fc.integer({ min: 2, max: 9 }), digitsOf(10))
  .map(([first, rest]) => withCheckDigit(`${first}${rest}`))

/** VIDs: 16 digits. */
export const vid = digitsOf(15).map(withCheckDigit)
