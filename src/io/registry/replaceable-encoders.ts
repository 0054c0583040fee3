import type { EvidenceRow } from '../../core/evidence.js'
import type { Encoder } from '../../core/ports.js'
import { createEncoders, type EncoderOptions, type RecordEncoders } from './encoders.js'
import { createEvidenceEncoder } from './evidence.js'

export interface Ids extends Required<Pick<EncoderOptions, 'ids' | 'typed'>> {
  /** Null: no evidence is kept. */
  readonly evidence: number | null
}

/** Encoders whose ids may turn out to be others. */
export interface ReplaceableEncoders extends RecordEncoders {
  /** Where evidence is kept. */
  readonly evidence?: Encoder<EvidenceRow>
  /** What is encoded from now on is framed with these ids, of the same schemas. */
  replace(ids: Ids): void
}

/** Makes encoders that can go on under other ids: for a start with kept ones. */
export function createReplaceableEncoders(ids: Ids): ReplaceableEncoders {
  let current = createEncoders(ids)
  let evidence = evidenceEncoderOf(ids)
  return {
    verified: (record) => current.verified(record),
    deadLetter: (record) => current.deadLetter(record),
    outcome: (record) => current.outcome(record),
    typed: new Map(
      [...current.typed].map(([stageType, first]) => [
        stageType,
        (record) => (current.typed.get(stageType) ?? first)(record),
      ]),
    ),
    ...(evidence === null ? {} : { evidence: withCurrent(evidence, () => evidence) }),
    replace(now) {
      current = createEncoders(now)
      evidence = evidenceEncoderOf(now)
    },
  }
}

const evidenceEncoderOf = ({ evidence }: Ids): Encoder<EvidenceRow> | null =>
  evidence === null ? null : createEvidenceEncoder(evidence)

const withCurrent =
  <T>(first: Encoder<T>, current: () => Encoder<T> | null): Encoder<T> =>
  (row) =>
    (current() ?? first)(row)
