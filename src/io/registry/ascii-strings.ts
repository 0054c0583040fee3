import { createRequire } from 'node:module'

/** The one version whose writer of texts is known. */
const KNOWN_VERSION = '5.7.9'
/** Below this the length, in zigzag form, is one byte. */
const SHORT = 64

interface Tap {
  buf: Uint8Array
  pos: number
}

type WriteString = (this: Tap, text: string) => void

/**
 * Makes avsc write short ASCII texts without asking for their length in UTF-8 first: nearly all texts of a record are such,
 * and the question costs more than the writing. The bytes are the same. Does nothing for another version of avsc.
 *
 * Source: Apache Avro specification, binary encoding of strings
 */
export function writeAsciiStringsFast(): void {
  const require = createRequire(import.meta.url)
  const { version } = require('avsc/package.json') as { version: string }
  if (version !== KNOWN_VERSION) return
  const { Tap } = require('avsc/lib/utils') as { Tap: { prototype: { writeString: WriteString } } }
  if (Tap.prototype.writeString.name === writeString.name) return
  original = Tap.prototype.writeString
  Tap.prototype.writeString = writeString
}

let original: WriteString = () => {
  throw new Error('avsc is not patched')
}

function writeString(this: Tap, text: string): void {
  const { buf, pos } = this
  const { length } = text
  if (length >= SHORT || pos + length >= buf.length) {
    original.call(this, text)
    return
  }
  buf[pos] = length << 1
  for (let at = 0; at < length; at += 1) {
    const unit = text.charCodeAt(at)
    if (unit > 0x7f) {
      original.call(this, text)
      return
    }
    buf[pos + 1 + at] = unit
  }
  this.pos = pos + 1 + length
}
