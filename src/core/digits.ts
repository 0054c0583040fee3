/** Decimal digits of any script, the Verhoeff check, and numbers written out. */
import { trimEnd } from './trim-end.js'

/** Multiplication in the dihedral group of order 10, row by row. */
const PRODUCT = [
  '0123456789',
  '1234067895',
  '2340178956',
  '3401289567',
  '4012395678',
  '5987604321',
  '6598710432',
  '7659821043',
  '8765932104',
  '9876543210',
].map((row) => [...row].map(Number))

/** What a digit becomes by its place, counted from the right. */
const PERMUTATION = [
  '0123456789',
  '1576283094',
  '5803796142',
  '8916043527',
  '9453126870',
  '4286573901',
  '2793806415',
  '7046913258',
].map((row) => [...row].map(Number))

/**
 * Whether the last digit is the Verhoeff check digit of those before it.
 *
 * Source: J. Verhoeff, Error Detecting Decimal Codes, 1969; Aadhaar numbers and VIDs end in one
 */
export function passesVerhoeff(digits: readonly number[]): boolean {
  let check = 0
  for (let i = 0; i < digits.length; i += 1) {
    const permuted = PERMUTATION[i % 8]?.[digits[digits.length - 1 - i] as number] as number
    check = PRODUCT[check]?.[permuted] as number
  }
  return check === 0
}

const ANY_DIGIT = /^\p{Nd}$/u
const ASCII_ZERO = 0x30
const ASCII_END = 0x80
const UNKNOWN = -2
/** Answers for the code points below U+10000, each found once: the pattern is slow. */
const KNOWN = new Int8Array(0x10000).fill(UNKNOWN)

/**
 * The value of a decimal digit of any script (Unicode category Nd).
 *
 * Out:    0 to 9; -1 when it is none
 */
export function digitValue(codePoint: number): number {
  if (codePoint < ASCII_END) {
    return codePoint >= ASCII_ZERO && codePoint < ASCII_ZERO + 10 ? codePoint - ASCII_ZERO : -1
  }
  const known = KNOWN[codePoint] ?? UNKNOWN
  if (known !== UNKNOWN) return known
  const value = valueInSet(codePoint)
  if (codePoint < KNOWN.length) KNOWN[codePoint] = value
  return value
}

function valueInSet(codePoint: number): number {
  if (!isDigit(codePoint)) return -1
  // Unicode keeps each set of ten together and in order, zero first; some sets touch.
  let before = 0
  while (isDigit(codePoint - before - 1)) before += 1
  return before % 10
}

function isDigit(codePoint: number): boolean {
  return ANY_DIGIT.test(String.fromCodePoint(codePoint))
}

const NUMBER_PARTS = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/
/** Farther than this the point is not moved. */
const MOST_PLACES = 40

/**
 * A JSON number without its exponent: `4.8e2` is `480`, `4805e-1` is `480.5`.
 *
 * Out:    the same text when there is no exponent, or one beyond 40 places
 */
export function writtenOut(text: string): string {
  const parts = NUMBER_PARTS.exec(text)
  const exponent = Number(parts?.[4] ?? 0)
  if (parts === null || exponent === 0 || Math.abs(exponent) > MOST_PLACES) return text
  const [, sign = '', whole = '', fraction = ''] = parts
  const digits = '0'.repeat(MOST_PLACES) + whole + fraction + '0'.repeat(MOST_PLACES)
  const point = MOST_PLACES + whole.length + exponent
  const before = digits.slice(0, point).replace(/^0+(?=\d)/, '')
  const after = trimEnd(digits.slice(point), '0')
  return sign + before + (after === '' ? '' : `.${after}`)
}
