/** Content that is kept apart from the records. */
export interface MediaItem {
  /** `m1:<keyId>:<hex>`: made of the content, so that the same content has the same one. */
  readonly reference: string
  readonly bytes: Buffer
}

const REFERENCE = /^m1:([A-Za-z0-9._-]{1,64}):([0-9a-f]{64})$/

/** Out: the key id and the digest of a reference; null for another text. */
export function referenceParts(reference: string): { readonly keyId: string; readonly hex: string } | null {
  const [, keyId, hex] = REFERENCE.exec(reference) ?? []
  return keyId === undefined || hex === undefined ? null : { keyId, hex }
}

/** Where stored content belongs: sealed for this place, it opens under no other name. */
export function mediaPlace(reference: string): { readonly recordId: string; readonly path: string } {
  return { recordId: reference, path: 'media' }
}
