import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { SecretText } from '../../core/model.js'
import { refusalOf } from './access.js'
import { readBody } from './request-body.js'

/** What /readyz and /status show. Further members are shown as they are: ids, codes, counts and times only. */
export interface StatusReport {
  readonly ready: boolean
  readonly state: 'starting' | 'running' | 'paused' | 'draining'
  /** Why not ready; null when ready. */
  readonly reason: string | null
  /** Epoch ms. */
  readonly since?: number
  /** Epoch ms; null when nothing is probed. */
  readonly nextProbe?: number | null
  /** Id of the credential that the reason came with. */
  readonly credential?: string | null
  readonly [more: string]: unknown
}

const ACCEPTABLE = ['events-lost', 'flood'] as const
/** What may be waiting for an operator: `events-lost` goes on behind a gap, `flood` in spite of the dead letters. */
export type Acceptable = (typeof ACCEPTABLE)[number]

export interface ResumeRequest {
  readonly accept: readonly Acceptable[]
}

export interface ResumeReport {
  /** What goes on now; empty when nothing was waiting. */
  readonly resumed: readonly string[]
}

export interface OpsServerOptions {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  /** Needed by POST; null: POST is answered on loopback only. */
  readonly token: SecretText | null
  readonly status: () => StatusReport
  /** False when the loop is wedged: the process should be started anew. */
  readonly live: () => boolean
  readonly metrics: { text(): Promise<string>; readonly contentType: string }
  readonly resume: (request: ResumeRequest) => ResumeReport | Promise<ResumeReport>
}

export interface OpsServer {
  /** Throws OpsPortUnavailable. */
  start(): Promise<void>
  /** Cuts open connections. */
  stop(): Promise<void>
  /** The port that is listened on, once started. */
  readonly port: number
}

/** The operations port cannot be listened on. */
export class OpsPortUnavailable extends Error {
  constructor(host: string, port: number, code: string) {
    const reasons: Readonly<Record<string, string>> = {
      EADDRINUSE: 'another process listens there',
      EACCES: 'permission denied',
      EADDRNOTAVAIL: 'this machine has no such address',
      ENOTFOUND: 'the host name is not known',
    }
    super(`operations port ${host}:${port} cannot be opened: ${reasons[code] ?? 'the system refused it'}`)
    this.name = 'OpsPortUnavailable'
  }
}

interface Answer {
  readonly status: number
  readonly body: string
  readonly contentType?: string
  readonly headers?: Readonly<Record<string, string>>
}

const json = (status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): Answer => ({
  status,
  body: `${JSON.stringify(value)}\n`,
  headers,
})

/**
 * The operations endpoint: /livez, /readyz, /status, /metrics and POST /resume.
 *
 * Source: product.md sections 10 and 11
 */
export function createOpsServer(options: OpsServerOptions): OpsServer {
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 5_000, keepAliveTimeout: 5_000 })
  server.maxConnections = 100
  server.on('request', (request, response) => {
    answer(options, request).then(
      (result) => send(response, result),
      () => send(response, json(500, { error: 'fault' })),
    )
  })
  return {
    start: () => listen(server, options),
    stop: () => close(server),
    get port() {
      const address = server.address() as AddressInfo | null
      return address?.port ?? options.port
    },
  }
}

type Route = (options: OpsServerOptions, request: IncomingMessage) => Answer | Promise<Answer>

const ROUTES: Readonly<Record<string, { readonly method: 'GET' | 'POST'; readonly route: Route }>> = {
  '/livez': {
    method: 'GET',
    route: ({ live }) => (live() ? json(200, { live: true }) : json(503, { live: false })),
  },
  '/readyz': { method: 'GET', route: readyz },
  '/status': { method: 'GET', route: ({ status }) => json(200, status()) },
  '/metrics': {
    method: 'GET',
    route: async ({ metrics }) => ({
      status: 200,
      body: await metrics.text(),
      contentType: metrics.contentType,
    }),
  },
  '/resume': { method: 'POST', route: resume },
}

async function answer(options: OpsServerOptions, request: IncomingMessage): Promise<Answer> {
  const path = (request.url ?? '').replace(/\?.*$/s, '')
  const found = Object.hasOwn(ROUTES, path) ? ROUTES[path] : undefined
  if (found === undefined) return json(404, { error: 'not found', paths: Object.keys(ROUTES) })
  const method = request.method === 'HEAD' ? 'GET' : request.method
  if (method !== found.method) {
    return json(
      405,
      { error: 'method not allowed' },
      { allow: found.method === 'GET' ? 'GET, HEAD' : 'POST' },
    )
  }
  return found.route(options, request)
}

function readyz({ status }: OpsServerOptions): Answer {
  const { ready, state, reason, since, nextProbe, credential } = status()
  if (ready) return json(200, { ready: true })
  const more = { since, nextProbe: nextProbe ?? undefined, credential: credential ?? undefined }
  return json(503, { ready: false, state, reason, ...more })
}

async function resume(options: OpsServerOptions, request: IncomingMessage): Promise<Answer> {
  const refusal = refusalOf(request, options.token)
  if (refusal !== null) return json(refusal.status, { error: refusal.error }, refusal.headers)
  const body = await readBody(request, 4_096)
  const wanted = body === null ? null : resumeRequest(body)
  if (wanted === null) {
    return json(400, {
      error: `the body must be empty, {} or {"accept": one or a list of ${ACCEPTABLE.join(', ')}}`,
    })
  }
  return json(200, await options.resume(wanted))
}

/** Without a word of what: lost events are accepted only by name. */
const PLAIN: ResumeRequest = { accept: ['flood'] }

function resumeRequest(body: string): ResumeRequest | null {
  if (body.trim() === '') return PLAIN
  let parsed: unknown
  try {
    parsed = JSON.parse(body)
  } catch {
    return null
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return null
  if (Object.keys(parsed).some((name) => name !== 'accept')) return null
  if (!('accept' in parsed)) return PLAIN
  const asked: readonly unknown[] = Array.isArray(parsed.accept) ? parsed.accept : [parsed.accept]
  const accept = ACCEPTABLE.filter((what) => asked.includes(what))
  return accept.length === asked.length && accept.length > 0 ? { accept } : null
}

function send(response: ServerResponse, { status, body, contentType, headers }: Answer): void {
  response.writeHead(status, {
    'content-type': contentType ?? 'application/json',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    ...headers,
  })
  response.end(body)
}

function listen(server: Server, { host, port }: OpsServerOptions): Promise<void> {
  return new Promise((done, refuse) => {
    const failed = (error: NodeJS.ErrnoException): void =>
      refuse(new OpsPortUnavailable(host, port, error.code ?? ''))
    server.once('error', failed)
    server.listen(port, host, () => {
      server.off('error', failed)
      done()
    })
  })
}

function close(server: Server): Promise<void> {
  return new Promise((done) => {
    if (!server.listening) return done()
    server.close(() => done())
    server.closeAllConnections()
  })
}
