import type { SystemicReason } from '../core/work.js'

/** An event that was to blame for so many pauses is not held any longer. Source: product.md section 4 */
export const OWN_PAUSES = 3

/** Limits are nobody's, whoever meets them. */
export const isLimit = (reason: SystemicReason): boolean =>
  reason === 'daily-quota' || reason === 'rate-limited'

/**
 * Remembers which handshakes caused systemic pauses by themselves: a handshake that was never refused ended the pause, so that
 * nothing was wrong but with those that were. One success of its own clears a handshake.
 */
export interface Blame {
  /** A systemic answer for this handshake. Null: trouble that is nobody's. */
  accuse(handshakeId: string | null): void
  /** This handshake was answered. */
  clear(handshakeId: string): void
  /** The pause was ended by the success of this one. */
  ended(handshakeId: string): void
  isGuilty(handshakeId: string): boolean
}

/** Handshakes remembered: the oldest is forgotten first. */
const MAX_REMEMBERED = 1_000

export function createBlame(): Blame {
  const pauses = new Map<string, number>()
  const accused = new Set<string>()
  let isNobodys = false

  function remember(handshakeId: string): void {
    const count = (pauses.get(handshakeId) ?? 0) + 1
    pauses.delete(handshakeId)
    pauses.set(handshakeId, count)
    const [oldest] = pauses.keys()
    if (pauses.size > MAX_REMEMBERED && oldest !== undefined) pauses.delete(oldest)
  }

  return {
    accuse(handshakeId) {
      if (handshakeId === null) isNobodys = true
      else if (accused.size < MAX_REMEMBERED) accused.add(handshakeId)
    },
    clear(handshakeId) {
      pauses.delete(handshakeId)
    },
    ended(handshakeId) {
      // Who was refused before and is answered now shows that it was no matter of handshakes.
      if (!isNobodys && !accused.has(handshakeId)) for (const one of accused) remember(one)
      accused.clear()
      isNobodys = false
    },
    isGuilty: (handshakeId) => (pauses.get(handshakeId) ?? 0) >= OWN_PAUSES,
  }
}
