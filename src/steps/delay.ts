import { Buffer } from 'node:buffer'
import { type RetryTier, TRAVEL, travelHeaders } from '../core/chain.js'
import type { Failure } from '../core/failure.js'
import type { Chain, HandshakeEvent, MessageHeader, Output, SourceMessage } from '../core/model.js'
import type { DelayTiers } from '../core/outcome.js'
import { type DeadLetterRules, keptHeaders, safeKey } from './dead-letter.js'
import { type Encoded, recordBytes } from './encode.js'

export interface DelayEnd {
  readonly message: SourceMessage
  readonly chain: Chain
  /** HTTP calls of this attempt. */
  readonly calls: number
  /** Why there is no result yet. */
  readonly failure: Failure
  readonly event: HandshakeEvent
  readonly tiers: DelayTiers
}

const TRAVEL_NAMES: ReadonlySet<string> = new Set(Object.values(TRAVEL))

/**
 * Writes the message with which an event goes on after a delay.
 *
 * In:     now       epoch ms
 *         maxBytes  bound of key, value, headers and overhead
 * Out:    the event without a result, never the value that was read: that may hold an OTP. Its key is the original one, so
 *         that the event keeps its partition on every retry topic; a key that a privacy rule matches is left out, and then
 *         the number of its partition is kept. Headers are the chain, the trace context, and those a dead letter keeps
 * Fails:  the failure of this attempt, when the message does not fit
 * Source: product.md sections 7 (Outcome, travel headers) and 8
 */
export function retryMessage(
  end: DelayEnd,
  tier: RetryTier,
  rules: DeadLetterRules,
  { now, maxBytes }: { readonly now: number; readonly maxBytes: number },
): Encoded<Output> {
  const { message, chain, event, failure } = end
  const key = safeKey(message.key, rules.protect)
  const value = Buffer.from(namedEvent(event))
  const next = { ...chain, attempt: chain.attempt + 1, callsBefore: chain.callsBefore + end.calls }
  const headers = [...travelHeaders(next, now + tier.delayMs), ...companions(end, rules)]
  if (recordBytes(key, value, headers) > maxBytes) {
    const detail = `${failure.detail}; its retry message is over kafka.maxRecordBytes`
    return { kind: 'dead', failure: { ...failure, detail } }
  }
  const { topic } = tier
  return { kind: 'ok', value: { topic, key, value, headers, sourcePartition: message.partition } }
}

/** An envelope without a name counts as completed; reduced it would be a bare payload, which has no name at all. */
function namedEvent({ reduced, eventType }: HandshakeEvent): string {
  if (eventType === null || reduced.startsWith('{"event":')) return reduced
  return `{"event":${JSON.stringify(eventType)},"payload":${reduced}}`
}

/** Headers that are no part of the chain. One of its names on the message is either of the chain before, or not ours. */
function companions({ message, event }: DelayEnd, rules: DeadLetterRules): MessageHeader[] {
  const kept = keptHeaders(message.headers, rules).filter(
    ({ key }) => key !== 'traceparent' && !TRAVEL_NAMES.has(key),
  )
  return event.traceparent === null ? kept : [{ key: 'traceparent', value: event.traceparent }, ...kept]
}
