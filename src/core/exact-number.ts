const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/
/** Every decimal number of so many digits comes back from a double unchanged. */
const SAFE_DIGITS = 15

/**
 * Reads a number as JSON writes it into a double, where nothing is lost by that.
 *
 * Out:    null for another text, and for a number of more digits or a greater one than a double keeps
 */
export function exactNumber(text: string): number | null {
  if (!NUMBER.test(text)) return null
  const value = Number(text)
  if (!Number.isFinite(value)) return null
  if (text.length <= SAFE_DIGITS && !/[eE]/.test(text)) return value
  const [digits = ''] = text.replace(/^-/, '').split(/[eE]/, 1)
  const significant = digits.replace('.', '').replace(/^0+/, '').replace(/0+$/, '')
  if (value === 0) return significant === '' ? value : null
  // Below the normal range doubles have fewer digits.
  if (significant.length <= SAFE_DIGITS && Math.abs(value) > 1e-300) return value
  return /^-?\d+$/.test(text) && Number.isSafeInteger(value) ? value : null
}
