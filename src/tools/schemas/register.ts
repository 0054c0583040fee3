import type { SchemaRegistry } from '../../io/registry/registry.js'
import { type CheckedSchema, type CheckParts, checkSchemas } from './check.js'
import type { WrittenSchema } from './written.js'

export interface RegisteredSchema extends WrittenSchema {
  readonly id: number
  /** False: it was there before. */
  readonly isNew: boolean
}

export type Registration =
  | { readonly kind: 'registered'; readonly schemas: readonly RegisteredSchema[] }
  /** Nothing was written. */
  | { readonly kind: 'incompatible'; readonly schemas: readonly CheckedSchema[] }

/**
 * Registers schemas that are not there yet: all, or none where one is incompatible. Done twice it writes nothing anew.
 *
 * In:     registry  may write
 * Throws: RegistryDown, RegistryRefused; those registered before it stay
 */
export async function registerAll(
  wanted: readonly WrittenSchema[],
  parts: CheckParts & { readonly registry: Pick<SchemaRegistry, 'idOf'> },
): Promise<Registration> {
  const checked = await checkSchemas(wanted, parts)
  if (checked.some(({ status }) => status === 'incompatible')) {
    return { kind: 'incompatible', schemas: checked }
  }
  const schemas: RegisteredSchema[] = []
  for (const [index, one] of wanted.entries()) {
    const known = checked[index]?.id ?? null
    const id = known ?? (await parts.registry.idOf(one.subject, one.schema))
    schemas.push({ ...one, id, isNew: known === null })
  }
  return { kind: 'registered', schemas }
}
