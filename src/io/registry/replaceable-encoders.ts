import { createEncoders, type EncoderOptions, type RecordEncoders } from './encoders.js'

/** Encoders whose ids may turn out to be others. */
export interface ReplaceableEncoders extends RecordEncoders {
  /** What is encoded from now on is framed with these ids. */
  replace(ids: EncoderOptions['ids']): void
}

/** Makes encoders that can go on under other ids: for a start with kept ones. */
export function createReplaceableEncoders(ids: EncoderOptions['ids']): ReplaceableEncoders {
  let current = createEncoders({ ids })
  return {
    verified: (record) => current.verified(record),
    deadLetter: (record) => current.deadLetter(record),
    outcome: (record) => current.outcome(record),
    replace(now) {
      current = createEncoders({ ids: now })
    },
  }
}
