import { EVIDENCE_SCHEMA } from '../../io/registry/evidence.js'
import { HANDSHAKE_COMPLETED } from '../../io/registry/handshake-completed.js'
import { type RecordTopics, SCHEMAS, subjectOf, type TypedSchema } from '../../io/registry/schemas.js'

/** A schema under the subject where the registry is to hold it. */
export interface WrittenSchema {
  readonly topic: string
  readonly subject: string
  /** Full name of the record. */
  readonly record: string
  /** One line of JSON. */
  readonly schema: string
}

export interface SchemaTopics extends RecordTopics {
  readonly events: readonly string[]
  /** Null: none is kept. */
  readonly evidence: string | null
}

export interface WrittenOptions {
  readonly topics: SchemaTopics
  /** Stage types that have typed records. */
  readonly typed: readonly TypedSchema[]
  /** Also that of events, for producers that write them as Avro. */
  readonly withEvents: boolean
}

/** Every schema that a connector with these topics writes. Source: product.md section 7 */
export function writtenSchemas({ topics, typed, withEvents }: WrittenOptions): readonly WrittenSchema[] {
  const { verified, deadLetter, outcomes, events, evidence } = topics
  return [
    written(verified, SCHEMAS.verified),
    written(deadLetter, SCHEMAS.deadLetter),
    ...(outcomes === null ? [] : [written(outcomes, SCHEMAS.outcome)]),
    ...(evidence === null ? [] : [written(evidence, EVIDENCE_SCHEMA)]),
    ...typed.map(({ topic, schema }) => written(topic, schema)),
    ...(withEvents ? events.map((topic) => written(topic, HANDSHAKE_COMPLETED)) : []),
  ]
}

function written(topic: string, schema: string): WrittenSchema {
  return { topic, subject: subjectOf(topic), record: recordNameOf(schema), schema }
}

function recordNameOf(schema: string): string {
  const { namespace, name } = JSON.parse(schema) as { readonly namespace: string; readonly name: string }
  return `${namespace}.${name}`
}
