/** The rows of avro/*.avsc as TypeScript sees them. Timestamps are epoch ms. Source: product.md section 7. */
import type { FailureCategory } from './failure.js'
import type { MediaItem } from './media.js'
import type { Coordinates, MessageHeader } from './model.js'
import type { OutcomeKind } from './outcome.js'

/** Path to text; null where a privacy rule dropped the value. No prototype, so that any path can be a key. */
export type TextMap = Record<string, string | null>

export type StageTypeSource = 'CATALOGUE' | 'SHAPE' | 'UNKNOWN'
export type StageStatus = 'COMPLETE' | 'PENDING'

export interface Verification {
  readonly algorithm: string
  readonly method: string
  readonly credentialId: string
  /** Lower-case hex. */
  readonly signature: string
  readonly signedBytes: number
  readonly verifiedAt: number
}

/** One stage after flattening and privacy rules. */
export interface FlatStage {
  /** The same for a repeat of the same result. */
  readonly recordId: string
  readonly stageId: string
  readonly stageType: string | null
  readonly stageTypeSource: StageTypeSource
  readonly status: StageStatus
  readonly valid: boolean | null
  readonly input: TextMap
  readonly output: TextMap
  readonly extra: TextMap
  readonly kinds: Record<string, string>
  readonly redactions: Record<string, string>
  /** What is to be stored before the record is written. */
  readonly media?: readonly MediaItem[]
}

export interface VerifiedStage extends FlatStage {
  readonly handshakeId: string
  readonly number: string | null
  readonly requestId: string | null
  readonly tag: string | null
  readonly flowId: string | null
  readonly snapshot: string | null
  readonly eventType: string | null
  readonly eventTime: number | null
  readonly stageIndex: number
  readonly stageCount: number
  readonly verification: Verification
  readonly origin: Coordinates
  readonly attempt: number
  readonly replays: number
  readonly resultId: string
  readonly fetchedAt: number
  /** After the privacy rules; null without `records.json`, and where the stage has none. */
  readonly inputJson: string | null
  readonly outputJson: string | null
}

/** A row of one stage type: the schema is made of the catalogue, by `typedSchemaOf`. */
export type TypedRecord = Readonly<Record<string, string | number | boolean | null>>

export type ValueForm = 'REDUCED' | 'RAW' | 'REFERENCE'

export interface DeadLetter {
  readonly code: string
  readonly category: FailureCategory
  readonly retryable: boolean
  readonly message: string
  readonly handshakeId: string | null
  readonly httpStatus: number | null
  readonly attestrCode: number | null
  readonly requestId: string | null
  readonly attempt: number
  readonly replays: number
  readonly calls: number
  readonly firstSeenAt: number
  readonly failedAt: number
  readonly source: Coordinates
  readonly origin: Coordinates
  readonly key: Buffer | null
  readonly headers: readonly MessageHeader[]
  readonly value: Buffer | null
  readonly valueForm: ValueForm
  readonly valueBytes: number | null
  readonly valueDigest: string | null
}

export interface OutcomeRow {
  readonly source: Coordinates
  readonly origin: Coordinates
  readonly handshakeId: string | null
  readonly outcome: OutcomeKind
  readonly code: string | null
  readonly records: number
  readonly calls: number
  readonly attempt: number
  readonly replays: number
  readonly startedAt: number
  readonly finishedAt: number
}
