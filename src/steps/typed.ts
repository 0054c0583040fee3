import type { Drift, DriftKind } from '../core/drift.js'
import type { LayoutSide, StageLayout } from '../core/layout.js'
import type { TypedRecord, VerifiedStage } from '../core/records.js'
import { ColumnTargets } from './column-targets.js'
import { type Row, TypedRow } from './typed-row.js'

/** Null: the stage has no typed record. */
export type TypedOf = (record: VerifiedStage) => TypedRecord | null

const SIDES: readonly LayoutSide[] = ['input', 'output']

/**
 * Makes typed records of stages.
 *
 * In:     layouts   of the types that have typed records
 * Out:    null for another type, and for one that was guessed by shape. A value goes to its column where that can hold it, else
 *         to `extra`, so that nothing is dropped; null and absent are the same. A text in the place of a number or a boolean is
 *         read as one where it is exactly that. Drift is counted
 * Source: product.md section 7, typed output; attestr.md section 3.2
 */
export function createTyped(layouts: readonly StageLayout[], drift: Drift): TypedOf {
  const types = new Map(layouts.map((layout) => [layout.stageType, new TypedType(layout, drift)]))
  return (record) => {
    if (record.stageTypeSource !== 'CATALOGUE' || record.stageType === null) return null
    return types.get(record.stageType)?.recordOf(record) ?? null
  }
}

const HEAD = [
  'recordId',
  'handshakeId',
  'number',
  'requestId',
  'tag',
  'flowId',
  'snapshot',
  'eventType',
  'eventTime',
  'stageId',
  'stageIndex',
  'stageCount',
  'stageType',
  'stageTypeSource',
  'status',
  'valid',
  'redactions',
  'verification_algorithm',
  'verification_method',
  'verification_credentialId',
  'verification_signature',
  'verification_signedBytes',
  'verification_verifiedAt',
  'origin_topic',
  'origin_partition',
  'origin_offset',
  'attempt',
  'replays',
  'resultId',
  'fetchedAt',
] as const

class TypedType {
  readonly #stageType: string
  readonly #drift: Drift
  readonly #targets: Readonly<Record<LayoutSide, ColumnTargets>>
  /** All columns without a value: rows made of it are alike, which encodes faster. */
  readonly #blank: Row

  constructor({ stageType, sides }: StageLayout, drift: Drift) {
    this.#stageType = stageType
    this.#drift = drift
    this.#targets = {
      input: new ColumnTargets('input', sides.input),
      output: new ColumnTargets('output', sides.output),
    }
    const columns = [...sides.input, ...sides.output].flatMap(({ column, parsed }) => [column, parsed])
    const names = columns.flatMap((column) => (column === null ? [] : [column.name]))
    const blank = Object.fromEntries([...HEAD, ...names, 'extra'].map((name) => [name, null]))
    // What JSON makes has a hidden class, whatever its size; what is filled name by name is a hash table, slow to copy.
    this.#blank = JSON.parse(JSON.stringify(blank)) as Row
  }

  recordOf(record: VerifiedStage): TypedRecord {
    const blank = { ...this.#blank }
    fillHead(blank, record)
    const row = new TypedRow(record, blank)
    for (const side of SIDES) {
      const leaves = record[side]
      const targets = this.#targets[side]
      for (const path in leaves) row.put(targets.of(path), leaves[path] ?? null)
    }
    for (const path in record.extra) row.putBeside(path, record.extra[path] ?? null)
    for (const [key, count] of row.drift ?? []) {
      const [drift, path] = key.split(' ') as [DriftKind, string]
      this.#drift.saw({ stageType: this.#stageType, path, drift, count })
    }
    return row.finished()
  }
}

function fillHead(row: Row, record: VerifiedStage): void {
  const { verification, origin } = record
  row['recordId'] = record.recordId
  row['handshakeId'] = record.handshakeId
  row['number'] = record.number
  row['requestId'] = record.requestId
  row['tag'] = record.tag
  row['flowId'] = record.flowId
  row['snapshot'] = record.snapshot
  row['eventType'] = record.eventType
  row['eventTime'] = record.eventTime
  row['stageId'] = record.stageId
  row['stageIndex'] = record.stageIndex
  row['stageCount'] = record.stageCount
  row['stageType'] = record.stageType
  row['stageTypeSource'] = record.stageTypeSource
  row['status'] = record.status
  row['valid'] = record.valid
  row['redactions'] = redactionsOf(record)
  row['verification_algorithm'] = verification.algorithm
  row['verification_method'] = verification.method
  row['verification_credentialId'] = verification.credentialId
  row['verification_signature'] = verification.signature
  row['verification_signedBytes'] = verification.signedBytes
  row['verification_verifiedAt'] = verification.verifiedAt
  row['origin_topic'] = origin.topic
  row['origin_partition'] = origin.partition
  row['origin_offset'] = origin.offset
  row['attempt'] = record.attempt
  row['replays'] = record.replays
  row['resultId'] = record.resultId
  row['fetchedAt'] = record.fetchedAt
}

function redactionsOf({ redactions }: VerifiedStage): string | null {
  for (const _ in redactions) return JSON.stringify(redactions)
  return null
}
