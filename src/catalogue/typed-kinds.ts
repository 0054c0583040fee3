import { typedSchemaOf } from './avro.js'
import { topicSuffixOf } from './columns.js'
import { createCatalogue } from './index.js'
import type { StageSpec } from './model.js'
import type { UserTypes } from './user.js'

/** A stage type with records of its own. */
export interface TypedKind {
  readonly stageType: string
  readonly topic: string
  /** JSON text of its Avro schema. */
  readonly schema: string
  readonly spec: StageSpec
}

/** The keys of the configuration that say which they are. */
export interface TypedSettings {
  readonly records: { readonly form: 'long' | 'typed' | 'both' }
  readonly topics: { readonly verified: string }
  readonly catalogue: {
    readonly stages: Readonly<Record<string, string>>
    readonly flows: Readonly<Record<string, Readonly<Record<string, string>>>>
    readonly types: UserTypes
  }
}

/** The topic of a type's records. Source: product.md section 7, typed output */
export function typedTopicOf(verified: string, stageType: string): string {
  return `${verified}.${topicSuffixOf(stageType)}`
}

/**
 * The types that may be written as typed records: those which the configuration gives to a stage. A type that is guessed by
 * shape is never one of them by that alone, so that a start registers no schema that nobody uses.
 *
 * Out:    in the order of the catalogue; none for the long form
 */
export function typedKindsOf({ records, topics, catalogue }: TypedSettings): TypedKind[] {
  if (records.form === 'long') return []
  const named = new Set(namedTypes(catalogue))
  return createCatalogue(catalogue.types)
    .types.filter(({ name }) => named.has(name))
    .map((spec) => ({
      stageType: spec.name,
      topic: typedTopicOf(topics.verified, spec.name),
      schema: typedSchemaOf(spec),
      spec,
    }))
}

/** Topics of every type there is, also of those that no stage has now: of records that were written before. */
export function allTypedTopics({ topics, catalogue }: Omit<TypedSettings, 'records'>): string[] {
  return createCatalogue(catalogue.types).types.map(({ name }) => typedTopicOf(topics.verified, name))
}

/** The types that the configuration gives to stages, each once, whether the catalogue has them or not. */
export function namedTypes({
  stages,
  flows,
}: Pick<TypedSettings['catalogue'], 'stages' | 'flows'>): string[] {
  return [...new Set([stages, ...Object.values(flows)].flatMap((one) => Object.values(one)))]
}
