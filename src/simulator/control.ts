import { Buffer } from 'node:buffer'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Ledger } from './ledger.js'
import { parseScript } from './script.js'
import type { Scripted } from './scripted.js'

/** The simulator's own paths: its ledger and its script. */

const MAX_SCRIPT_BYTES = 16 * 1024 * 1024

/**
 * Serves `GET /ledger` (`?handshake=ID`, `?limit=N`, `?counts`), `DELETE /ledger` and `PUT /script`.
 */
export function createControl(ledger: Ledger, script: Scripted) {
  return function serveControl(req: IncomingMessage, res: ServerResponse): void {
    const url = new URL(req.url ?? '/', 'http://simulator')
    const name = `${req.method} ${url.pathname}`
    if (name === 'GET /ledger') {
      sendJson(res, 200, ledgerPage(ledger, url.searchParams))
    } else if (name === 'DELETE /ledger') {
      ledger.reset()
      sendJson(res, 200, { reset: true })
    } else if (name === 'PUT /script') {
      void readText(req).then(
        (body) => putScript(res, script, body),
        () => sendJson(res, 413, { message: `a script has at most ${MAX_SCRIPT_BYTES} bytes` }),
      )
    } else {
      sendJson(res, 404, { httpStatusCode: 404, code: 4041, message: 'No such path in the simulator' })
    }
  }
}

function ledgerPage(ledger: Ledger, query: URLSearchParams): unknown {
  const handshakeId = query.get('handshake') ?? undefined
  const limit = Number(query.get('limit') ?? 100)
  const calls = ledger.calls(handshakeId).slice(-limit)
  if (handshakeId !== undefined) return { handshakeId, count: ledger.count(handshakeId), calls }
  const counts = query.has('counts') ? { counts: Object.fromEntries(ledger.counts()) } : {}
  return { ...ledger.summary(), ...counts, calls }
}

function putScript(res: ServerResponse, script: Scripted, body: string): void {
  try {
    script.set(parseScript(JSON.parse(body)))
    sendJson(res, 200, { set: true })
  } catch (error) {
    sendJson(res, 400, { message: error instanceof Error ? error.message : 'not a script' })
  }
}

async function readText(req: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of req as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > MAX_SCRIPT_BYTES) throw new Error('script too long')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function sendJson(res: ServerResponse, status: number, value: unknown): void {
  const body = Buffer.from(`${JSON.stringify(value, null, 2)}\n`)
  res.writeHead(status, [
    'content-type',
    'application/json; charset=utf-8',
    'content-length',
    String(body.length),
  ])
  res.end(body)
}
