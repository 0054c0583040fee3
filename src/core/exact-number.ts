import { trimEnd } from './trim-end.js'

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/
/** No number is written with more characters, but for zeros that say nothing. */
const MOST_CHARACTERS = 100

/**
 * Reads a number as JSON writes it into a double, where nothing is lost by that: the double is written as the same number.
 *
 * Out:    null for another text, and for a number of more digits or a greater one than a double keeps
 */
export function exactNumber(text: string): number | null {
  if (text.length > MOST_CHARACTERS || !NUMBER.test(text)) return null
  const value = Number(text)
  if (!Number.isFinite(value)) return null
  return decimalOf(String(value)) === decimalOf(text) ? value : null
}

/** Digits and place of a number, however it is written; without its sign. */
function decimalOf(text: string): string {
  const [mantissa = '', exponent = '0'] = text.replace('-', '').toLowerCase().split('e')
  const [whole = '', fraction = ''] = mantissa.split('.')
  const digits = `${whole}${fraction}`.replace(/^0+/, '')
  const significant = trimEnd(digits, '0')
  if (significant === '') return '0'
  return `${significant}e${Number(exponent) - fraction.length + digits.length - significant.length}`
}
