import type { Coordinates, SourceMessage } from '../../core/model.js'
import type { DeadLetter, OutcomeRow, VerifiedStage } from '../../core/records.js'
import { type ReaderOptions, readToEnd } from '../../io/kafka/reader.js'
import type { RecordReader, RecordReaders } from '../../io/registry/records.js'
import type { DeadLetterFacts, Evidence, OutcomeFacts, RecordFacts } from './check.js'

export interface GatherTopics {
  /** Everything the connector reads. */
  readonly consumed: readonly string[]
  readonly verified: string
  readonly deadLetter: string
  readonly outcomes: string
}

/** A row of an output topic with the message it came in. */
export type GatheredRow =
  | { readonly kind: 'verified'; readonly row: VerifiedStage; readonly message: SourceMessage }
  | { readonly kind: 'deadLetter'; readonly row: DeadLetter; readonly message: SourceMessage }
  | { readonly kind: 'outcome'; readonly row: OutcomeRow; readonly message: SourceMessage }

export interface GatherOptions {
  readonly reader: ReaderOptions
  readonly readers: RecordReaders
  readonly topics: GatherTopics
  /** Sees every row whole; only what the check needs is kept. */
  readonly onRow?: (row: GatheredRow) => void
}

/**
 * Reads the topics up to the ends they have now, by the schema each row was written with. Nothing is shared with the code
 * that wrote them but the schemas.
 *
 * Out:    rows without their values: some hundred bytes each, for all of the topics
 * Throws: when broker or registry cannot be asked; an event that is under way meanwhile has no outcome yet
 */
export async function gatherEvidence(options: GatherOptions): Promise<Evidence> {
  const { topics } = options
  const consumed: Coordinates[] = []
  const notes = createNotes(options)
  const inputs = new Set(topics.consumed)
  const waiting: Promise<void>[] = []
  const note = new Map<string, (message: SourceMessage) => void | Promise<void>>([
    [topics.verified, notes.verified],
    [topics.deadLetter, notes.deadLetter],
    [topics.outcomes, notes.outcome],
  ])
  await readToEnd(options.reader, [...inputs, ...note.keys()], (message) => {
    if (inputs.has(message.topic)) consumed.push(coordinatesOf(message))
    const noted = note.get(message.topic)?.(message)
    if (noted instanceof Promise) waiting.push(noted)
    return true
  })
  await Promise.all(waiting)
  return { consumed, ...notes.found }
}

function createNotes({ readers, onRow = () => undefined }: GatherOptions) {
  const outcomes: OutcomeFacts[] = []
  const records: RecordFacts[] = []
  const deadLetters: DeadLetterFacts[] = []
  const unreadable: Coordinates[] = []

  function noteBy<T>(read: RecordReader<T>, add: (row: T, message: SourceMessage) => void) {
    return (message: SourceMessage): void | Promise<void> => {
      const take = (row: T | null): void => {
        if (row === null) unreadable.push(coordinatesOf(message))
        else add(row, message)
      }
      const row = message.value === null ? null : read(message.value)
      return row instanceof Promise ? row.then(take) : take(row)
    }
  }

  return {
    found: { outcomes, records, deadLetters, unreadable },
    verified: noteBy(readers.verified, (row, message) => {
      const { recordId, stageIndex, stageCount, origin, attempt, replays } = row
      records.push({ recordId, stageIndex, stageCount, origin, attempt, replays, at: coordinatesOf(message) })
      onRow({ kind: 'verified', row, message })
    }),
    deadLetter: noteBy(readers.deadLetter, (row, message) => {
      const { code, source, attempt, replays } = row
      deadLetters.push({ code, source, attempt, replays })
      onRow({ kind: 'deadLetter', row, message })
    }),
    outcome: noteBy(readers.outcome, (row, message) => {
      const { source, origin, outcome, code, records: told, calls, attempt, replays } = row
      outcomes.push({ source, origin, outcome, code, records: told, calls, attempt, replays })
      onRow({ kind: 'outcome', row, message })
    }),
  }
}

function coordinatesOf({ topic, partition, offset }: SourceMessage): Coordinates {
  return { topic, partition, offset }
}
