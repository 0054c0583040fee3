/** Fewer handshakes than this prove nothing about the API: the fault may be theirs. */
export const BREAKER_HANDSHAKES = 5

export interface Breaker {
  /** Any answer that is not 429, 5xx or systemic: closes the breaker and starts the count again. */
  success(): void
  /** A failed call, in order of completion. True while the breaker is open, this failure included. */
  failure(handshakeId: string): boolean
}

/**
 * Tells that the API is down from the calls that ended, not from any one event.
 *
 * In:     failures   failed calls in a row that open it (`systemic.breakerFailures`); they must be of at least
 *                    BREAKER_HANDSHAKES different handshakes
 * Source: product.md section 4
 */
export function createBreaker(failures: number): Breaker {
  const handshakes = new Set<string>()
  let inARow = 0
  return {
    success() {
      inARow = 0
      if (handshakes.size > 0) handshakes.clear()
    },
    failure(handshakeId) {
      inARow += 1
      if (handshakes.size < BREAKER_HANDSHAKES) handshakes.add(handshakeId)
      return inARow >= failures && handshakes.size >= BREAKER_HANDSHAKES
    },
  }
}
