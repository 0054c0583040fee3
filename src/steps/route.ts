import { Buffer } from 'node:buffer'
import { nextTier, type RetryTier } from '../core/chain.js'
import type { EvidenceRow } from '../core/evidence.js'
import type { Failure, SkipCode } from '../core/failure.js'
import type { Chain, MessageHeader, Output, SourceMessage } from '../core/model.js'
import type { OutcomeKind } from '../core/outcome.js'
import type { Encoder } from '../core/ports.js'
import type { DeadLetter, OutcomeRow, TypedRecord, VerifiedStage } from '../core/records.js'
import type { EventEnd } from '../core/work.js'
import {
  asReference,
  type DeadEnd,
  type DeadLetterRules,
  deadLetterHeaders,
  deadLetterOf,
  safeKey,
} from './dead-letter.js'
import { type DelayEnd, retryMessage } from './delay.js'
import { type Address, encodeRecord } from './encode.js'
import type { EvidenceOf, SignedResult } from './evidence.js'
import { LONG_FORM, type RecordForms, recordOutputs } from './record-outputs.js'
import { type VerifiedResult, verifiedStages } from './verified.js'

export interface RouteDeps extends Pick<DeadLetterRules, 'hashKey' | 'protect'> {
  readonly encoders: {
    readonly verified: Encoder<VerifiedStage>
    readonly deadLetter: Encoder<DeadLetter>
    readonly outcome: Encoder<OutcomeRow>
    /** By stage type. */
    readonly typed?: ReadonlyMap<string, Encoder<TypedRecord>>
    /** Where `topics.evidence` is set. */
    readonly evidence?: Encoder<EvidenceRow>
  }
  /** Left out: the long form alone. */
  readonly forms?: RecordForms
  readonly topics: {
    readonly verified: string
    readonly deadLetter: string
    /** Null: outcomes are not written. */
    readonly outcomes: string | null
    /** Shortest delay first; may be empty. */
    readonly retry: readonly RetryTier[]
  }
  /** Left out: what was signed is not kept. */
  readonly evidence?: EvidenceOf
  readonly maxRecordBytes: number
  readonly deadLetters: Pick<DeadLetterRules, 'undecodable' | 'headers'>
  /** Epoch ms. */
  readonly now: () => number
}

/** What every end tells. */
export interface Ended {
  readonly message: SourceMessage
  readonly chain: Chain
  /** HTTP calls of this attempt. */
  readonly calls: number
  /** Epoch ms. */
  readonly startedAt: number
}

export interface SkippedEnd extends Ended {
  readonly code: SkipCode
  /** Null when the event had no good one. */
  readonly handshakeId: string | null
}

export type VerifiedEnd = Ended & VerifiedResult & Pick<SignedResult, 'signed'>

/** Turns the way an event ended into all that is written for it. */
export interface Route {
  /** May come out DEAD: a record that does not fit takes all records of the event with it. */
  verified(end: VerifiedEnd): EventEnd
  skipped(end: SkippedEnd): EventEnd
  dead(end: Ended & DeadEnd): EventEnd
  /** May come out DEAD: no retry topic is left, or the event does not fit. */
  delayed(end: Ended & DelayEnd): EventEnd
}

/**
 * Makes the step that addresses and encodes records, dead letters and outcomes.
 *
 * Out:    whole handshakes: all records of an event and its outcome, or a dead letter and its outcome, or a retry message and
 *         its outcome, or an outcome alone
 * Fails:  record-unencodable, record-too-large
 * Throws: when a dead letter or an outcome does not fit its schema: a bug
 * Source: product.md sections 2 (P1, P2) and 7
 */
export function createRoute(deps: RouteDeps): Route {
  const rules: DeadLetterRules = { ...deps.deadLetters, hashKey: deps.hashKey, protect: deps.protect }
  return {
    verified: (end) => routeVerified(deps, rules, end),
    skipped: (end) => {
      const { code, handshakeId } = end
      return finish(deps, end, { outcome: 'SKIPPED', code, handshakeId, records: 0 }, [])
    },
    dead: (end) => routeDead(deps, rules, end),
    delayed: (end) => routeDelayed(deps, rules, end),
  }
}

function routeVerified(deps: RouteDeps, rules: DeadLetterRules, end: VerifiedEnd): EventEnd {
  const { event, message } = end
  const { handshakeId } = event
  const address: Address = {
    topic: deps.topics.verified,
    key: Buffer.from(handshakeId),
    headers: event.traceparent === null ? NO_HEADERS : [{ key: 'traceparent', value: event.traceparent }],
    sourcePartition: message.partition,
  }
  const { protect, forms = LONG_FORM } = deps
  const records = verifiedStages(end, { protect, json: forms.json })
  const encoded = recordOutputs(records, address, { ...deps, forms })
  if (encoded.kind === 'dead') {
    return routeDead(deps, rules, { ...common(end), failure: encoded.failure, event, reduced: null })
  }
  const outputs = encoded.value
  const summary: Summary = { outcome: 'VERIFIED', code: null, handshakeId, records: outputs.length }
  const evidence = deps.evidence?.({ ...end, handshakeId }, address)
  if (evidence?.kind === 'dead') {
    return routeDead(deps, rules, { ...common(end), failure: evidence.failure, event, reduced: null })
  }
  if (evidence !== undefined) outputs.push(...evidence.value)
  const ended = slim(end, rules)
  const instead = (): EventEnd =>
    routeDead(deps, rules, { ...ended, failure: REFUSED_BY_BROKER, event, reduced: null })
  return { ...finish(deps, end, summary, outputs), instead }
}

