/** Fewer events have no room for every kind between plain ones. */
export const MIN_EVENTS = 100
/** The plan is in memory, and so is what the proof reads. */
export const MAX_EVENTS = 200_000

export const RECORD_FORMS = ['long', 'typed', 'both'] as const
export type RecordForm = (typeof RECORD_FORMS)[number]
