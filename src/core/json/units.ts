/** The code units of a text as an array: reading them there takes half the time that `charCodeAt` does. */
export type CodeUnits = Uint8Array | Uint16Array

const encoder = new TextEncoder()
/** Most texts fit; a scan is synchronous, so all share it. */
const SCRATCH = new Uint8Array(65_536)

/**
 * In:     text   well-formed
 * Out:    an element for each code unit of the text, at the same index, then a zero: no JSON has one, so that it ends every
 *         loop over strings, numbers and blanks. Good until the next call
 */
export function codeUnits(text: string): CodeUnits {
  const bytes = text.length < SCRATCH.length ? SCRATCH : new Uint8Array(text.length + 1)
  // Only ASCII has a byte for each unit: else the bytes do not hold the whole text, or are more than it has units.
  const { read, written } = encoder.encodeInto(text, bytes)
  if (read === text.length && written === text.length) {
    bytes[text.length] = 0
    return bytes
  }
  const units = new Uint16Array(text.length + 1)
  for (let at = 0; at < text.length; at += 1) units[at] = text.charCodeAt(at)
  return units
}
