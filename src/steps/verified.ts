import { columnJson } from '../core/flat-json.js'
import type { Chain, HandshakeEvent } from '../core/model.js'
import { fullPath } from '../core/paths.js'
import type { FlatStage, Verification, VerifiedStage } from '../core/records.js'
import type { TextProtect } from './decode-event.js'

/** What the response says beside the result; not covered by the signature. */
export interface ResponseNames {
  readonly number: string | null
  readonly requestId: string | null
  readonly tag: string | null
}

export interface VerifiedResult {
  readonly chain: Chain
  readonly event: HandshakeEvent
  readonly envelope: ResponseNames
  /** In received order, after the privacy rules. */
  readonly stages: readonly FlatStage[]
  readonly verification: Verification
  /** Epoch ms, end of the call. */
  readonly fetchedAt: number
}

export interface VerifiedRules {
  readonly protect: TextProtect
  /** Adds input and output as JSON text: `records.json`. */
  readonly json: boolean
}

const SIGNATURE_DIGITS = 12

/** Tells a result from that of a later run of the same handshake. */
export function versionOf({ signature }: Verification): string {
  return signature.slice(0, SIGNATURE_DIGITS)
}

/**
 * Makes one record a stage.
 *
 * Out:    records in received order; equal for a repeat of the same result but for the times, the origin and the attempt
 * Source: product.md section 7, VerifiedStage
 */
export function verifiedStages(result: VerifiedResult, { protect, json }: VerifiedRules): VerifiedStage[] {
  const { chain, event, envelope, stages, verification, fetchedAt } = result
  const { handshakeId } = event
  const resultId = `${handshakeId}@${versionOf(verification)}`
  const number = envelope.number === null ? null : protect.maskText(envelope.number)
  const requestId = envelope.requestId === null ? null : protect.maskText(envelope.requestId)
  // The event's own tag went through the rules when it was decoded.
  const tag = envelope.tag === null ? event.tag : protect.maskTag(envelope.tag)
  return stages.map((stage, stageIndex) => ({
    recordId: stage.recordId,
    handshakeId,
    number,
    requestId,
    tag,
    flowId: event.flowId,
    snapshot: event.snapshot,
    eventType: event.eventType,
    eventTime: event.updated,
    stageId: stage.stageId,
    stageIndex,
    stageCount: stages.length,
    stageType: stage.stageType,
    stageTypeSource: stage.stageTypeSource,
    status: stage.status,
    valid: stage.valid,
    input: stage.input,
    output: stage.output,
    extra: stage.extra,
    kinds: stage.kinds,
    redactions: stage.redactions,
    verification,
    origin: chain.origin,
    attempt: chain.attempt,
    replays: chain.replays,
    resultId,
    fetchedAt,
    inputJson: json ? jsonOf(stage, 'input') : null,
    outputJson: json ? jsonOf(stage, 'output') : null,
  }))
}

function jsonOf(stage: FlatStage, side: 'input' | 'output'): string | null {
  return columnJson(stage[side], (path) => stage.kinds[fullPath(side, path)])
}
