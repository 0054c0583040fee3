/** An event that was alone to blame for so many pauses is not held any longer. Source: product.md section 4 */
export const LONE_PAUSES = 3

/** Remembers which handshakes alone caused systemic pauses that ended by successes of others. */
export interface Blame {
  /** A systemic answer for this handshake. Null: trouble that is nobody's. */
  accuse(handshakeId: string | null): void
  /** The pause was ended by a success. */
  ended(): void
  isGuilty(handshakeId: string): boolean
}

/** Handshakes remembered: the oldest is forgotten first. */
const MAX_REMEMBERED = 1_000

export function createBlame(): Blame {
  const pauses = new Map<string, number>()
  let accused: string | null = null
  let shared = false

  function remember(handshakeId: string): void {
    const count = (pauses.get(handshakeId) ?? 0) + 1
    pauses.delete(handshakeId)
    pauses.set(handshakeId, count)
    const [oldest] = pauses.keys()
    if (pauses.size > MAX_REMEMBERED && oldest !== undefined) pauses.delete(oldest)
  }

  return {
    accuse(handshakeId) {
      if (handshakeId === null || (accused !== null && accused !== handshakeId)) shared = true
      accused ??= handshakeId
    },
    ended() {
      if (accused !== null && !shared) remember(accused)
      accused = null
      shared = false
    },
    isGuilty: (handshakeId) => (pauses.get(handshakeId) ?? 0) >= LONE_PAUSES,
  }
}
