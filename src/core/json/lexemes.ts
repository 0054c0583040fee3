import { BACKSLASH, LOWER_E, LOWER_U, MINUS, NINE, PLUS, POINT, UPPER_E, ZERO } from './chars.js'
import type { CodeUnits } from './units.js'

/**
 * The ends of numbers, words and escapes in a text that ends with a zero. Each answers the index after the lexeme; or, when
 * there is none, `wrongAt` the index where it cannot go on, which is that of the zero when the text ends too early.
 */

/** An index as a negative number. Its own inverse. */
export function wrongAt(index: number): number {
  return ~index
}

/** The characters that may stand after a backslash, `u` left out. */
const SIMPLE_ESCAPES: readonly number[] = [...'"\\/bfnrt'].map((c) => c.charCodeAt(0))
const UNIT_ESCAPE = 6

export function endOfNumber(units: CodeUnits, start: number): number {
  let at = units[start] === MINUS ? start + 1 : start
  if (units[at] === ZERO) at += 1
  else at = endOfDigits(units, at)
  if (at >= 0 && units[at] === POINT) at = endOfDigits(units, at + 1)
  if (at < 0 || (units[at] !== LOWER_E && units[at] !== UPPER_E)) return at
  at += 1
  if (units[at] === PLUS || units[at] === MINUS) at += 1
  return endOfDigits(units, at)
}

/** One digit at least. */
function endOfDigits(units: CodeUnits, start: number): number {
  let at = start
  while (isDigit(units[at] as number)) at += 1
  return at === start ? wrongAt(at) : at
}

export function endOfWord(units: CodeUnits, start: number, word: 'true' | 'false' | 'null'): number {
  for (let i = 0; i < word.length; i += 1) {
    if (units[start + i] !== word.charCodeAt(i)) return wrongAt(start + i)
  }
  return start + word.length
}

/**
 * In:     start   of a backslash within a string
 * Out:    the index after the escape; a surrogate pair written as two escapes is taken as one
 */
export function endOfEscape(units: CodeUnits, start: number): number {
  const letter = units[start + 1] as number
  if (letter !== LOWER_U) return SIMPLE_ESCAPES.includes(letter) ? start + 2 : wrongAt(start + 1)
  for (let at = start + 2; at < start + UNIT_ESCAPE; at += 1) {
    if (!isHex(units[at] as number)) return wrongAt(at)
  }
  const second = start + UNIT_ESCAPE
  const isPair = isSurrogate(units, start, 0x8, 0xb) && isSecondHalf(units, second)
  return isPair ? second + UNIT_ESCAPE : second
}

/** Whether the escape from `start` to `end` is half a surrogate pair without the other half. */
export function isLoneSurrogate(units: CodeUnits, start: number, end: number): boolean {
  return end - start === UNIT_ESCAPE && isSurrogate(units, start, 0x8, 0xf)
}

function isSecondHalf(units: CodeUnits, start: number): boolean {
  if (units[start] !== BACKSLASH || units[start + 1] !== LOWER_U) return false
  for (let at = start + 2; at < start + UNIT_ESCAPE; at += 1) {
    if (!isHex(units[at] as number)) return false
  }
  return isSurrogate(units, start, 0xc, 0xf)
}

/** Whether the escape is `\ud...` with a third digit between two values. */
function isSurrogate(units: CodeUnits, start: number, from: number, to: number): boolean {
  if (hexValue(units[start + 2] as number) !== 0xd) return false
  const digit = hexValue(units[start + 3] as number)
  return digit >= from && digit <= to
}

function isDigit(c: number): boolean {
  return c >= ZERO && c <= NINE
}

function isHex(c: number): boolean {
  const lower = c | 0x20
  return isDigit(c) || (lower >= 0x61 && lower <= 0x66)
}

/** In: a hex digit. */
function hexValue(c: number): number {
  return c <= NINE ? c - ZERO : (c | 0x20) - 0x61 + 10
}
