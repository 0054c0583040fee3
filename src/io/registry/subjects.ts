import { createRegistryCall, type RegistryAccess } from './call.js'
import { isNotThere, RegistryDown, registryFault } from './registry.js'

/** One version of a subject. */
export interface SubjectVersion {
  readonly version: number
  /** Null when it is no Avro, or leans on other subjects. */
  readonly schema: string | null
}

/** What a registry holds, looked at and never changed. All calls throw RegistryDown or RegistryRefused. */
export interface Subjects {
  /** Every version that is not deleted, oldest first; empty for a subject that is not there. */
  versions(subject: string): Promise<readonly SubjectVersion[]>
  /** The compatibility level in force; null when the registry does not say. */
  level(subject: string): Promise<string | null>
  /** Whether the registry itself would take the schema as the next version; null when it cannot say. */
  accepts(subject: string, schema: string): Promise<boolean | null>
  close(): Promise<void>
}

// More versions than a topic ever sees; beyond it something is wrong with the subject.
const MAX_VERSIONS = 1000

/**
 * Looks at subjects of a schema registry.
 *
 * Source: Confluent Schema Registry API reference, Subjects, Compatibility and Config
 */
export function createSubjects(access: RegistryAccess): Subjects {
  const call = createRegistryCall(access)
  /** Out: the body; null where the registry says that there is no such thing. */
  const ask = async (path: string, subject: string, body?: object): Promise<unknown> => {
    const answer = await call(path, body)
    if (answer.status === 200) return answer.body
    if (answer.status === 404 && isNotThere(answer.body)) return null
    throw registryFault(answer.status, subject)
  }
  return {
    async versions(subject) {
      const path = `/subjects/${encodeURIComponent(subject)}/versions`
      const numbers = versionNumbers(await ask(path, subject))
      const versions: SubjectVersion[] = []
      for (const version of numbers) {
        const found = await ask(`${path}/${version}`, subject)
        // Deleted since they were listed.
        if (found !== null) versions.push({ version, schema: avroOf(found) })
      }
      return versions
    },
    async level(subject) {
      for (const path of [`/config/${encodeURIComponent(subject)}`, '/config']) {
        const level = textOf(await ask(path, subject), 'compatibilityLevel')
        if (level !== null) return level
      }
      return null
    },
    async accepts(subject, schema) {
      const path = `/compatibility/subjects/${encodeURIComponent(subject)}/versions`
      return flagOf(await ask(path, subject, { schema }), 'is_compatible')
    },
    close: () => call.close(),
  }
}

function versionNumbers(body: unknown): readonly number[] {
  if (body === null) return []
  if (!Array.isArray(body) || body.length > MAX_VERSIONS) throw new RegistryDown('answer-unusable', 200)
  const numbers = body.filter((one): one is number => typeof one === 'number' && Number.isSafeInteger(one))
  if (numbers.length !== body.length) throw new RegistryDown('answer-unusable', 200)
  return numbers.sort((one, other) => one - other)
}

/** The member `schemaType` is left out for Avro. */
function avroOf(body: unknown): string | null {
  const kind = textOf(body, 'schemaType') ?? 'AVRO'
  return kind === 'AVRO' ? textOf(body, 'schema') : null
}

const memberOf = (body: unknown, name: string): unknown =>
  typeof body === 'object' && body !== null ? Object.getOwnPropertyDescriptor(body, name)?.value : undefined

function textOf(body: unknown, name: string): string | null {
  const member = memberOf(body, name)
  return typeof member === 'string' ? member : null
}

function flagOf(body: unknown, name: string): boolean | null {
  const member = memberOf(body, name)
  return typeof member === 'boolean' ? member : null
}
