import type { Chain, HandshakeEvent } from '../core/model.js'
import type { FlatStage, Verification, VerifiedStage } from '../core/records.js'
import type { StageTypeOf } from '../core/stage-type.js'
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

const SIGNATURE_DIGITS = 12

/**
 * Makes one record a stage.
 *
 * Out:    records in received order; equal for a repeat of the same result but for the times, the origin and the attempt
 * Source: product.md section 7, VerifiedStage
 */
export function verifiedStages(
  result: VerifiedResult,
  stageTypeOf: StageTypeOf,
  protect: TextProtect,
): VerifiedStage[] {
  const { chain, event, envelope, stages, verification, fetchedAt } = result
  const { handshakeId } = event
  const version = verification.signature.slice(0, SIGNATURE_DIGITS)
  const resultId = `${handshakeId}@${version}`
  const number = envelope.number === null ? null : protect.maskText(envelope.number)
  const requestId = envelope.requestId === null ? null : protect.maskText(envelope.requestId)
  // The event's own tag went through the rules when it was decoded.
  const tag = envelope.tag === null ? event.tag : protect.maskTag(envelope.tag)
  return stages.map((stage, stageIndex) => {
    const { stageType, stageTypeSource } = stageTypeOf(event.flowId, stage.stageId)
    return {
      recordId: `${handshakeId}/${stage.stageId}@${version}`,
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
      stageType,
      stageTypeSource,
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
    }
  })
}