const REFUSED_BY_BROKER: Failure = {
  code: 'record-too-large',
  detail: 'the broker stores no record so large (max.message.bytes)',
}

function routeDead(deps: RouteDeps, rules: DeadLetterRules, end: Ended & DeadEnd): EventEnd {
  const handshakeId = end.event?.handshakeId ?? null
  const letter = deadLetterOf(end, rules, deps.now())
  const address: Address = {
    topic: deps.topics.deadLetter,
    key: handshakeId === null ? letter.key : Buffer.from(handshakeId),
    headers: deadLetterHeaders(letter),
    sourcePartition: end.message.partition,
  }
  const reference = asReference(letter, end.message, rules)
  const bare = { ...reference, key: null, headers: [] }
  const bareAddress = handshakeId === null ? { ...address, key: null } : address
  const summary: Summary = { outcome: 'DEAD', code: letter.code, handshakeId, records: 0 }
  return firstFitting(deps, slim(end, rules), summary, [
    [letter, address],
    [reference, address],
    [bare, bareAddress],
  ])
}

function routeDelayed(deps: RouteDeps, rules: DeadLetterRules, end: Ended & DelayEnd): EventEnd {
  const { event, failure } = end
  const ended = { ...common(end), event, reduced: null }
  const tier = nextTier(deps.topics.retry, end.chain.attempt, end.tiers)
  if (tier === null) return routeDead(deps, rules, { ...ended, failure })
  const limits = { now: deps.now(), maxBytes: deps.maxRecordBytes }
  const message = retryMessage(end, tier, rules, limits)
  if (message.kind === 'dead') return routeDead(deps, rules, { ...ended, failure: message.failure })
  const { code } = failure
  const summary: Summary = { outcome: 'DELAYED', code, handshakeId: event.handshakeId, records: 0 }
  const kept = { ...slim(end, rules), event, reduced: null, failure: REFUSED_BY_BROKER }
  return { ...finish(deps, end, summary, [message.value]), instead: () => routeDead(deps, rules, kept) }
}

/** The dead letter as it is, else as a REFERENCE, else without what the producer chose: one of them always fits. */
function firstFitting(
  deps: RouteDeps,
  ended: Ended,
  summary: Summary,
  forms: readonly (readonly [DeadLetter, Address])[],
): EventEnd {
  const [form, ...smaller] = forms
  if (form === undefined) throw new Error('a dead letter without key, headers and value cannot be written')
  const encoded = encodeRecord(deps.encoders.deadLetter, ...form, deps.maxRecordBytes)
  const next = (): EventEnd => firstFitting(deps, ended, summary, smaller)
  if (encoded.kind === 'dead') return next()
  const end = finish(deps, ended, summary, [encoded.value])
  return smaller.length === 0 ? end : { ...end, instead: next }
}

/** What an end keeps until its commit. The message is a window on all that was read with it, and its value may be large. */
function slim({ message, chain, calls, startedAt }: Ended, { headers }: DeadLetterRules): Ended {
  const own = (bytes: Buffer | null): Buffer | null => (bytes === null ? null : Buffer.from(bytes))
  const kept = message.headers.filter(({ key }) => headers.includes(key))
  const copy: SourceMessage = {
    ...{ topic: message.topic, partition: message.partition, offset: message.offset },
    timestamp: message.timestamp,
    key: own(message.key),
    value: null,
    headers: kept.map(({ key, value }) => ({ key, value: own(value) })),
  }
  return { message: copy, chain, calls, startedAt }
}

interface Summary {
  readonly outcome: OutcomeKind
  readonly code: string | null
  readonly handshakeId: string | null
  readonly records: number
}

const NO_HEADERS: readonly MessageHeader[] = []

function finish(deps: RouteDeps, end: Ended, summary: Summary, outputs: Output[]): EventEnd {
  const { outcome, code } = summary
  const topic = deps.topics.outcomes
  if (topic !== null) outputs.push(outcomeOutput(deps, topic, end, summary))
  return { outcome, code, outputs }
}

function outcomeOutput(deps: RouteDeps, topic: string, end: Ended, summary: Summary): Output {
  const { chain, message, calls, startedAt } = end
  const { handshakeId } = summary
  const row: OutcomeRow = {
    source: chain.source,
    origin: chain.origin,
    handshakeId,
    outcome: summary.outcome,
    code: summary.code,
    records: summary.records,
    calls,
    attempt: chain.attempt,
    replays: chain.replays,
    startedAt,
    finishedAt: deps.now(),
  }
  const sourcePartition = message.partition
  const key = handshakeId === null ? safeKey(message.key, deps.protect) : Buffer.from(handshakeId)
  const address: Address = { topic, key, headers: NO_HEADERS, sourcePartition }
  const encoded = encodeRecord(deps.encoders.outcome, row, address, deps.maxRecordBytes)
  if (encoded.kind === 'ok') return { ...encoded.value, isOutcome: true }
  // Only a producer's own key can be so large.
  const bare = encodeRecord(deps.encoders.outcome, row, { ...address, key: null }, deps.maxRecordBytes)
  if (bare.kind === 'ok') return { ...bare.value, isOutcome: true }
  throw new Error(`an outcome cannot be written: ${bare.failure.detail}`)
}

function common(end: Ended): Ended {
  const { message, chain, calls, startedAt } = end
  return { message, chain, calls, startedAt }
}
