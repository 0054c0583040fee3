import { type Answer, type Asked, createAnswers, errorAnswer } from './answers.js'
import { DEVELOPMENT_CREDENTIAL, type Ownership, ownerOf, type SimulatorCredential } from './credentials.js'
import type { Fault, FaultScript, GlobalRule } from './faults.js'
import { handshakeNumberOf } from './ids.js'
import { shareOf } from './random.js'
import type { ResultSource } from './results.js'

export interface ResponderOptions {
  readonly source: ResultSource
  readonly faults?: FaultScript
  /** who may ask; an empty list lets everybody, and results carry the signature of the source's own secret */
  readonly credentials?: readonly SimulatorCredential[]
  readonly ownership?: Ownership
  /** what others than the owner get: 403/4031, or the result with the owner's signature */
  readonly foreign?: 'forbidden' | 'served'
  /** handshakes 0 to n-1 of the seed exist and no others; null: every well-formed id does */
  readonly known?: number | null
  readonly unknown?: { readonly status: number; readonly code?: number }
  /** waits this long before every answer */
  readonly latencyMs?: number
  /** seed of the shares and the jitter; the source's by default */
  readonly seed?: number
}

export interface Call {
  readonly handshakeId: string
  /** how many calls of this handshake came before */
  readonly callIndex: number
  /** milliseconds since the script was set */
  readonly nowMs: number
  /** the whole header, null without one */
  readonly authorization: string | null
}

export interface Responder {
  respond(call: Call): Answer
}

const ID_PATTERN = /^DS0[0-9a-zA-Z_-]{6,30}$/

/**
 * Decides how each call is answered: credentials, then the script, then the stored result. Without I/O and
 * without a clock, so that a server and a memory twin answer alike.
 *
 * In:     see ResponderOptions; one responder for each script, since rules with `times` are counted in it
 * Out:    the same answers for the same calls in the same order
 * Source: product.md section 4; attestr.md sections 5.3 and 6.1
 */
export function createResponder(options: ResponderOptions): Responder {
  const { source, faults = {}, credentials = [DEVELOPMENT_CREDENTIAL], latencyMs = 0 } = options
  const answers = createAnswers(source)
  const headers = new Map(credentials.map(({ authToken }, index) => [`Basic ${authToken}`, index]))
  const faultOf = createFaultChoice(faults, options.seed ?? source.seed)

  function refuse(call: Call, asked: Asked, credential: number): Answer | null {
    if (!ID_PATTERN.test(call.handshakeId))
      return errorAnswer(asked, { kind: 'status', status: 400, code: 4001 })
    const known = options.known ?? null
    const n = known === null ? null : handshakeNumberOf(source.seed, call.handshakeId)
    if (known !== null && (n === null || n >= known)) {
      return errorAnswer(asked, { kind: 'status', status: 400, code: 4002, ...options.unknown })
    }
    const owner = ownerIndex(call.handshakeId, credential)
    if (owner !== credential && options.foreign !== 'served') {
      return errorAnswer(asked, { kind: 'status', status: 403, code: 4031 })
    }
    return null
  }

  function ownerIndex(handshakeId: string, credential: number): number {
    return ownerOf(
      handshakeId,
      source.seed,
      Math.max(1, credentials.length),
      options.ownership ?? 'caller',
      credential,
    )
  }

  function respond(call: Call): Answer {
    const { handshakeId } = call
    const credential = credentials.length === 0 ? 0 : (headers.get(call.authorization ?? '') ?? null)
    const clientSecret =
      credentials[ownerIndex(handshakeId, credential ?? 0)]?.clientSecret ?? source.clientSecret
    const asked = { handshakeId, clientSecret, credential, delayMs: latencyMs }
    if (credential === null) return errorAnswer(asked, { kind: 'status', status: 401, code: 4016 })
    const { fault, delayMs } = faultOf(call, credential)
    const late = { ...asked, delayMs: latencyMs + delayMs }
    if (fault?.kind === 'status') return answers.answerFor(fault, late)
    return refuse(call, late, credential) ?? answers.answerFor(fault, late)
  }

  return { respond }
}

/** Finds the rule for a call. Delays add up; the first other fault wins. */
function createFaultChoice(script: FaultScript, seed: number) {
  const rules = script.global ?? []
  const applied = rules.map(() => 0)

  function applies(rule: GlobalRule, index: number, call: Call, credential: number): boolean {
    const { share = 1, by = 'call', firstCalls, times, from = 0, to, credential: only } = rule
    if (only !== undefined && only !== credential) return false
    if (firstCalls !== undefined && call.callIndex >= firstCalls) return false
    if (times !== undefined && (applied[index] ?? 0) >= times) return false
    if (call.nowMs < from || (to !== undefined && call.nowMs >= to)) return false
    if (share >= 1) return true
    const name = by === 'handshake' ? call.handshakeId : `${call.handshakeId} ${call.callIndex}`
    return shareOf(seed, `rule ${index} ${name}`) < share
  }

  return function faultOf(call: Call, credential: number): { fault: Fault | null; delayMs: number } {
    let delayMs = 0
    const take = (fault: Fault, place: string): Fault | null => {
      delayMs += fault.delayMs ?? 0
      if (fault.jitterMs !== undefined) {
        delayMs += fault.jitterMs * shareOf(seed, `jitter ${place} ${call.handshakeId} ${call.callIndex}`)
      }
      return fault.kind === 'delay' ? null : fault
    }
    const own = ownFault(script, call)
    const fault = own === null ? null : take(own, 'own')
    if (fault !== null) return { fault, delayMs }
    for (const [index, rule] of rules.entries()) {
      if (!applies(rule, index, call, credential)) continue
      applied[index] = (applied[index] ?? 0) + 1
      const found = take(rule.fault, String(index))
      if (found !== null) return { fault: found, delayMs }
    }
    return { fault: null, delayMs }
  }
}

function ownFault(script: FaultScript, call: Call): Fault | null {
  const rules = script.handshakes
  if (rules === undefined || !Object.hasOwn(rules, call.handshakeId)) return null
  let left = call.callIndex
  for (const { fault, times = 1 } of rules[call.handshakeId] ?? []) {
    if (times === null || left < times) return fault
    left -= times
  }
  return null
}
