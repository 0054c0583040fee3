import { BACKSLASH, LOWER_E, LOWER_U, MINUS, NINE, PLUS, POINT, UPPER_E, ZERO } from './chars.js'

/**
 * The ends of numbers, literals and escapes. Each answers the index after the lexeme; or, when there is none,
 * `TRUNCATED` where the text ends too early, else `syntaxAt` of the character that is wrong.
 */
export const TRUNCATED = -1

/** A syntax fault at an index, as a negative number beside `TRUNCATED`. Its own inverse. */
export function syntaxAt(index: number): number {
  return -2 - index
}

/** The characters that may stand after a backslash, `u` left out. */
const SIMPLE_ESCAPES = '"\\/bfnrt'
const UNIT_ESCAPE = 6

export function endOfNumber(text: string, start: number): number {
  let at = text.charCodeAt(start) === MINUS ? start + 1 : start
  if (at < text.length && text.charCodeAt(at) === ZERO) at += 1
  else at = endOfDigits(text, at)
  if (at >= 0 && at < text.length && text.charCodeAt(at) === POINT) at = endOfDigits(text, at + 1)
  if (at < 0 || at >= text.length) return at
  const c = text.charCodeAt(at)
  if (c !== LOWER_E && c !== UPPER_E) return at
  at += 1
  if (at < text.length) {
    const sign = text.charCodeAt(at)
    if (sign === PLUS || sign === MINUS) at += 1
  }
  return endOfDigits(text, at)
}

/** One digit at least. */
function endOfDigits(text: string, start: number): number {
  let at = start
  for (; at < text.length; at += 1) {
    const c = text.charCodeAt(at)
    if (c < ZERO || c > NINE) return at === start ? syntaxAt(at) : at
  }
  return at === start ? TRUNCATED : at
}

export function endOfLiteral(text: string, start: number, word: 'true' | 'false' | 'null'): number {
  for (let i = 0; i < word.length; i += 1) {
    if (start + i >= text.length) return TRUNCATED
    if (text.charCodeAt(start + i) !== word.charCodeAt(i)) return syntaxAt(start + i)
  }
  return start + word.length
}

/**
 * In:     start   of a backslash within a string
 * Out:    the index after the escape; a surrogate pair written as two escapes is taken as one
 */
export function endOfEscape(text: string, start: number): number {
  if (start + 1 >= text.length) return TRUNCATED
  if (text.charCodeAt(start + 1) !== LOWER_U) {
    return SIMPLE_ESCAPES.includes(text.charAt(start + 1)) ? start + 2 : syntaxAt(start + 1)
  }
  for (let at = start + 2; at < start + UNIT_ESCAPE; at += 1) {
    if (at >= text.length) return TRUNCATED
    if (!isHex(text.charCodeAt(at))) return syntaxAt(at)
  }
  const second = start + UNIT_ESCAPE
  const isPair =
    isHalf(text, start, 0x38, 0x62) && isUnitEscape(text, second) && isHalf(text, second, 0x63, 0x66)
  return isPair ? second + UNIT_ESCAPE : second
}

/** Whether the escape from `start` to `end` is half a surrogate pair without the other half. */
export function isLoneSurrogate(text: string, start: number, end: number): boolean {
  return end - start === UNIT_ESCAPE && isHalf(text, start, 0x38, 0x66)
}

function isUnitEscape(text: string, start: number): boolean {
  if (start + UNIT_ESCAPE > text.length) return false
  if (text.charCodeAt(start) !== BACKSLASH || text.charCodeAt(start + 1) !== LOWER_U) return false
  for (let at = start + 2; at < start + UNIT_ESCAPE; at += 1) {
    if (!isHex(text.charCodeAt(at))) return false
  }
  return true
}

/** `\ud8..` to `\udf..`: the third digit lies between two characters (8, 9, a to f, given in lower case). */
function isHalf(text: string, start: number, from: number, to: number): boolean {
  if ((text.charCodeAt(start + 2) | 0x20) !== 0x64) return false
  const digit = text.charCodeAt(start + 3)
  const lower = digit >= 0x41 ? digit | 0x20 : digit
  const isHexDigit = lower <= NINE || lower >= 0x61
  return isHexDigit && lower >= from && lower <= to
}

function isHex(c: number): boolean {
  const lower = c | 0x20
  return (c >= ZERO && c <= NINE) || (lower >= 0x61 && lower <= 0x66)
}
