import type { Output } from '../core/model.js'
import type { Encoder } from '../core/ports.js'
import type { TypedRecord, VerifiedStage } from '../core/records.js'
import { type Address, type Encoded, encodeRecord } from './encode.js'
import type { TypedOf } from './typed.js'

export type RecordForm = 'long' | 'typed' | 'both'

export interface RecordForms {
  readonly form: RecordForm
  /** Adds input and output as JSON text to the long form. */
  readonly json: boolean
  readonly typedOf: TypedOf
  /** Topics of typed records, by stage type. */
  readonly topics: ReadonlyMap<string, string>
}

/** The long form alone. */
export const LONG_FORM: RecordForms = { form: 'long', json: false, typedOf: () => null, topics: new Map() }

export interface RecordOutputsDeps {
  readonly encoders: {
    readonly verified: Encoder<VerifiedStage>
    /** By stage type; without them there is the long form alone. */
    readonly typed?: ReadonlyMap<string, Encoder<TypedRecord>>
  }
  readonly forms: RecordForms
  readonly maxRecordBytes: number
}

/**
 * Encodes the records of one event, in the forms asked for.
 *
 * In:     address   with the topic of the long form
 * Out:    in received order, the long form of a stage before its typed one. A stage without a typed record comes in the long
 *         form, whatever the form
 * Fails:  record-unencodable, record-too-large
 * Source: product.md section 7, typed output
 */
export function recordOutputs(
  records: readonly VerifiedStage[],
  address: Address,
  deps: RecordOutputsDeps,
): Encoded<Output[]> {
  const outputs: Output[] = []
  for (const record of records) {
    const typed = typedOutput(record, address, deps)
    const long =
      typed === null || deps.forms.form === 'both'
        ? encodeRecord(deps.encoders.verified, record, address, deps.maxRecordBytes)
        : null
    for (const encoded of [long, typed]) {
      if (encoded?.kind === 'dead') return encoded
      if (encoded !== null) outputs.push(encoded.value)
    }
  }
  return { kind: 'ok', value: outputs }
}

function typedOutput(
  record: VerifiedStage,
  address: Address,
  { encoders, forms, maxRecordBytes }: RecordOutputsDeps,
): Encoded<Output> | null {
  if (forms.form === 'long' || record.stageType === null) return null
  const topic = forms.topics.get(record.stageType)
  const encoder = encoders.typed?.get(record.stageType)
  if (topic === undefined || encoder === undefined) return null
  const row = forms.typedOf(record)
  return row === null ? null : encodeRecord(encoder, row, { ...address, topic }, maxRecordBytes)
}
