import { buildConnector, type Dispatcher, Pool, ProxyAgent } from 'undici'
import { onAbort } from '../../core/abort.js'
import type { Credential } from '../../core/model.js'
import { RESULT_ENDPOINT } from '../../core/policy.js'
import type { ApiAnswer, Clock, ResultApi } from '../../core/ports.js'
import type { Departures } from '../../core/work.js'
import { Exchange, type ExchangeLimits } from './exchange.js'
import { createTaps, type Taps } from './tap.js'

export interface ResultApiOptions {
  /** Such as `https://api.attestr.com/api`; nothing is ever sent to another origin. */
  readonly baseUrl: string
  readonly version: string
  /** More than there can be calls in flight: one that was just used is free a turn later. */
  readonly connections: number
  /** From sending to the end of the body, without the waits for bytes. */
  readonly timeoutMs: number
  readonly maxResponseBytes: number
  readonly proxyUrl?: string | null
  /** Certificates in PEM to trust instead of the usual ones. */
  readonly ca?: Buffer
  readonly clock: Clock
  /** Told of calls that are not on the wire yet. */
  readonly departures?: Departures
}

const HANDSHAKE_ID = /^DS0[0-9a-zA-Z_-]{6,30}$/
/** Below the idle limit of common servers (5 s), so that a call does not meet a connection that is being closed. */
const KEEP_ALIVE_MS = 4_000
/** What a server's own hint can raise it to. */
const KEEP_ALIVE_MAX_MS = 60_000
/** For calls in flight to end by themselves; then their connections are destroyed. */
const CLOSE_MS = 1_000

/**
 * The Attestr API over HTTP/1.1 with kept connections. No retries, no redirects.
 *
 * Throws: TypeError for a base URL that is none, and in `call` for an id that is none: both were checked before
 * Source: Execution Result API; product.md section 4
 */
export function createResultApi(options: ResultApiOptions): ResultApi {
  const base = new URL(options.baseUrl)
  const { origin } = base
  const prefix = `${base.pathname.replace(/\/+$/, '')}/${options.version}${RESULT_ENDPOINT}`
  const taps = createTaps()
  const dispatcher = createDispatcher(origin, options, taps)
  const limits: ExchangeLimits = { ...options, taps }
  const headers = createHeaders()
  let closing = false

  return {
    call({ handshakeId, credential, signal, ...request }) {
      if (!HANDSHAKE_ID.test(handshakeId)) throw new TypeError('not a handshake id')
      return new Promise<ApiAnswer>((resolve) => {
        if (closing || signal.aborted) {
          resolve({ kind: 'aborted' })
          return
        }
        const exchange = new Exchange(limits, request, (answer) => {
          deaf()
          resolve(closing && answer.kind === 'fault' ? { kind: 'aborted' } : answer)
        })
        const deaf = onAbort(signal, () => exchange.abort())
        dispatcher.dispatch(
          { origin, path: prefix + handshakeId, method: 'GET', headers: headers(credential) },
          exchange,
        )
      })
    },
    async close() {
      closing = true
      await closeWithin(dispatcher, options.clock)
    },
  }
}

function createDispatcher(origin: string, options: ResultApiOptions, taps: Taps): Dispatcher {
  const tls = { ...(options.ca === undefined ? {} : { ca: options.ca }), timeout: options.timeoutMs }
  const settings: Pool.Options = {
    connections: options.connections,
    pipelining: 1,
    allowH2: false,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MAX_MS,
    // One clock for the whole call is kept by the exchange.
    headersTimeout: 0,
    bodyTimeout: 0,
  }
  const { proxyUrl } = options
  if (proxyUrl === undefined || proxyUrl === null) {
    return new Pool(origin, { ...settings, connect: taps.fit(buildConnector(tls)) })
  }
  return new ProxyAgent({
    uri: proxyUrl,
    // The proxy learns the name of the origin alone: the call goes through a tunnel.
    proxyTunnel: true,
    requestTls: tls,
    proxyTls: tls,
    factory(target, { connect }: { connect?: buildConnector.connector }) {
      if (connect === undefined) throw new TypeError('the proxy agent gave no connector')
      return new Pool(target, { ...settings, connect: taps.fit(connect) })
    },
  })
}

/** The headers never change for a credential: they are built once. */
function createHeaders(): (credential: Credential) => string[] {
  const known = new WeakMap<Credential, string[]>()
  return (credential) => {
    const kept = known.get(credential)
    if (kept !== undefined) return kept
    const built = [
      'content-type',
      'application/json',
      'authorization',
      credential.authorization.reveal(),
      'accept',
      'application/json',
      'accept-encoding',
      'identity',
    ]
    known.set(credential, built)
    return built
  }
}

/** A connection in a bad state must not keep the process: neither way of closing is waited for without end. */
async function closeWithin(dispatcher: Dispatcher, clock: Clock): Promise<void> {
  const closed = await within(dispatcher.close(), clock)
  if (!closed) await within(dispatcher.destroy(), clock)
}

function within(work: Promise<void>, clock: Clock): Promise<boolean> {
  return new Promise((resolve) => {
    const cancel = clock.after(CLOSE_MS, () => resolve(false))
    const end = () => {
      cancel()
      resolve(true)
    }
    work.then(end, end)
  })
}
