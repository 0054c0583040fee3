import { digitValue, passesVerhoeff, writtenOut } from '../core/digits.js'

/** Finds and masks Aadhaar numbers and VIDs. Source: product.md section 9, aadhaar-fields and aadhaar-text. */

const GROUP = 4
const AADHAAR = 12
const VID = 16
const SHOWN = 4
const HIDDEN = 'x'.repeat(AADHAAR - SHOWN)
const ASCII_END = 0x80
/** No number reaches farther from any of its characters: 16 digits of two units each, and three separators. */
const REACH = 36
const SEPARATOR = /^[\p{Zs}\p{Pd}]$/u

/**
 * Masks the Aadhaar numbers and VIDs in a text.
 *
 * In:     any text: a value, a member name, a tag
 * Out:    each of their digits but the last four is `x`; the very same text when there are none
 */
export function maskNumbers(text: string): string {
  return mayHoldNumber(text) ? new NumberSearch(text).masked() : text
}

/**
 * The same for a JSON number, also for one with an exponent.
 *
 * Out:    the very same text when there is nothing to mask
 */
export function maskInNumber(text: string): string {
  const masked = maskNumbers(text)
  if (masked !== text || !hasExponent(text)) return masked
  const plain = writtenOut(text)
  const maskedPlain = maskNumbers(plain)
  return maskedPlain === plain ? text : maskedPlain
}

/** The usual forms, tried first: the patterns below are slow. */
const USUAL = /^[0-9xX*]{8}[0-9]{4}$/
const MARK = '[\\p{Nd}xX*#\\u2022\\u25cf]'
const BLANKS_AND_HYPHENS = /[\p{Zs}\p{Pd}]/gu
const WHOLE = new RegExp(`^${MARK}{12}$`, 'u')
const WITHIN = new RegExp(
  `(?<![\\p{L}\\p{Nd}*#])${MARK}{4}([\\p{Zs}\\p{Pd}]?)${MARK}{4}\\1${MARK}{4}(?![\\p{L}\\p{Nd}*#])`,
  'gu',
)

/**
 * Masks the text of a field that is known to hold an Aadhaar number: any 12 digits, or 12 characters of which some are masked.
 *
 * Out:    `xxxxxxxx` and the last four; the very same text when there is nothing to mask
 */
export function maskField(text: string): string {
  if (USUAL.test(text)) return HIDDEN + text.slice(-SHOWN)
  const bare = text.replace(BLANKS_AND_HYPHENS, '')
  return WHOLE.test(bare) ? lastFour(bare) : maskNumbers(text.replace(WITHIN, lastFour))
}

/** The same for a JSON number. */
export function maskFieldNumber(text: string): string {
  const plain = hasExponent(text) ? writtenOut(text) : text
  const masked = maskField(plain)
  return masked === plain ? text : masked
}

function hasExponent(text: string): boolean {
  return text.includes('e') || text.includes('E')
}

function lastFour(number: string): string {
  const shown = [...number.replace(BLANKS_AND_HYPHENS, '')].slice(-SHOWN)
  const marks = shown.map((c) => (digitValue(c.codePointAt(0) ?? 0) < 0 ? 'x' : c))
  return HIDDEN + marks.join('')
}

/** Looks at every twelfth character only: a number has at least twelve, so one of them lies on it. */
function mayHoldNumber(text: string): boolean {
  for (let at = AADHAAR - 1; at < text.length; at += AADHAAR) {
    if (isMaterial(text.charCodeAt(at)) && mayBeNumberAround(text, at)) return true
  }
  return false
}

/** Whether enough digits hang together here; what is not ASCII counts as one until looked at closely. */
function mayBeNumberAround(text: string, at: number): boolean {
  let count = 0
  for (let i = at; i >= 0 && i > at - REACH; i -= 1) {
    const c = text.charCodeAt(i)
    if (!isMaterial(c)) break
    if (c !== 0x20 && c !== 0x2d) count += 1
  }
  for (let i = at + 1; i < text.length && i < at + REACH; i += 1) {
    const c = text.charCodeAt(i)
    if (!isMaterial(c)) break
    if (c !== 0x20 && c !== 0x2d) count += 1
  }
  return count >= AADHAAR
}

/** Digits, blank, hyphen, and all that is not ASCII. */
function isMaterial(c: number): boolean {
  return (c >= 0x30 && c <= 0x39) || c === 0x20 || c === 0x2d || c >= ASCII_END
}

interface Group {
  readonly start: number
  readonly end: number
  readonly values: readonly number[]
}

/** One pass over a text that may hold numbers; it keeps no more than the last four groups of digits. */
class NumberSearch {
  readonly #text: string
  /** A mark for each code unit that is to be hidden. */
  #hidden: Uint8Array | null = null
  /** The digits that touch each other just now, and where they are; no more than a VID has. */
  #values: number[] = []
  #places: number[] = []
  #digits = 0
  /** Groups of four with one same separator between them. */
  #groups: Group[] = []
  #separator = ''

  constructor(text: string) {
    this.#text = text
  }

  masked(): string {
    for (let at = 0; at < this.#text.length; ) {
      const point = this.#text.codePointAt(at) as number
      const value = digitValue(point)
      if (value < 0) this.#endDigits(at)
      else this.#addDigit(value, at)
      at += point > 0xffff ? 2 : 1
    }
    this.#endDigits(this.#text.length)
    return this.#hidden === null ? this.#text : overwritten(this.#text, this.#hidden)
  }

  #addDigit(value: number, at: number): void {
    this.#digits += 1
    if (this.#digits > VID) return
    this.#values.push(value)
    this.#places.push(at)
  }

  #endDigits(end: number): void {
    if (this.#digits === 0) return
    const values = this.#values
    const start = this.#places[0] as number
    if (this.#digits === GROUP) this.#addGroup({ start, end, values })
    else this.#groups = []
    if (this.#digits <= VID && isNumber(values))
      this.#hide(start, this.#places[values.length - SHOWN] as number)
    this.#digits = 0
    this.#values = []
    this.#places = []
  }

  #addGroup(group: Group): void {
    const before = this.#groups.at(-1)
    const separator = before === undefined ? '' : this.#text.slice(before.end, group.start)
    if (before === undefined || separator.length !== 1 || !SEPARATOR.test(separator)) this.#groups = []
    else if (separator !== this.#separator) this.#groups = [before]
    this.#separator = separator
    this.#groups.push(group)
    if (this.#groups.length > VID / GROUP) this.#groups.shift()
    for (const size of [AADHAAR / GROUP, VID / GROUP]) {
      const row = this.#groups.slice(-size)
      if (row.length < size || !isNumber(row.flatMap(({ values }) => values))) continue
      for (const { start, end } of row.slice(0, -1)) this.#hide(start, end)
    }
  }

  #hide(from: number, to: number): void {
    this.#hidden ??= new Uint8Array(this.#text.length)
    this.#hidden.fill(1, from, to)
  }
}

function isNumber(values: readonly number[]): boolean {
  if (values.length === VID) return passesVerhoeff(values)
  return values.length === AADHAAR && (values[0] as number) >= 2 && passesVerhoeff(values)
}

/** One `x` for each hidden digit: of a pair of units the first one is written, the second left out. */
function overwritten(text: string, hidden: Uint8Array): string {
  const pieces: string[] = []
  for (let at = 0; at < text.length; ) {
    const mark = hidden[at] as number
    let end = hidden.indexOf(1 - mark, at)
    if (end < 0) end = text.length
    pieces.push(mark === 0 ? text.slice(at, end) : 'x'.repeat([...text.slice(at, end)].length))
    at = end
  }
  return pieces.join('')
}
