/** The outer form of encrypted values: what stands where, without any cryptography. Source: product.md section 9, encrypt. */

/** Where a value belongs: it opens there alone. */
export interface SealedPlace {
  readonly recordId: string
  /** Within the record: `output.items[0].reg`. */
  readonly path: string
}

export type Opened<T> =
  | { readonly kind: 'open'; readonly plain: T }
  /** None of the keys has this id. */
  | { readonly kind: 'unknown-key'; readonly keyId: string }
  /** Changed, taken from another place, or sealed under another key of this id. */
  | { readonly kind: 'refused' }
  | { readonly kind: 'not-sealed' }

/** `e1:<keyId>:<base64url>` */
export const SEALED_TEXT = /^e1:([A-Za-z0-9._-]{1,64}):([A-Za-z0-9_-]+)$/
/** The same within a text, such as JSON. The shortest body has a salt, a count, one block and a tag. */
export const SEALED_WITHIN = /e1:[A-Za-z0-9._-]{1,64}:[A-Za-z0-9_-]{70,}/g
