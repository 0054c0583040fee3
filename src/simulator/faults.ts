/** The fault script: what goes wrong, for whom, how often. Plain JSON. */

/** What one call is answered with instead of the right result. Every fault may also wait first. */
export type Fault = FaultBody & {
  /** waits this long before answering */
  readonly delayMs?: number
  /** and up to this much longer, drawn from the seed */
  readonly jitterMs?: number
}

export type FaultBody =
  /** Only waits. Further rules still apply. */
  | { readonly kind: 'delay' }
  /** An error of the API, or of something in front of it. */
  | {
      readonly kind: 'status'
      readonly status: number
      readonly code?: number | string
      readonly message?: string
      /** value of the Retry-After header */
      readonly retryAfter?: string | number
      readonly as?: 'json' | 'html' | 'empty' | 'text'
    }
  | { readonly kind: 'redirect'; readonly location?: string }
  /** Never answers: the connection stays open until the caller leaves. */
  | { readonly kind: 'hang' }
  | { readonly kind: 'reset-before' }
  | { readonly kind: 'reset-mid' }
  /** Promises a length and closes before it is reached; `chunked` leaves out the last chunk. */
  | { readonly kind: 'truncate'; readonly framing?: Framing }
  /** A whole answer whose JSON ends too early. */
  | { readonly kind: 'cut-json' }
  | { readonly kind: 'drip'; readonly bytes?: number; readonly everyMs?: number }
  | { readonly kind: 'chunked' }
  | { readonly kind: 'oversize'; readonly bytes?: number; readonly framing?: Framing }
  | { readonly kind: 'gzip' }
  | { readonly kind: 'archived' }
  | { readonly kind: 'not-consumed' }
  | { readonly kind: 'result'; readonly value: ResultFault }
  | { readonly kind: 'signature'; readonly value: SignatureFault }
  /** One character of the result is changed after signing. */
  | { readonly kind: 'tampered' }
  | { readonly kind: 'id'; readonly value: 'swapped' | 'missing' }
  | { readonly kind: 'bytes'; readonly value: BytesFault }
  | { readonly kind: 'duplicate-keys'; readonly at?: 'top' | 'result' | 'deep' }
  | { readonly kind: 'deep'; readonly depth?: number }
  | { readonly kind: 'many-leaves'; readonly leaves?: number }
  | { readonly kind: 'many-stages'; readonly stages?: number }
  /** Unknown members beside the known ones, in the answer and in each stage. */
  | { readonly kind: 'extra-members' }
  /** The last stage was begun and not finished: it has no `output`. */
  | { readonly kind: 'partial' }
  /** The handshake was run again: other content, signed right. */
  | { readonly kind: 'rerun'; readonly run?: number }

export type Framing = 'length' | 'chunked'
export type ResultFault =
  | 'null'
  | 'missing'
  | 'empty'
  | 'array'
  | 'text'
  | 'number'
  | 'stage-not-object'
  | 'bad-stage-id'
export type SignatureFault =
  | 'wrong'
  | 'null'
  | 'missing'
  | 'empty'
  | 'not-hex'
  | 'short'
  | 'number'
  | 'upper-case'
export type BytesFault = 'invalid-utf8' | 'bom' | 'lone-surrogate' | 'not-json'

/** The nth rule of a handshake answers the calls after those of the rules before it. */
export interface HandshakeRule {
  readonly fault: Fault
  /** calls it is for, 1 by default; null: all from here on */
  readonly times?: number | null
}

/** Tried in order for calls that no rule of their own handshake answers; the first that applies wins. */
export interface GlobalRule {
  readonly fault: Fault
  /** share of what `by` says, 1 by default; drawn from the seed */
  readonly share?: number
  /** `call` (default): each call is drawn; `handshake`: all calls of a drawn handshake */
  readonly by?: 'call' | 'handshake'
  /** only the first calls of each handshake */
  readonly firstCalls?: number
  /** how often in all */
  readonly times?: number
  /** milliseconds since the script was set: from inclusive, to exclusive */
  readonly from?: number
  readonly to?: number
  /** only calls made with this credential, by its place in the list */
  readonly credential?: number
}

export interface FaultScript {
  readonly handshakes?: Readonly<Record<string, readonly HandshakeRule[]>>
  readonly global?: readonly GlobalRule[]
}
