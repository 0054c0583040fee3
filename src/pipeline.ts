import { chainOf, travelFailure } from './core/chain.js'
import type { Chosen, CredentialChoice } from './core/credentials.js'
import type { FailureCode } from './core/failure.js'
import type { Chain, Credential, HandshakeEvent, SourceMessage } from './core/model.js'
import type { Ending, Step } from './core/outcome.js'
import type { Clock } from './core/ports.js'
import type { FlatStage } from './core/records.js'
import type { EventEnd, Path, Ticket, Turn } from './core/work.js'
import type { Decode, DecodeEnd } from './steps/decode.js'
import type { Envelope } from './steps/envelope.js'
import type { Fetch, FetchEnd } from './steps/fetch.js'
import type { Ended, Route } from './steps/route.js'
import type { StoreMedia } from './steps/store-media.js'
import type { TrustedResult, Verify } from './steps/verify.js'

export interface PathDeps {
  /** Topics whose messages begin a chain; on all others travel headers are read. */
  readonly eventTopics: readonly string[]
  readonly decode: Decode
  readonly credentials: CredentialChoice
  readonly fetch: Fetch<Envelope>
  readonly verify: Verify
  readonly flatten: (trusted: TrustedResult, flowId: string | null) => Step<readonly FlatStage[]>
  /** Stores what is kept apart from the records, before they are written; left out, there is nothing of that kind. */
  readonly storeMedia?: StoreMedia
  readonly route: Route
  readonly clock: Clock
  /** Work on a message waits for its turn; without it there is no wait. */
  readonly turn?: Turn
  /** Decoding threw: an edge that it needs is down, and the event is held. True: try again; false: aborted. Throws what is a bug. */
  readonly onDecodeThrow: (error: unknown, signal: AbortSignal) => Promise<boolean>
}

type Fetched =
  | {
      readonly kind: 'trusted'
      readonly trusted: TrustedResult
      readonly envelope: Envelope
      readonly fetchedAt: number
      readonly httpStatus: number
    }
  | Ending
  | { readonly kind: 'aborted' }

/** These ends may be due to a handshake that belongs to another app: the next credential is tried once. */
const FOREIGN: ReadonlySet<FailureCode> = new Set<FailureCode>(['handshake-forbidden', 'signature-mismatch'])

/**
 * The path of one message: decode, fetch, verify, flatten (with the privacy rules), encode and route.
 *
 * Out: how it ended, ready to be committed; `aborted` when its ticket was given up
 */
export function createPath(deps: PathDeps): Path {
  const eventTopics = new Set(deps.eventTopics)
  return async (message, ticket) => {
    await deps.turn?.()
    const startedAt = deps.clock.now()
    const travel = chainOf(message, startedAt, eventTopics.has(message.topic))
    const ended = (): Ended => ({ message, chain: travel.chain, calls: ticket.calls, startedAt })
    if (!travel.sound) {
      return deps.route.dead({ ...ended(), failure: travelFailure(travel.fault), event: null, reduced: null })
    }
    const decoded = await decodeWhenPossible(deps, message, ticket)
    if (decoded === 'aborted') return 'aborted'
    if (decoded.kind === 'skip')
      return deps.route.skipped({ ...ended(), handshakeId: decoded.handshakeId, code: decoded.code })
    if (decoded.kind === 'dead') {
      return deps.route.dead({ ...ended(), failure: decoded.failure, event: null, reduced: decoded.reduced })
    }
    const event = decoded.value
    const fetched = await fetchTrusted(deps, event, travel.chain, ticket)
    return fetched.kind === 'aborted' ? 'aborted' : conclude(deps, event, { fetched, ended: ended(), ticket })
  }
}

async function decodeWhenPossible(
  deps: PathDeps,
  message: SourceMessage,
  ticket: Ticket,
): Promise<DecodeEnd | 'aborted'> {
  for (;;) {
    try {
      const end = deps.decode(message)
      return end instanceof Promise ? await end : end
    } catch (error) {
      if (ticket.signal.aborted) return 'aborted'
      if (!(await deps.onDecodeThrow(error, ticket.signal))) return 'aborted'
    }
  }
}

