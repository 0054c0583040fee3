import avro from 'avsc'
import type { EvidenceRow } from '../../src/core/evidence.js'
import type { Coordinates } from '../../src/core/model.js'
import type { DeadLetter, OutcomeRow, VerifiedStage } from '../../src/core/records.js'
import { EVIDENCE_SCHEMA } from '../../src/io/registry/evidence.js'
import { SCHEMAS } from '../../src/io/registry/schemas.js'
import type { FoundDeadLetter, FoundDelay, FoundOutcome, FoundRecord } from './judge.js'

/** A message of an output topic, undecoded. */
export interface RawRow extends Coordinates {
  readonly value: Buffer | null
  readonly transaction: number | string | null
}

const types = {
  verified: avro.Type.forSchema(JSON.parse(SCHEMAS.verified)),
  deadLetter: avro.Type.forSchema(JSON.parse(SCHEMAS.deadLetter)),
  outcome: avro.Type.forSchema(JSON.parse(SCHEMAS.outcome)),
  evidence: avro.Type.forSchema(JSON.parse(EVIDENCE_SCHEMA)),
}
/** Magic byte and schema id. */
const FRAME_BYTES = 5

function decode<T>(type: avro.Type, row: RawRow): T {
  if (row.value === null) throw new Error(`${row.topic}/${row.partition}@${row.offset} has no value`)
  return type.fromBuffer(row.value.subarray(FRAME_BYTES)) as T
}

const whereOf = (row: Omit<RawRow, 'value'>) => ({
  at: { topic: row.topic, partition: row.partition, offset: row.offset },
  transaction: row.transaction,
})

export const decodeRecords = (rows: readonly RawRow[]): FoundRecord[] =>
  rows.map((row) => ({ ...decode<VerifiedStage>(types.verified, row), ...whereOf(row) }))

export const decodeDeadLetters = (rows: readonly RawRow[]): FoundDeadLetter[] =>
  rows.map((row) => ({ ...decode<DeadLetter>(types.deadLetter, row), ...whereOf(row) }))

export const decodeOutcomes = (rows: readonly RawRow[]): FoundOutcome[] =>
  rows.map((row) => ({ ...decode<OutcomeRow>(types.outcome, row), ...whereOf(row) }))

/** With all fields. */
export const decodeVerified = (rows: readonly RawRow[]): VerifiedStage[] =>
  rows.map((row) => decode<VerifiedStage>(types.verified, row))

export const decodeEvidence = (rows: readonly RawRow[]): EvidenceRow[] =>
  rows.map((row) => decode<EvidenceRow>(types.evidence, row))

/** A message of a retry topic, with its headers as text. */
export interface DelayRow extends Omit<RawRow, 'value'> {
  readonly headers: Readonly<Record<string, string>>
}

export const decodeDelays = (rows: readonly DelayRow[]): FoundDelay[] =>
  rows.map((row) => {
    const { headers } = row
    const [topic = '', partition, offset] = (headers['attestr.origin'] ?? '').split('/')
    return {
      ...whereOf(row),
      origin: { topic, partition: Number(partition), offset: Number(offset) },
      attempt: Number(headers['attestr.attempt']),
      replays: Number(headers['attestr.replays']),
      dueAt: Number(headers['attestr.due']),
    }
  })
