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
    this.#blank = Object.fromEntries(
      columns.flatMap((column) => (column === null ? [] : [[column.name, null]])),
    )
  }

  recordOf(record: VerifiedStage): TypedRecord {
    const row = new TypedRow(record, { ...this.#blank })
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
    return { ...headOf(record), ...row.finished() }
  }
}

function headOf(record: VerifiedStage): Row {
  const { verification, origin } = record
  return {
    recordId: record.recordId,
    handshakeId: record.handshakeId,
    number: record.number,
    requestId: record.requestId,
    tag: record.tag,
    flowId: record.flowId,
    snapshot: record.snapshot,
    eventType: record.eventType,
    eventTime: record.eventTime,
    stageId: record.stageId,
    stageIndex: record.stageIndex,
    stageCount: record.stageCount,
    stageType: record.stageType,
    stageTypeSource: record.stageTypeSource,
    status: record.status,
    valid: record.valid,
    redactions: redactionsOf(record),
    verification_algorithm: verification.algorithm,
    verification_method: verification.method,
    verification_credentialId: verification.credentialId,
    verification_signature: verification.signature,
    verification_signedBytes: verification.signedBytes,
    verification_verifiedAt: verification.verifiedAt,
    origin_topic: origin.topic,
    origin_partition: origin.partition,
    origin_offset: origin.offset,
    attempt: record.attempt,
    replays: record.replays,
    resultId: record.resultId,
    fetchedAt: record.fetchedAt,
  }
}

function redactionsOf({ redactions }: VerifiedStage): string | null {
  for (const _ in redactions) return JSON.stringify(redactions)
  return null
}