async function fetchTrusted(
  deps: PathDeps,
  event: HandshakeEvent,
  chain: Chain,
  ticket: Ticket,
): Promise<Fetched> {
  const { topic } = chain.origin
  const { firstSeenAt } = chain
  /** How the first try ended, and with which credential. */
  let first: { readonly end: Ending; readonly credential: Credential } | null = null
  for (;;) {
    const tried = first?.credential ?? null
    const mayRead = first !== null && codeOf(first.end) === 'signature-mismatch'
    let used: Credential = deps.credentials.choose(event, topic, tried).credential
    const choose = (): Chosen => {
      const chosen = deps.credentials.choose(event, topic, tried)
      used = chosen.credential
      // The handshake is of the app that could read it: that another one may not speaks against nobody.
      return mayRead ? { ...chosen, hasNext: true } : chosen
    }
    const fetched = await deps.fetch({ event, choose, firstSeenAt }, ticket)
    const end = trust(deps, fetched, used)
    if (end.kind === 'trusted' || end.kind === 'aborted') return end
    if (first !== null) return mayRead && codeOf(end) === 'handshake-forbidden' ? first.end : end
    // Asked only now: a credential that came while the call was under way is tried as well.
    const code = codeOf(end)
    if (code === null || !FOREIGN.has(code)) return end
    if (deps.credentials.choose(event, topic, used).credential === used) return end
    first = { end, credential: used }
  }
}

const codeOf = (end: Ending): FailureCode | null => (end.kind === 'skip' ? null : end.failure.code)

function trust(deps: PathDeps, fetched: FetchEnd<Envelope>, credential: Credential): Fetched {
  if (fetched.kind !== 'ready') return fetched
  const { envelope, finishedAt, httpStatus } = fetched
  const verified = deps.verify(envelope, credential)
  if (verified.kind !== 'ok') return withStatus(verified, httpStatus)
  return { kind: 'trusted', trusted: verified.value, envelope, fetchedAt: finishedAt, httpStatus }
}

interface Concluding {
  readonly fetched: Exclude<Fetched, { kind: 'aborted' }>
  readonly ended: Ended
  readonly ticket: Ticket
}

async function conclude(
  deps: PathDeps,
  event: HandshakeEvent,
  { fetched, ended, ticket }: Concluding,
): Promise<EventEnd | 'aborted'> {
  const { route } = deps
  if (fetched.kind !== 'trusted') return concludeWithout(route, event, fetched, ended)
  const { envelope, trusted, fetchedAt, httpStatus } = fetched
  const flat = deps.flatten(trusted, event.flowId)
  if (flat.kind !== 'ok') return concludeWithout(route, event, withStatus(flat, httpStatus), ended)
  const media = flat.value.flatMap((stage) => stage.media ?? [])
  if (media.length > 0 && deps.storeMedia !== undefined) {
    if (!(await deps.storeMedia(media, ticket.signal))) return 'aborted'
  }
  return route.verified({
    ...ended,
    event,
    envelope,
    stages: flat.value,
    verification: trusted.verification,
    signed: trusted.signed,
    fetchedAt,
  })
}

/** A failure found in an answer tells the status of that answer. */
function withStatus(end: Ending, httpStatus: number): Ending {
  return end.kind === 'skip' ? end : { ...end, failure: { httpStatus, ...end.failure } }
}

function concludeWithout(route: Route, event: HandshakeEvent, end: Ending, ended: Ended): EventEnd {
  switch (end.kind) {
    case 'skip':
      return route.skipped({ ...ended, handshakeId: event.handshakeId, code: end.code })
    case 'dead':
      return route.dead({ ...ended, failure: end.failure, event, reduced: event.reduced })
    case 'delay':
      return route.delayed({ ...ended, failure: end.failure, event, tiers: end.tiers })
  }
}
