import { createHmac, type KeyObject } from 'node:crypto'

export interface HashKey {
  /** Stands readable in each value. */
  readonly id: string
  /** 32 bytes. */
  readonly key: KeyObject
}

const HIDDEN = 'x'

/**
 * Hides all but the end of a text.
 *
 * In:     shown   characters that stay; never more than half of them do
 * Out:    an `x` for each other one
 */
export function maskStart(text: string, shown: number): string {
  const chars = [...text]
  const kept = Math.min(shown, Math.floor(chars.length / 2))
  const hidden = chars.length - kept
  return HIDDEN.repeat(hidden) + chars.slice(hidden).join('')
}

/** `true` and `false` masked alike. */
export const MASKED_LITERAL = HIDDEN.repeat(4)

/**
 * The same text gives the same value under one key: it can be joined and looked up, and not read.
 *
 * Out:    `h1:<keyId>:<hex>`, HMAC-SHA256 of the text as UTF-8
 * Source: product.md section 9, hash
 */
export function hashText(text: string, { id, key }: HashKey): string {
  return `h1:${id}:${createHmac('sha256', key).update(text, 'utf8').digest('hex')}`
}
