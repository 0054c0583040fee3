import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { errorAnswer } from './answers.js'
import { createControl } from './control.js'
import { DEVELOPMENT_CREDENTIAL } from './credentials.js'
import type { FaultScript } from './faults.js'
import { createLedger, type Ledger, type LedgerCall } from './ledger.js'
import type { ResponderOptions } from './responder.js'
import { createResultSource, type ResultSource, type ResultSourceOptions } from './results.js'
import { parseScript } from './script.js'
import { createScripted, type Scripted } from './scripted.js'
import { sendAnswer } from './send.js'
import { createTiming, type Timing } from './timing.js'

export interface SimulatorOptions
  extends Partial<Omit<ResultSourceOptions, 'seed'>>,
    Partial<Omit<ResponderOptions, 'source' | 'faults' | 'seed'>> {
  readonly seed?: number
  /** 0, the default: any free one */
  readonly port?: number
  readonly host?: string
  readonly script?: FaultScript
  /** calls the ledger keeps in detail */
  readonly ledgerCalls?: number
  /** versions that exist; others get 400/40051 */
  readonly versions?: readonly string[]
}

export interface Simulator {
  /** origin, without a path */
  readonly url: string
  /** what a connector's `attestr.baseUrl` is set to */
  readonly baseUrl: string
  readonly port: number
  readonly source: ResultSource
  readonly ledger: Ledger
  /** Replaces the script; its calls and its time count from now. */
  setScript(script: FaultScript): void
  stop(): Promise<void>
}

const HANDSHAKE_PATH = /^(?:\/api)?\/([^/?]+)\/public\/flowx\/handshake\/([^/?]*)(?:\?.*)?$/
const KEEP_ALIVE_MS = 60_000
const DEFAULT_LEDGER_CALLS = 20_000

/**
 * Starts the Attestr side as a server on this machine.
 *
 * In:     see SimulatorOptions; without credentials the development credential is asked for
 * Out:    a running simulator; `stop` cuts every connection
 * Throws: an Error when the port is taken, or for a script or stage type that is wrong
 * Source: product.md section 11, `simulate`; the seed page
 */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { seed = 1, host = '127.0.0.1', credentials = [DEVELOPMENT_CREDENTIAL] } = options
  const clientSecret =
    options.clientSecret ?? credentials[0]?.clientSecret ?? DEVELOPMENT_CREDENTIAL.clientSecret
  const source = createResultSource({ ...options, seed, clientSecret })
  const nowMs = (): number => performance.timeOrigin + performance.now()
  const ledger = createLedger({ keep: options.ledgerCalls ?? DEFAULT_LEDGER_CALLS, nowMs })
  const script = createScripted({ ...options, credentials, source }, nowMs)
  script.set(parseScript(options.script ?? {}))

  const versions = new Set(options.versions ?? ['v1', 'v2', 'v3'])
  const answerCall = createAnswerCall({ ledger, script, versions, timing: createTiming(nowMs) })
  const serveControl = createControl(ledger, script)
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS, noDelay: true }, (req, res) => {
    res.sendDate = false
    const match = HANDSHAKE_PATH.exec(req.url ?? '')
    if (match === null) serveControl(req, res)
    else answerCall(req, res, match[1] ?? '', match[2] ?? '')
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, host, resolve)
  })
  const { port } = server.address() as AddressInfo
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`
  async function stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    server.closeAllConnections()
    await closed
  }
  return {
    url,
    baseUrl: `${url}/api`,
    port,
    source,
    ledger,
    setScript: (value) => script.set(parseScript(value)),
    stop,
  }
}

interface CallParts {
  readonly ledger: Ledger
  readonly script: Scripted
  readonly versions: ReadonlySet<string>
  readonly timing: Timing
}

function createAnswerCall({ ledger, script, versions, timing }: CallParts) {
  return function answerCall(req: IncomingMessage, res: ServerResponse, version: string, id: string): void {
    const headers = {
      acceptEncoding: text(req.headers['accept-encoding']),
      contentType: text(req.headers['content-type']),
      authorizationOk: false,
      credential: null as number | null,
    }
    const call: LedgerCall = ledger.begin({ handshakeId: id, headers })
    const answer = versions.has(version)
      ? script.respond(id, req.headers.authorization ?? null)
      : errorAnswer(
          { handshakeId: id, clientSecret: '', credential: null, delayMs: 0 },
          { kind: 'status', status: 400, code: 40051 },
        )
    headers.authorizationOk = answer.credential !== null
    headers.credential = answer.credential
    call.fault = answer.fault
    // `finish` comes when the last byte is handed over, `close` also when the caller has left.
    const end = (): void =>
      ledger.end(
        call,
        res.headersSent ? res.statusCode : null,
        res.writableFinished && (answer.transport === 'ok' || answer.transport === 'drip'),
      )
    res.once('finish', end)
    res.once('close', end)
    if (answer.delayMs <= 0) {
      sendAnswer(res, answer)
      return
    }
    res.once(
      'close',
      timing.after(answer.delayMs, () => sendAnswer(res, answer)),
    )
  }
}

function text(value: string | undefined): string | null {
  return value ?? null
}
