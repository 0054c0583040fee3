import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { connect, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { createEdge, type Edge, ID, type Peer, startPeer, whole } from './http-support.js'

let proxy: Server
let peer: Peer
let edge: Edge
const tunnels: Socket[] = []

/** A proxy for tunnels; it notes what it was asked. */
async function startProxy(status: number): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = []
  proxy = createServer((request, response) => {
    asked.push(`plain ${request.url}`)
    response.end()
  })
  proxy.on('connect', (request, socket: Socket) => {
    asked.push(JSON.stringify([request.url, request.headers]))
    tunnels.push(socket)
    socket.on('error', () => {})
    if (status !== 200) {
      socket.end(`HTTP/1.1 ${status} no\r\n\r\n`)
      return
    }
    const target = connect(peer.port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      target.pipe(socket).pipe(target)
    })
    tunnels.push(target)
    target.on('error', () => {})
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  const address = proxy.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return { url: `http://127.0.0.1:${address.port}`, asked }
}

afterEach(async () => {
  await edge.clock.drive(edge.api.close())
  await peer.close()
  for (const socket of tunnels.splice(0)) socket.destroy()
  proxy.closeAllConnections()
  proxy.close()
})

describe('a proxy', () => {
  it('carries the call in a tunnel and is not told the credentials', async () => {
    peer = await startPeer((socket) => socket.write(whole('{"a":1}')))
    const { url, asked } = await startProxy(200)
    edge = createEdge(peer.port, { proxyUrl: url })
    for (let n = 0; n < 3; n += 1) {
      const answer = await edge.call()
      expect(answer.kind === 'answer' && answer.body.toString()).toBe('{"a":1}')
    }
    expect(peer.requests[0]).toContain(`GET /api/v1/public/flowx/handshake/${ID} HTTP/1.1`)
    expect(peer.requests[0]).toContain('authorization: Basic dG9rZW4=')
    expect(asked.length).toBeGreaterThan(0)
    expect(asked.join()).not.toContain('dG9rZW4=')
    expect(asked.join()).not.toContain('plain')
  })

  it('lets a body wait for its bytes', async () => {
    peer = await startPeer((socket) => socket.write(whole('x'.repeat(90_000))))
    const { url } = await startProxy(200)
    edge = createEdge(peer.port, { proxyUrl: url })
    edge.budget.shut()
    const call = edge.call()
    while (edge.budget.admitted.length === 0) await new Promise((resolve) => setImmediate(resolve))
    edge.budget.grant()
    const answer = await call
    expect(answer.kind === 'answer' && answer.body.length).toBe(90_000)
  })

  it('that refuses is a connection that cannot be made', async () => {
    peer = await startPeer(() => {})
    const { url } = await startProxy(407)
    edge = createEdge(peer.port, { proxyUrl: url })
    expect(await edge.call()).toEqual({ kind: 'fault', detail: 'connect' })
    expect(peer.requests).toHaveLength(0)
  })
})
