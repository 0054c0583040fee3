/** Where a message lies. Offsets are exact as numbers: Kafka would need 285 years at a million a second to pass 2^53. */
export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

export interface Coordinates extends TopicPartition {
  readonly offset: number
}

export interface MessageHeader {
  readonly key: string
  readonly value: Buffer | null
}

/** One message as read from a topic. `timestamp` is epoch ms. */
export interface SourceMessage extends Coordinates {
  readonly timestamp: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly MessageHeader[]
}

/** What to send: the only thing that leaves a path. `sourcePartition` places a message without a key. */
export interface Output {
  readonly topic: string
  readonly key: Buffer | null
  readonly value: Buffer
  readonly headers: readonly MessageHeader[]
  readonly sourcePartition: number
  /** It tells of the other outputs of its event: without transactions it is written after them. */
  readonly isOutcome?: true
}

/** How far a chain of attempts has come. Travels in headers on retry and replay topics; else the message itself. */
export interface Chain {
  readonly source: Coordinates
  readonly origin: Coordinates
  /** 1 + delays so far. */
  readonly attempt: number
  readonly replays: number
  /** Epoch ms. */
  readonly firstSeenAt: number
  /** HTTP calls made in the attempts before this one. */
  readonly callsBefore: number
}

/** An event that says a handshake is over. All but the id may be unknown. `updated` is epoch ms. */
export interface HandshakeEvent {
  readonly handshakeId: string
  readonly eventType: string | null
  readonly tag: string | null
  readonly flowId: string | null
  readonly snapshot: string | null
  readonly updated: number | null
  /** What a replay needs and can hold no result: product.md section 7, REDUCED. UTF-8 JSON. */
  readonly reduced: string
  readonly traceparent: Buffer | null
}

/** An auth token and its client secret. Neither can be printed: `toJSON` and `toString` hide them. */
export interface Credential {
  readonly id: string
  /** The complete value of the Authorization header. */
  readonly authorization: SecretText
  /** A key object of the crypto library; opaque here. */
  readonly clientSecret: object
  readonly match: { readonly topics: readonly string[]; readonly flowIds: readonly string[] }
}

/** Text that never shows itself in a log, an error or JSON. */
export class SecretText {
  readonly #text: string
  constructor(text: string) {
    this.#text = text
  }
  /** The text itself: only for the place that sends or hashes it. */
  reveal(): string {
    return this.#text
  }
  toString(): string {
    return '[secret]'
  }
  toJSON(): string {
    return '[secret]'
  }
}
