import { Buffer } from 'node:buffer'
import { createHmac } from 'node:crypto'
import type { MediaItem } from '../core/media.js'
import { trimEnd } from '../core/trim-end.js'
import type { HashKey } from './privacy-values.js'

/** What leaves the process instead of a media text. */
export interface TakenMedia {
  /** The value of the record: where it is stored, or null. */
  readonly value: string | null
  /** For `redactions`: what was done, its size in bytes and, with a key, its digest. */
  readonly redaction: string
  /** To be stored before the record is written; null: it is dropped. */
  readonly item: MediaItem | null
}

export type TakeMedia = (text: string) => TakenMedia

export interface MediaOptions {
  /** Without it there is no digest. */
  readonly hashKey?: HashKey
  /** Media are stored; needs the key, for their names are digests. */
  readonly stores?: boolean
}

const DATA_PREFIX = /^data:[^,]{0,255},/i
const BREAKS = /[\r\n]/g

/**
 * Takes media out of records: photographs, documents and other long base64.
 *
 * Out:    `drop`, with a key `drop <bytes> h1:<keyId>:<hex>`; stored: the reference `m1:<keyId>:<hex>` as the value, and
 *         `store <bytes>`. The digest is HMAC-SHA256 of the bytes that the text encodes: the same for the same content
 * Throws: RangeError when media are to be stored without a key
 * Source: product.md section 9, media; docs/records.md, Media
 */
export function createMedia({ hashKey, stores = false }: MediaOptions = {}): TakeMedia {
  if (hashKey === undefined) {
    if (stores) throw new RangeError('stored media need a key for their names')
    return () => ({ value: null, redaction: 'drop', item: null })
  }
  const { id, key } = hashKey
  return (text) => {
    const bytes = contentOf(text)
    const hex = createHmac('sha256', key).update(bytes).digest('hex')
    if (!stores || bytes.length === 0)
      return { value: null, redaction: `drop ${bytes.length} h1:${id}:${hex}`, item: null }
    const reference = `m1:${id}:${hex}`
    return { value: reference, redaction: `store ${bytes.length}`, item: { reference, bytes } }
  }
}

/** What the text encodes, where it is base64 or base64url to the letter; else its own bytes. */
function contentOf(text: string): Buffer {
  const plain = text.replace(DATA_PREFIX, '').replace(BREAKS, '')
  const bytes = Buffer.from(plain, 'base64')
  const bare = trimEnd(plain, '=')
  const isUrl = /[-_]/.test(bare)
  const again = trimEnd(bytes.toString(isUrl ? 'base64url' : 'base64'), '=')
  return again === bare ? bytes : Buffer.from(text, 'utf8')
}
