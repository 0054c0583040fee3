import type { Coordinates } from './model.js'
import type { Verification } from './records.js'

/** One row of avro/evidence.avsc. Source: product.md section 7, verification. */
export interface EvidenceRow {
  readonly resultId: string
  readonly handshakeId: string
  readonly verification: Verification
  /** From 0. */
  readonly part: number
  readonly parts: number
  readonly sealed: Buffer
  readonly origin: Coordinates
  readonly attempt: number
  readonly replays: number
  readonly fetchedAt: number
}

/** Where a part of the signed bytes belongs: sealed for this place, it opens nowhere else. */
export function evidencePlace({ resultId, part, parts }: Pick<EvidenceRow, 'resultId' | 'part' | 'parts'>) {
  return { recordId: resultId, path: `signed/${part}/${parts}` }
}
