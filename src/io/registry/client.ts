import { createRegistryCall, type RegistryAccess, type RegistryCall } from './call.js'
import { isNotThere, RegistryDown, RegistryRefused, registryFault, type SchemaRegistry } from './registry.js'
import { createWriterSchemas } from './writer-schemas.js'

export interface RegistryOptions extends Omit<RegistryAccess, 'deadlineMs'> {
  /** False: schemas are looked up and never written. */
  readonly register: boolean
  readonly deadlineMs?: number
}

const DEFAULT_DEADLINE_MS = 10_000

/**
 * Opens a schema registry over HTTP. Its settings (compatibility, mode) are never changed.
 *
 * Source: Confluent Schema Registry API reference, Subjects and Schemas; libraries.md section 4.2 for what is not used
 */
export function createSchemaRegistry(options: RegistryOptions): SchemaRegistry {
  const access: RegistryAccess = { ...options, deadlineMs: options.deadlineMs ?? DEFAULT_DEADLINE_MS }
  const call = createRegistryCall(access)
  const schemaOf = createWriterSchemas(call)
  return {
    idOf: (subject, schema) => idOf(call, options.register, subject, schema),
    schemaOf,
    close: () => call.close(),
  }
}

/**
 * Finds the id of a schema that is there, so that a start after the first needs no right to write; registers it when it is
 * not and the settings allow it.
 *
 * Throws: RegistryDown, RegistryRefused
 */
async function idOf(call: RegistryCall, register: boolean, subject: string, schema: string): Promise<number> {
  const path = `/subjects/${encodeURIComponent(subject)}`
  // The second question finds what others registered with other blanks or another order of attributes.
  for (const lookUp of [path, `${path}?normalize=true`]) {
    const found = await call(lookUp, { schema })
    if (found.status === 200) return readId(found.body)
    if (found.status !== 404) throw registryFault(found.status, subject)
    if (!isNotThere(found.body)) throw new RegistryDown('answer-unusable', 404)
  }
  if (!register) throw new RegistryRefused('not-registered', 404, subject)
  const made = await call(`${path}/versions`, { schema })
  if (made.status !== 200) throw registryFault(made.status, subject)
  return readId(made.body)
}

function readId(body: unknown): number {
  const id = typeof body === 'object' && body !== null && 'id' in body ? body.id : undefined
  if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id > 2_147_483_647) {
    throw new RegistryDown('answer-unusable', 200)
  }
  return id
}
