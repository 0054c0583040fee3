import type { Output, SourceMessage } from './model.js'
import type { OutcomeKind } from './outcome.js'
import type { BodyBudget } from './ports.js'

/** The right to one call now, from the request to the end of its body. Give it back during back-off. */
export interface CallSlot {
  readonly budget: BodyBudget
  /** The request goes out at this moment. */
  sent(): void
  /** In: bytes of the body that are held until the event ends or calls again. */
  release(bodyBytes: number): void
}

/** Resolves when it is the caller's turn to work on what has arrived: later than calls that can go out now. */
export type Turn = () => Promise<void>

/** Calls that were begun and are not on the wire yet: the HTTP client writes them at the end of a round of the event loop. */
export interface Departures {
  /** Out: to be called when the call is on the wire, or has ended without. */
  begin(): () => void
  pending(): boolean
  /** Calls back when none is pending any more; one waits at a time. Out: forgets it. */
  onceGone(run: () => void): () => void
}

/** The rights of one event while it is worked on. */
export interface Ticket {
  readonly signal: AbortSignal
  /** HTTP calls sent so far in this attempt: raised right before each. */
  calls: number
  /** Waits for a call slot, and for the rate of calls; null when aborted. */
  callSlot(): Promise<CallSlot | null>
}

/** How one message ended, ready to be committed. */
export interface EventEnd {
  readonly outcome: OutcomeKind
  /** Failure or skip code; null for VERIFIED. */
  readonly code: string | null
  readonly outputs: readonly Output[]
  /** How it ends when the broker stores no record so large. Holds little: it lives until the commit. */
  readonly instead?: () => EventEnd
}

/** Takes a message to its end. `aborted` when the ticket was given up; a throw is a bug or a lost edge. */
export type Path = (message: SourceMessage, ticket: Ticket) => Promise<EventEnd | 'aborted'>

/** Systemic trouble: nobody's event is to blame. Source: product.md sections 4 and 8. */
export type SystemicReason =
  | 'credentials'
  | 'service'
  | 'ip'
  | 'version'
  | 'credit'
  | 'daily-quota'
  | 'rate-limited'
  | 'redirect'
  | 'api-down'
  | 'registry-down'

/** Where systemic trouble was met: ids and codes only. */
export interface SystemicDetail {
  readonly handshakeId: string
  readonly credentialId: string
  readonly httpStatus: number
  readonly attestrCode: number | null
}

/**
 * What the fetch step tells of the API, and asks before a call. The supervisor decides.
 * The end of a permitted call is told by exactly one of `success`, `failure`, `systemic` and `released`.
 */
export interface ApiHealth {
  /** An answer for this handshake that is not 429, 5xx or systemic. */
  success(handshakeId: string): void
  /** A failed call: counts for the breaker. */
  failure(handshakeId: string): void
  /** Out: `let-go` when this handshake caused pauses by itself time and again: the event is not to be held any longer. */
  systemic(reason: SystemicReason, detail: SystemicDetail): 'hold' | 'let-go'
  /** The permit was not used, or its call ended without a verdict. */
  released(): void
  /** Monotonic ms of the last success, -Infinity before the first. */
  lastSuccessAt(): number
  /** Whether trouble is known that is not over: a call that fails meanwhile uses no attempt. */
  paused(): boolean
  /** Null: calls are allowed. Else wait for the permit of one call; false when aborted. */
  waitUntilRunning(signal: AbortSignal): Promise<boolean> | null
}
