/** One foreign handshake is its own fault; so many in a row are the credential's. */
export const FORBIDDEN_HANDSHAKES = 5

export interface ForbiddenStreak {
  /** An answer 200 for this credential: it works. */
  allowed(credentialId: string): void
  /** An answer 403 4031. True when the credential itself is to blame. */
  forbidden(credentialId: string, handshakeId: string): boolean
}

/**
 * Counts, for each credential, the different handshakes it was refused since its last 200.
 *
 * Source: product.md section 4, row 403 4031
 */
export function createForbiddenStreak(): ForbiddenStreak {
  const refused = new Map<string, Set<string>>()
  return {
    allowed(credentialId) {
      if (refused.size > 0) refused.delete(credentialId)
    },
    forbidden(credentialId, handshakeId) {
      const handshakes = refused.get(credentialId) ?? new Set()
      refused.set(credentialId, handshakes)
      if (handshakes.size < FORBIDDEN_HANDSHAKES) handshakes.add(handshakeId)
      return handshakes.size >= FORBIDDEN_HANDSHAKES
    },
  }
}
