import type { Clock } from '../../core/ports.js'

/** What the simulated API sends, before anything is lost on the way. `headers`: name, value, name, value. */
export interface ServedAnswer {
  readonly status: number
  readonly headers: readonly string[]
  readonly body: Buffer
  readonly delayMs: number
  readonly transport: 'ok' | 'hang' | 'reset-before' | 'reset-mid' | 'truncate' | 'drip'
  readonly framing: 'length' | 'chunked'
  readonly drip: { readonly bytes: number; readonly everyMs: number } | null
}

export interface ServedCall {
  readonly handshakeId: string
  /** How many calls of this handshake came before. */
  readonly callIndex: number
  /** Milliseconds since the server began. */
  readonly nowMs: number
  readonly authorization: string
}

/** The API's side in memory: one for all instances of a world. */
export interface MemoryApiServer {
  /** The server's own time. */
  readonly clock: Clock
  answer(handshakeId: string, authorization: string): ServedAnswer
  /** Calls that arrived, by handshake. */
  readonly calls: ReadonlyMap<string, number>
}

/**
 * Counts calls, and lets a responder decide the answers.
 *
 * In:     respond   such as the responder of src/simulator
 */
export function createMemoryApiServer(
  clock: Clock,
  respond: (call: ServedCall) => ServedAnswer,
): MemoryApiServer {
  const calls = new Map<string, number>()
  const begin = clock.monotonic()
  return {
    clock,
    calls,
    answer(handshakeId, authorization) {
      const callIndex = calls.get(handshakeId) ?? 0
      calls.set(handshakeId, callIndex + 1)
      return respond({ handshakeId, callIndex, nowMs: clock.monotonic() - begin, authorization })
    },
  }
}
