import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Credential, SecretText } from '../../../src/core/model.js'
import type { ApiAnswer, BodyBudget, ResultApi } from '../../../src/core/ports.js'
import { createResultApi, type ResultApiOptions } from '../../../src/io/attestr/http.js'
import { createVirtualClock, type VirtualClock } from '../../../src/io/memory/clock.js'

export const NOW = Date.UTC(2025, 0, 1)
export const TIMEOUT_MS = 5_000
export const MAX_BYTES = 100_000
export const ID = 'DS02zfeuv6n4gkq51hvw6'

export const credential: Credential = {
  id: 'main',
  authorization: new SecretText('Basic dG9rZW4='),
  clientSecret: {},
  match: { topics: [], flowIds: [] },
}

/** Waits for a condition, however long it takes; the test's own time limit ends it. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(2)
}

export interface Peer {
  readonly port: number
  /** Heads of the requests, in order of arrival. */
  readonly requests: string[]
  /** Connections taken so far. */
  readonly connections: Socket[]
  close(): Promise<void>
}

/** A server that speaks HTTP by hand, so that it can break it. `serve` is called once a request. */
export async function startPeer(serve: (socket: Socket, n: number) => void): Promise<Peer> {
  const requests: string[] = []
  const connections: Socket[] = []
  const server: Server = createServer((socket) => {
    connections.push(socket)
    let head = ''
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      head += chunk.toString('latin1')
      if (!head.endsWith('\r\n\r\n')) return
      requests.push(head)
      head = ''
      serve(socket, requests.length - 1)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    port: address.port,
    requests,
    connections,
    async close() {
      for (const socket of connections) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

export const head = (status: number, ...headers: string[]): string =>
  [`HTTP/1.1 ${status} X`, ...headers, '', ''].join('\r\n')

export const whole = (body: string | Buffer, ...headers: string[]): Buffer =>
  Buffer.concat([
    Buffer.from(head(200, `content-length: ${Buffer.byteLength(body)}`, ...headers)),
    Buffer.from(body),
  ])

export const chunk = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`

/** Grants what it is told to, and keeps what it was asked. */
export function createBudget() {
  const admitted: number[] = []
  const grown: number[] = []
  let gate: Promise<void> | null = null
  let grant = () => {}
  let refuse = () => {}
  const budget: BodyBudget = {
    admit(totalBytes) {
      admitted.push(totalBytes)
      return gate
    },
    grown: (totalBytes) => void grown.push(totalBytes),
  }
  return {
    budget,
    admitted,
    grown,
    shut() {
      gate = new Promise((resolve, reject) => {
        grant = resolve
        refuse = () => reject(new Error('aborted'))
      })
    },
    grant: () => grant(),
    refuse: () => refuse(),
  }
}

export interface Edge {
  readonly api: ResultApi
  readonly clock: VirtualClock
  readonly controller: AbortController
  readonly budget: ReturnType<typeof createBudget>
  /** Calls that went on the wire. */
  sent(): number
  /** In: `limitMs`, of this call alone. */
  call(handshakeId?: string, limitMs?: number): Promise<ApiAnswer>
}

/** The edge on real sockets and a clock that the test moves. */
export function createEdge(port: number, more: Partial<ResultApiOptions> = {}): Edge {
  const clock = createVirtualClock({ start: NOW })
  const controller = new AbortController()
  const budget = createBudget()
  let sent = 0
  const onSent = (): void => {
    sent += 1
  }
  const api = createResultApi({
    baseUrl: `http://127.0.0.1:${port}/api`,
    version: 'v1',
    connections: 2,
    timeoutMs: TIMEOUT_MS,
    maxResponseBytes: MAX_BYTES,
    clock,
    ...more,
  })
  return {
    api,
    clock,
    controller,
    budget,
    sent: () => sent,
    call: (handshakeId = ID, limitMs = undefined) =>
      api.call({
        ...{ handshakeId, credential, budget: budget.budget, signal: controller.signal, onSent },
        ...(limitMs === undefined ? {} : { limitMs }),
      }),
  }
}
