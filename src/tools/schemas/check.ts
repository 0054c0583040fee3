import { areCompatible } from '../../io/registry/evolution.js'
import { RegistryRefused, type SchemaRegistry } from '../../io/registry/registry.js'
import type { Subjects } from '../../io/registry/subjects.js'
import type { WrittenSchema } from './written.js'

/**
 * `registered`: there, and fits all versions. `missing`: not there, and nothing stands against it. `incompatible`: some
 * version cannot be read with it, or cannot read it, or the registry would refuse it.
 */
export type SchemaStatus = 'registered' | 'missing' | 'incompatible'

export interface CheckedSchema extends WrittenSchema {
  readonly status: SchemaStatus
  /** Null when it is not registered. */
  readonly id: number | null
  /** Compatibility level in force at the registry; null when it does not say. */
  readonly level: string | null
  /** Versions that do not fit it. */
  readonly breaks: readonly number[]
  /** Whether the registry itself says no, as its level asks. */
  readonly refused: boolean
}

export interface CheckParts {
  /** Looks up and never writes. */
  readonly lookUp: Pick<SchemaRegistry, 'idOf'>
  readonly subjects: Subjects
}

/**
 * Compares schemas with all that the registry holds under their subjects. Writes nothing. Each is held to
 * FULL_TRANSITIVE, whatever the level of the registry: readers of old records are no fewer under a lax one.
 *
 * Throws: RegistryDown, RegistryRefused
 */
export async function checkSchemas(
  wanted: readonly WrittenSchema[],
  parts: CheckParts,
): Promise<readonly CheckedSchema[]> {
  const checked: CheckedSchema[] = []
  for (const one of wanted) checked.push(await checkSchema(one, parts))
  return checked
}

async function checkSchema(wanted: WrittenSchema, { lookUp, subjects }: CheckParts): Promise<CheckedSchema> {
  const { subject, schema } = wanted
  const id = await idOrNull(lookUp, wanted)
  const versions = await subjects.versions(subject)
  const breaks = versions
    .filter((one) => one.schema === null || !areCompatible(schema, one.schema))
    .map(({ version }) => version)
  // A registry may refuse more than Avro does. What it has taken already it is not asked about.
  const refused = id === null && versions.length > 0 && (await subjects.accepts(subject, schema)) === false
  const level = await subjects.level(subject)
  const fits = breaks.length === 0 && !refused
  const status = !fits ? 'incompatible' : id === null ? 'missing' : 'registered'
  return { ...wanted, status, id, level, breaks, refused }
}

async function idOrNull(lookUp: CheckParts['lookUp'], wanted: WrittenSchema): Promise<number | null> {
  try {
    return await lookUp.idOf(wanted.subject, wanted.schema)
  } catch (error) {
    if (error instanceof RegistryRefused && error.reason === 'not-registered') return null
    throw error
  }
}
