import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { SchemaRegistry as LibraryRegistry } from '@kafkajs/confluent-schema-registry'
import { authorizationOf, baseOf, type RegistryAccess } from './post.js'
import { RegistryDown, registryFault, type WriterSchema } from './registry.js'

export interface WriterSchemas {
  schemaOf(id: number): Promise<WriterSchema | 'unknown-schema' | 'not-avro'>
  close(): void
}

// What the library's errors carry is a status, so what happened is told through it. Outside the range of HTTP.
const CONNECTION_LOST = 900
const UNUSABLE = 901
const CONFLUENT_CODE = /^404[0-9]{2}$/

/**
 * Fetches schemas by id with the library, which follows references and parses.
 *
 * Throws: RegistryDown, RegistryRefused
 * Source: libraries.md section 4.2: no time limit, and a lost connection looks like status 400
 */
export function createWriterSchemas(access: RegistryAccess): WriterSchemas {
  const host = baseOf(access)
  const agent = host.startsWith('https:')
    ? new HttpsAgent({ keepAlive: true, ...(access.ca === null ? {} : { ca: access.ca }) })
    : new HttpAgent({ keepAlive: true })
  const authorization = authorizationOf(access)
  const open = (): LibraryRegistry =>
    new LibraryRegistry({
      host,
      agent,
      retry: { retries: 0 },
      middlewares: [
        () => ({
          request: async (request) =>
            authorization === null ? request : request.enhance({ headers: { authorization } }),
          response: (next) =>
            next().then(usable, (response: LibraryResponse) => Promise.reject(tellApart(response))),
        }),
      ],
    })
  let library = open()

  const schemaOf = async (id: number): Promise<WriterSchema | 'unknown-schema' | 'not-avro'> => {
    const mine = library
    try {
      const schema: unknown = await within(access.deadlineMs, mine.getSchema(id))
      return isAvroType(schema) ? schema : 'not-avro'
    } catch (error) {
      if (error instanceof RegistryDown) {
        // The library shares one request among callers and would hand out the hung one for ever.
        if (library === mine) library = open()
        throw error
      }
      const status = statusOf(error)
      // No status: the answer came, and its schema is none that Avro knows.
      if (status === null) return 'not-avro'
      if (status === 404) return 'unknown-schema'
      if (status === CONNECTION_LOST) throw new RegistryDown('connection')
      throw status === UNUSABLE ? new RegistryDown('answer-unusable') : registryFault(status, null)
    }
  }
  return { schemaOf, close: () => agent.destroy() }
}

interface LibraryResponse {
  error(): Error | null
  status(): number
  rawData(): string | null
  enhance(extras: { status: number; rawData: string }): LibraryResponse
}

/** The library takes every status below 400 and every body for an answer. */
function usable<R extends LibraryResponse>(response: R): R {
  const body = parse(response.rawData())
  const isSchema = typeof body === 'object' && body !== null && 'schema' in body
  if (response.status() === 200 && isSchema && typeof body.schema === 'string') return response
  throw failed(response, response.status() === 200 ? UNUSABLE : response.status())
}

function tellApart(response: LibraryResponse): LibraryResponse {
  if (response.error() !== null) return failed(response, CONNECTION_LOST)
  // A 404 without the registry's own code is a wrong address or something in between, not an unknown id.
  const isForeign = response.status() === 404 && !hasRegistryCode(response.rawData())
  return failed(response, isForeign ? UNUSABLE : response.status())
}

/** With a body that the library can read: one it cannot read ends in a rejection that nobody can catch. */
function failed(response: LibraryResponse, status: number): LibraryResponse {
  return response.enhance({ status, rawData: '{}' })
}

function hasRegistryCode(text: string | null): boolean {
  const body = parse(text)
  return (
    typeof body === 'object' &&
    body !== null &&
    'error_code' in body &&
    CONFLUENT_CODE.test(String(body.error_code))
  )
}

function parse(text: string | null): unknown {
  try {
    return JSON.parse(text ?? '')
  } catch {
    return undefined
  }
}

function statusOf(error: unknown): number | null {
  return typeof error === 'object' &&
    error !== null &&
    'status' in error &&
    typeof error.status === 'number' &&
    error.status > 0
    ? error.status
    : null
}

function isAvroType(schema: unknown): schema is WriterSchema {
  return (
    typeof schema === 'object' &&
    schema !== null &&
    'typeName' in schema &&
    typeof schema.typeName === 'string'
  )
}

function within<T>(deadlineMs: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new RegistryDown('timeout')), deadlineMs)
    work.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
