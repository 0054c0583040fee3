import { createSchemaRegistry, type RegistryOptions } from '../../io/registry/client.js'
import { createSubjects } from '../../io/registry/subjects.js'
import { type CheckedSchema, checkSchemas } from './check.js'
import { type Registration, registerAll } from './register.js'
import type { WrittenSchema } from './written.js'

export interface SchemaTools {
  check(wanted: readonly WrittenSchema[]): Promise<readonly CheckedSchema[]>
  register(wanted: readonly WrittenSchema[]): Promise<Registration>
  close(): Promise<void>
}

const DEADLINE_MS = 10_000

/**
 * Opens a registry for those who look after schemas. `register` writes whatever `access.register` says: who runs it asks
 * for it. Its calls throw RegistryDown and RegistryRefused.
 */
export function openSchemaTools(access: RegistryOptions): SchemaTools {
  const lookUp = createSchemaRegistry({ ...access, register: false })
  const registry = createSchemaRegistry({ ...access, register: true })
  const subjects = createSubjects({ ...access, deadlineMs: access.deadlineMs ?? DEADLINE_MS })
  return {
    check: (wanted) => checkSchemas(wanted, { lookUp, subjects }),
    register: (wanted) => registerAll(wanted, { lookUp, subjects, registry }),
    async close() {
      await Promise.all([lookUp.close(), registry.close(), subjects.close()])
    },
  }
}
