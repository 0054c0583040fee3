import { Agent, request } from 'undici'
import type { SecretText } from '../../core/model.js'
import { RegistryDown } from './registry.js'

export interface RegistryAccess {
  /** With the path below which the API lies, for example `/apis/ccompat/v7`. */
  readonly url: string
  readonly username: string | null
  readonly password: SecretText | null
  /** Sent as a bearer token; wins over user name and password. */
  readonly token: SecretText | null
  /** PEM of the certificate authority; null: those of the runtime. */
  readonly ca: string | Buffer | null
  /** Of a whole call, body included. */
  readonly deadlineMs: number
}

export interface RegistryAnswer {
  readonly status: number
  /** Parsed JSON; undefined when the body is none. */
  readonly body: unknown
}

/** One request below the registry's address; with a body it is a POST of JSON. */
export interface RegistryCall {
  (path: string, body?: object): Promise<RegistryAnswer>
  close(): Promise<void>
}

const MEDIA_TYPE = 'application/vnd.schemaregistry.v1+json'
// An answer holds an id or one schema.
const MAX_ANSWER_BYTES = 1_048_576

/**
 * Makes plain calls to the registry: no retries, no redirects, bounded in time and bytes.
 *
 * Throws: (each call) RegistryDown when no answer arrived
 */
export function createRegistryCall(access: RegistryAccess): RegistryCall {
  const base = access.url.replace(/\/+$/, '')
  const authorization = authorizationOf(access)
  const agent = new Agent({
    connections: 2,
    maxResponseSize: MAX_ANSWER_BYTES,
    connect: access.ca === null ? {} : { ca: access.ca },
  })
  const call = async (path: string, body?: object): Promise<RegistryAnswer> => {
    const signal = AbortSignal.timeout(access.deadlineMs)
    try {
      const answer = await request(`${base}${path}`, {
        method: body === undefined ? 'GET' : 'POST',
        dispatcher: agent,
        signal,
        headers: {
          accept: `${MEDIA_TYPE}, application/json`,
          ...(body === undefined ? {} : { 'content-type': MEDIA_TYPE }),
          ...(authorization === null ? {} : { authorization }),
        },
        body: body === undefined ? null : JSON.stringify(body),
      })
      return { status: answer.statusCode, body: parse(await answer.body.text()) }
    } catch {
      // The library's error may show headers: only what happened is told.
      throw new RegistryDown(signal.aborted ? 'timeout' : 'connection')
    }
  }
  return Object.assign(call, { close: () => agent.destroy() })
}

function authorizationOf(access: RegistryAccess): string | null {
  if (access.token !== null) return `Bearer ${access.token.reveal()}`
  if (access.username === null) return null
  const pair = `${access.username}:${access.password?.reveal() ?? ''}`
  return `Basic ${Buffer.from(pair).toString('base64')}`
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
