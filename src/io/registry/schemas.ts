import { readFileSync } from 'node:fs'
import type { SchemaRegistry } from './registry.js'

/** The kinds of records that every set-up writes. */
export type RecordKind = 'verified' | 'deadLetter' | 'outcome'

const FOLDER = new URL('../../../avro/', import.meta.url)

/** The schemas of avro/ as one line of JSON each: what the registry holds and what the encoders write. */
export const SCHEMAS: Readonly<Record<RecordKind, string>> = {
  verified: readSchema('verified-stage.avsc'),
  deadLetter: readSchema('dead-letter.avsc'),
  outcome: readSchema('outcome.avsc'),
}

export interface RecordTopics {
  readonly verified: string
  readonly deadLetter: string
  /** Null: outcomes are not written. */
  readonly outcomes: string | null
}

/** The subject of a topic's values. Source: product.md section 7 */
export function subjectOf(topic: string): string {
  return `${topic}-value`
}

/**
 * Finds the ids of all schemas that will be written.
 *
 * Out:    0 for a kind without a topic: nothing of it is ever written
 * Throws: RegistryDown, RegistryRefused
 */
export async function resolveIds(
  registry: Pick<SchemaRegistry, 'idOf'>,
  topics: RecordTopics,
): Promise<Record<RecordKind, number>> {
  const verified = await registry.idOf(subjectOf(topics.verified), SCHEMAS.verified)
  const deadLetter = await registry.idOf(subjectOf(topics.deadLetter), SCHEMAS.deadLetter)
  const outcome =
    topics.outcomes === null ? 0 : await registry.idOf(subjectOf(topics.outcomes), SCHEMAS.outcome)
  return { verified, deadLetter, outcome }
}

/** Records of one stage type: their topic, and the JSON text of their schema. */
export interface TypedSchema {
  readonly stageType: string
  readonly topic: string
  readonly schema: string
}

/**
 * Finds the ids of the schemas of typed records.
 *
 * Throws: RegistryDown, RegistryRefused
 */
export async function resolveTypedIds(
  registry: Pick<SchemaRegistry, 'idOf'>,
  kinds: readonly TypedSchema[],
): Promise<(TypedSchema & { readonly id: number })[]> {
  const found = []
  for (const kind of kinds) {
    found.push({ ...kind, id: await registry.idOf(subjectOf(kind.topic), kind.schema) })
  }
  return found
}

/** A schema of avro/ as one line of JSON. */
export function readSchema(name: string): string {
  return JSON.stringify(JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')))
}
