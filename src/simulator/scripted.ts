import type { Answer } from './answers.js'
import type { FaultScript } from './faults.js'
import { createResponder, type Responder, type ResponderOptions } from './responder.js'

/** The responder in force, behind one name for as long as the server runs. */
export interface Scripted {
  set(script: FaultScript): void
  respond(handshakeId: string, authorization: string | null): Answer
}

/**
 * Keeps one responder at a time, with the calls of each handshake counted since its script was set.
 */
export function createScripted(options: ResponderOptions, nowMs: () => number): Scripted {
  let responder: Responder
  let since = nowMs()
  const seen = new Map<string, number>()
  function set(faults: FaultScript): void {
    responder = createResponder({ ...options, faults })
    since = nowMs()
    seen.clear()
  }
  set({})
  return {
    set,
    respond(handshakeId, authorization) {
      const callIndex = seen.get(handshakeId) ?? 0
      seen.set(handshakeId, callIndex + 1)
      return responder.respond({ handshakeId, callIndex, nowMs: nowMs() - since, authorization })
    },
  }
}
