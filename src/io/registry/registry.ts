/**
 * A schema registry that speaks Confluent's API. Each call is made once: waiting and trying again is the caller's.
 * Both calls throw RegistryDown or RegistryRefused.
 */
export interface SchemaRegistry {
  /** The id of this very schema (JSON text) under the subject, registered first where the settings say so. */
  idOf(subject: string, schema: string): Promise<number>
  /** The writer's schema as the Avro library sees it; see events.ts, which alone looks into it. */
  schemaOf(id: number): Promise<WriterSchema | 'unknown-schema' | 'not-avro'>
  close(): Promise<void>
}

/** A parsed Avro schema, opaque outside this folder. */
export interface WriterSchema {
  readonly typeName: string
}

export type DownDetail = 'timeout' | 'connection' | 'answer-unusable' | 'server-error' | 'too-many-requests'

export type RefusedReason =
  | 'unauthorized'
  | 'incompatible'
  | 'invalid-schema'
  | 'not-registered'
  | 'redirect'
  | 'rejected'

/** The registry gave no answer that could be used. Waiting may help. Never dead-lettered. */
export class RegistryDown extends Error {
  readonly detail: DownDetail
  readonly status: number | null
  constructor(detail: DownDetail, status: number | null = null) {
    super(`schema registry unavailable: ${detail}${status === null ? '' : ` (HTTP ${status})`}`)
    this.name = 'RegistryDown'
    this.detail = detail
    this.status = status
  }
}

const REMEDIES: Readonly<Record<RefusedReason, string>> = {
  unauthorized: 'Check schemaRegistry.username, password or token, and the rights they give.',
  incompatible:
    'Run `attestr-kafka schemas check`: it says which subject. Give a changed field of your own another name, or mend the subject.',
  'invalid-schema': 'Check that schemaRegistry.url is a registry that takes Avro.',
  'not-registered':
    'Run `attestr-kafka schemas register` with credentials that may write, or set schemaRegistry.register: true.',
  redirect: 'Give schemaRegistry.url the address that the registry itself has.',
  rejected: 'Check schemaRegistry.url, and the compatibility settings of the subject.',
}

/** The registry answered no. Waiting does not help. Carries no text of the answer: it may repeat a schema or a secret. */
export class RegistryRefused extends Error {
  readonly reason: RefusedReason
  readonly status: number
  /** Null for a call that names none. */
  readonly subject: string | null
  /** What an operator can do. */
  readonly remedy: string
  constructor(reason: RefusedReason, status: number, subject: string | null) {
    super(
      `schema registry refused: ${reason} (HTTP ${status})${subject === null ? '' : `, subject ${subject}`}`,
    )
    this.name = 'RegistryRefused'
    this.reason = reason
    this.status = status
    this.subject = subject
    this.remedy = REMEDIES[reason]
  }
}

/**
 * Says what a status other than 200 means.
 *
 * In:     subject  null for a call that names none
 * Source: Confluent Schema Registry API reference, status codes; product.md section 4 for the split in waiting and refusing
 */
export function registryFault(status: number, subject: string | null): RegistryDown | RegistryRefused {
  if (status >= 500) return new RegistryDown('server-error', status)
  if (status === 408) return new RegistryDown('timeout', status)
  if (status === 429) return new RegistryDown('too-many-requests', status)
  if (status < 300) return new RegistryDown('answer-unusable', status)
  if (status < 400) return new RegistryRefused('redirect', status, subject)
  return new RegistryRefused(REFUSALS[status] ?? 'rejected', status, subject)
}

/**
 * Whether an answer of status 404 is the registry's own. Without its code it is a wrong address or something in between.
 *
 * In:     body  parsed JSON, undefined for none
 * Source: Confluent Schema Registry API reference, error codes 40401 to 40403
 */
export function isNotThere(body: unknown): boolean {
  return (
    typeof body === 'object' &&
    body !== null &&
    'error_code' in body &&
    NOT_THERE.test(String(body.error_code))
  )
}

const NOT_THERE = /^404[0-9]{2}$/

const REFUSALS: Readonly<Record<number, RefusedReason>> = {
  401: 'unauthorized',
  403: 'unauthorized',
  404: 'not-registered',
  409: 'incompatible',
  422: 'invalid-schema',
}
