import { SchemaRegistry as LibraryRegistry } from '@kafkajs/confluent-schema-registry'
import type { RegistryCall } from './call.js'
import { isNotThere, RegistryDown, RegistryRefused, registryFault, type WriterSchema } from './registry.js'

type SchemaOf = (id: number) => Promise<WriterSchema | 'unknown-schema' | 'not-avro'>

// Never asked: the calls are ours.
const NO_HOST = 'http://registry.invalid'

/**
 * Fetches schemas by id. The library follows references, parses and remembers; the calls are ours, because its own have no
 * time limit, wait for ever for an answer that is cut off, and end the process on an error whose body is JSON null.
 *
 * Throws: RegistryDown, RegistryRefused
 * Source: libraries.md section 4.2
 */
export function createWriterSchemas(call: RegistryCall): SchemaOf {
  const library = new LibraryRegistry({
    host: NO_HOST,
    middlewares: [
      () => ({
        // The outermost of its layers: it answers in place of all that lie below.
        response: async (_next, _renew, request) => answered(await ask(call, request.path())),
      }),
    ],
  })
  return async (id) => {
    try {
      const schema: unknown = await library.getSchema(id)
      return isAvroType(schema) ? schema : 'not-avro'
    } catch (error) {
      if (error instanceof RegistryDown || error instanceof RegistryRefused) throw error
      // All else comes from the library: the answer was read, and its schema is none that Avro knows.
      return error instanceof UnknownSchema ? 'unknown-schema' : 'not-avro'
    }
  }
}

class UnknownSchema extends Error {}

/** Out: the body of an answer that holds a schema. */
async function ask(call: RegistryCall, path: string): Promise<object> {
  const { status, body } = await call(path)
  const fields = typeof body === 'object' && body !== null ? body : {}
  if (status === 200 && 'schema' in fields && typeof fields.schema === 'string') return fields
  if (status === 404) {
    throw isNotThere(body) ? new UnknownSchema() : new RegistryDown('answer-unusable', status)
  }
  throw registryFault(status, null)
}

/** As much of an answer as the library looks at. */
function answered(body: object): never {
  return { data: () => body } as never
}

function isAvroType(schema: unknown): schema is WriterSchema {
  return (
    typeof schema === 'object' &&
    schema !== null &&
    'typeName' in schema &&
    typeof schema.typeName === 'string'
  )
}
