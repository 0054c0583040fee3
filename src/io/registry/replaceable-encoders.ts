import { createEncoders, type EncoderOptions, type RecordEncoders } from './encoders.js'

type Ids = Required<Pick<EncoderOptions, 'ids' | 'typed'>>

/** Encoders whose ids may turn out to be others. */
export interface ReplaceableEncoders extends RecordEncoders {
  /** What is encoded from now on is framed with these ids, of the same schemas. */
  replace(ids: Ids): void
}

/** Makes encoders that can go on under other ids: for a start with kept ones. */
export function createReplaceableEncoders(ids: Ids): ReplaceableEncoders {
  let current = createEncoders(ids)
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
    replace(now) {
      current = createEncoders(now)
    },
  }
}
