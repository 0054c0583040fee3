import { parseSchema } from '../registry/parse.js'
import { RegistryDown, RegistryRefused, type SchemaRegistry } from '../registry/registry.js'

export interface MemoryRegistryOptions {
  /** False: schemas are looked up and never written. */
  readonly register?: boolean
}

export interface MemoryRegistry extends SchemaRegistry {
  /** Adds a schema by hand; the same schema under the same subject keeps its id. */
  add(subject: string, schema: string): number
  /** Whether every call fails as when the registry is away. */
  setDown(down: boolean): void
  /** How often it was asked, failed calls included. */
  asked(): number
}

/** A schema registry in this process: the twin of createSchemaRegistry. It checks no compatibility. */
export function createMemoryRegistry(options: MemoryRegistryOptions = {}): MemoryRegistry {
  const { register = true } = options
  const ids = new Map<string, number>()
  const schemas = new Map<number, string>()
  const known = new Set<string>()
  let isDown = false
  let calls = 0

  const call = (): void => {
    calls++
    if (isDown) throw new RegistryDown('connection')
  }
  const entryOf = (subject: string, schema: string): string => `${subject}\n${schema}`
  const add = (subject: string, schema: string): number => {
    known.add(entryOf(subject, schema))
    const id = ids.get(schema) ?? ids.size + 1
    ids.set(schema, id)
    schemas.set(id, schema)
    return id
  }

  return {
    add,
    setDown(down) {
      isDown = down
    },
    asked: () => calls,
    async idOf(subject, schema) {
      call()
      const id = ids.get(schema)
      if (id !== undefined && known.has(entryOf(subject, schema))) return id
      if (!register) throw new RegistryRefused('not-registered', 404, subject)
      try {
        parseSchema(schema)
      } catch {
        throw new RegistryRefused('invalid-schema', 422, subject)
      }
      return add(subject, schema)
    },
    async schemaOf(id) {
      call()
      const schema = schemas.get(id)
      return schema === undefined ? 'unknown-schema' : parseSchema(schema)
    },
    async close() {},
  }
}
