import type { Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import type { ApiAnswer } from '../../../src/core/ports.js'
import {
  chunk,
  createEdge,
  type Edge,
  head,
  ID,
  MAX_BYTES,
  NOW,
  type Peer,
  startPeer,
  TIMEOUT_MS,
  until,
  whole,
} from './http-support.js'

const open: { peer: Peer; edge: Edge }[] = []

/** A peer that serves so, and an edge that calls it. */
async function world(
  serve: (socket: Socket, n: number) => void,
  more: Parameters<typeof createEdge>[1] = {},
): Promise<{ peer: Peer; edge: Edge }> {
  const peer = await startPeer(serve)
  const edge = createEdge(peer.port, more)
  open.push({ peer, edge })
  return { peer, edge }
}

afterEach(async () => {
  for (const { peer, edge } of open.splice(0)) {
    await edge.clock.drive(edge.api.close())
    await peer.close()
  }
})

const textOf = (answer: ApiAnswer): string => {
  expect(answer.kind).toBe('answer')
  return answer.kind === 'answer' ? answer.body.toString() : ''
}

describe('a request', () => {
  it('is the one of the API page', async () => {
    const { peer, edge } = await world((socket) => socket.write(whole('{}')))
    await edge.call()
    const [line, ...headers] = (peer.requests[0] ?? '').trim().split('\r\n')
    expect(line).toBe(`GET /api/v1/public/flowx/handshake/${ID} HTTP/1.1`)
    expect(headers.sort()).toEqual([
      'accept-encoding: identity',
      'accept: application/json',
      'authorization: Basic dG9rZW4=',
      'connection: keep-alive',
      'content-type: application/json',
      `host: 127.0.0.1:${peer.port}`,
    ])
  })

  it('takes the path of the base URL with or without a slash at its end', async () => {
    const { peer } = await world((socket) => socket.write(whole('{}')))
    const edge = createEdge(peer.port, { baseUrl: `http://127.0.0.1:${peer.port}/`, version: 'v3' })
    open.push({ peer: { ...peer, close: async () => {} }, edge })
    await edge.call()
    expect(peer.requests[0]).toContain(`GET /v3/public/flowx/handshake/${ID} HTTP/1.1`)
  })

  it.each(['', 'DS0', 'DS0abc/../../x', 'DS0abcdef?mode=debug', 'ds0abcdef', 'DS0abcdef\r\nx: y'])(
    'is never built for %j',
    async (id) => {
      const { peer, edge } = await world(() => {})
      expect(() => edge.call(id)).toThrow(TypeError)
      expect(peer.connections).toHaveLength(0)
    },
  )

  it('uses its connection again', async () => {
    const { peer, edge } = await world((socket) => socket.write(whole('{}')))
    for (let n = 0; n < 20; n += 1) expect(textOf(await edge.call())).toBe('{}')
    expect(peer.connections.length).toBeLessThanOrEqual(2)
    expect(peer.requests).toHaveLength(20)
  })

  it('is sent once', async () => {
    const { peer, edge } = await world((socket) => socket.destroy())
    expect(await edge.call()).toEqual({ kind: 'fault', detail: 'reset' })
    expect(peer.requests).toHaveLength(1)
  })
})

describe('an answer', () => {
  it('comes with status, bytes and the end of the call', async () => {
    const { edge } = await world((socket) => socket.write(whole('{"a":"ü"}')))
    expect(await edge.call()).toEqual({
      kind: 'answer',
      status: 200,
      body: Buffer.from('{"a":"ü"}'),
      retryAfter: null,
      finishedAt: NOW,
    })
    expect(edge.budget.admitted).toEqual([10])
    expect(edge.clock.pending()).toBe(0)
  })

  it('is read in pieces too, with and without a length', async () => {
    const { edge } = await world((socket, n) => {
      const [first, second] =
        n === 0
          ? [head(200, 'content-length: 6'), 'abcdef']
          : [head(200, 'transfer-encoding: chunked'), `${chunk('abc')}${chunk('def')}0\r\n\r\n`]
      socket.write(first)
      setImmediate(() => {
        socket.write(second.slice(0, 4))
        setImmediate(() => socket.write(second.slice(4)))
      })
    })
    expect(textOf(await edge.call())).toBe('abcdef')
    expect(textOf(await edge.call())).toBe('abcdef')
    expect(edge.budget.admitted).toEqual([6])
    expect(edge.budget.grown.at(-1)).toBe(6)
  })

  it('may end with its connection', async () => {
    const { edge } = await world((socket) => socket.end(`${head(200, 'connection: close')}until the end`))
    expect(textOf(await edge.call())).toBe('until the end')
  })

  it('may follow an interim one', async () => {
    const { edge } = await world((socket) =>
      socket.write(Buffer.concat([Buffer.from(head(103)), whole('{}')])),
    )
    expect(textOf(await edge.call())).toBe('{}')
  })

  it('is never a redirect that was followed', async () => {
    const { peer, edge } = await world((socket) =>
      socket.write(head(302, 'location: http://127.0.0.1:1/elsewhere', 'content-length: 0')),
    )
    expect(await edge.call()).toMatchObject({ kind: 'answer', status: 302 })
    expect(peer.requests).toHaveLength(1)
  })

  it('keeps Retry-After', async () => {
    const { edge } = await world((socket) => socket.write(head(429, 'retry-after: 7', 'content-length: 0')))
    expect(await edge.call()).toMatchObject({ kind: 'answer', status: 429, retryAfter: '7' })
  })

  it('of another status is read up to 64 KiB', async () => {
    const { edge } = await world((socket, n) => {
      const body = 'x'.repeat(n === 0 ? 70_000 : 200)
      socket.write(head(502, `content-length: ${body.length}`))
      socket.write(body)
    })
    expect(textOf(await edge.call())).toBe('x'.repeat(65_536))
    expect(textOf(await edge.call())).toBe('x'.repeat(200))
    expect(edge.budget.admitted).toEqual([])
  })
})

describe('a body over the cap', () => {
  it('is not read when its length says so', async () => {
    const { peer, edge } = await world((socket) =>
      socket.write(head(200, `content-length: ${MAX_BYTES + 1}`)),
    )
    expect(await edge.call()).toEqual({ kind: 'too-large', status: 200 })
    await until(() => peer.connections[0]?.destroyed === true)
    expect(edge.budget.admitted).toEqual([])
  })

  it('is given up while it streams', async () => {
    const { peer, edge } = await world((socket) => {
      socket.write(head(200, 'transfer-encoding: chunked'))
      const more = () => {
        if (socket.writable) socket.write(chunk('x'.repeat(10_000)), () => setImmediate(more))
      }
      more()
    })
    expect(await edge.call()).toEqual({ kind: 'too-large', status: 200 })
    await until(() => peer.connections[0]?.destroyed === true)
    expect(Math.max(...edge.budget.grown)).toBeLessThanOrEqual(MAX_BYTES)
  })

  it('may have exactly its size', async () => {
    const { edge } = await world((socket) => socket.write(whole('x'.repeat(MAX_BYTES))))
    expect(textOf(await edge.call())).toHaveLength(MAX_BYTES)
  })
})

describe('a content coding that nobody asked for', () => {
  it('is undone when it is gzip', async () => {
    const { edge } = await world((socket) =>
      socket.write(whole(gzipSync('{"a":1}'), 'content-encoding: gzip')),
    )
    expect(textOf(await edge.call())).toBe('{"a":1}')
  })

  it('cannot grow over the cap', async () => {
    const bomb = gzipSync(Buffer.alloc(MAX_BYTES * 50))
    const { edge } = await world((socket) => socket.write(whole(bomb, 'content-encoding: gzip')))
    expect(await edge.call()).toEqual({ kind: 'too-large', status: 200 })
    expect(Math.max(...edge.budget.grown)).toBeLessThanOrEqual(MAX_BYTES + bomb.length)
  })

  it.each([
    ['another one', 'br', Buffer.from('{}'), 'undecodable-encoding'],
    ['two at once', 'gzip, gzip', gzipSync(gzipSync('{}')), 'undecodable-encoding'],
    ['gzip that is none', 'gzip', Buffer.from('{"a":1}'), 'undecodable-encoding'],
    ['gzip that is cut off', 'gzip', gzipSync('{"a":1}').subarray(0, 15), 'truncated'],
  ])('is a fault when it is %s', async (_, coding, body, detail) => {
    const { edge } = await world((socket) => socket.write(whole(body, `content-encoding: ${coding}`)))
    expect(await edge.call()).toEqual({ kind: 'fault', detail })
  })

  it('is undone for an error body too', async () => {
    const body = gzipSync('{"code":4002}')
    const { edge } = await world((socket) =>
      socket.write(
        Buffer.concat([
          Buffer.from(head(400, 'content-encoding: gzip', `content-length: ${body.length}`)),
          body,
        ]),
      ),
    )
    expect(textOf(await edge.call())).toBe('{"code":4002}')
  })
})

describe('a connection that fails', () => {
  it('before it is there is `connect`', async () => {
    const { peer, edge } = await world(() => {})
    await peer.close()
    open.splice(0)
    expect(await edge.call()).toEqual({ kind: 'fault', detail: 'connect' })
    expect(edge.sent()).toBe(0)
    await edge.clock.drive(edge.api.close())
  })

  it.each([
    ['closed before an answer', (socket: Socket) => socket.end(), 'reset'],
    ['reset before an answer', (socket: Socket) => socket.resetAndDestroy(), 'reset'],
    ['no HTTP', (socket: Socket) => socket.end('SSH-2.0-x\r\n'), 'reset'],
    [
      'a length that is not reached',
      (socket: Socket) => socket.end(`${head(200, 'content-length: 9')}abc`),
      'truncated',
    ],
    [
      'a length that is not reached on a connection that is not kept',
      (socket: Socket) => socket.end(`${head(200, 'content-length: 9', 'connection: close')}abc`),
      'truncated',
    ],
    [
      'chunks without an end',
      (socket: Socket) => socket.end(`${head(200, 'transfer-encoding: chunked')}${chunk('abc')}`),
      'truncated',
    ],
    [
      'an error body that is cut off',
      (socket: Socket) => socket.end(`${head(403, 'content-length: 40')}{"code"`),
      'truncated',
    ],
  ])('is a fault: %s', async (_, serve, detail) => {
    const { edge } = await world(serve)
    expect(await edge.call()).toEqual({ kind: 'fault', detail })
    expect(edge.clock.pending()).toBe(0)
  })

  it('by a reset within the body is `reset`', async () => {
    const { peer, edge } = await world((socket) => socket.write(`${head(200, 'content-length: 9')}abc`))
    const call = edge.call()
    await until(() => edge.budget.admitted.length === 1)
    peer.connections[0]?.resetAndDestroy()
    expect(await call).toEqual({ kind: 'fault', detail: 'reset' })
  })

  it('does not fail the calls after it', async () => {
    const { edge } = await world(
      (socket, n) => void (n === 0 ? socket.resetAndDestroy() : socket.write(whole('{}'))),
    )
    expect((await edge.call()).kind).toBe('fault')
    expect(textOf(await edge.call())).toBe('{}')
  })
})

describe('the time-out', () => {
  it('ends a call that is not answered', async () => {
    const { peer, edge } = await world(() => {})
    const call = edge.call()
    await until(() => peer.requests.length === 1)
    await edge.clock.advance(TIMEOUT_MS)
    expect(await call).toEqual({ kind: 'fault', detail: 'timeout' })
    await until(() => peer.connections[0]?.destroyed === true)
  })

  it('ends a body that drips, however steadily', async () => {
    const { edge } = await world((socket) => {
      socket.write(head(200, 'transfer-encoding: chunked'))
      const drip = () => {
        if (socket.writable) socket.write(chunk('x'), () => setImmediate(drip))
      }
      drip()
    })
    const call = edge.call()
    for (let at = 0; at < TIMEOUT_MS; at += 1_000) {
      const before = edge.budget.grown.length
      await until(() => edge.budget.grown.length > before)
      await edge.clock.advance(1_000)
    }
    expect(await call).toEqual({ kind: 'fault', detail: 'timeout' })
  })

  it('is `connect` while there is no connection, and nothing is sent later', async () => {
    const { peer, edge } = await world(
      (socket, n) => socket.write(whole(n === 0 ? 'x'.repeat(90_000) : '{}')),
      {
        connections: 1,
      },
    )
    edge.budget.shut()
    const first = edge.call()
    await until(() => edge.budget.admitted.length === 1)
    const second = edge.call()
    await edge.clock.advance(TIMEOUT_MS)
    expect(await second).toEqual({ kind: 'fault', detail: 'connect' })
    // Told when it is on the wire, so that a bound of calls a second holds there.
    expect(edge.sent()).toBe(1)
    edge.budget.grant()
    expect(textOf(await first)).toHaveLength(90_000)
    expect(textOf(await edge.call())).toBe('{}')
    expect(peer.requests).toHaveLength(2)
    expect(edge.sent()).toBe(2)
  })
})

describe('the limit of one call', () => {
  const LIMIT_MS = TIMEOUT_MS / 4

  it('ends it with `timeout` before the time-out of every call would, and its connection', async () => {
    const { peer, edge } = await world(() => {})
    const call = edge.call(ID, LIMIT_MS)
    await until(() => peer.requests.length === 1)
    let isOver = false
    void call.then(() => {
      isOver = true
    })
    await edge.clock.advance(LIMIT_MS - 1)
    expect(isOver).toBe(false)
    await edge.clock.advance(1)
    expect(await call).toEqual({ kind: 'fault', detail: 'timeout' })
    expect([edge.sent(), edge.clock.pending()]).toEqual([1, 0])
    await until(() => peer.connections[0]?.destroyed === true)
  })

  it('is that of every call where it is longer', async () => {
    const { peer, edge } = await world(() => {})
    const call = edge.call(ID, 10 * TIMEOUT_MS)
    await until(() => peer.requests.length === 1)
    await edge.clock.advance(TIMEOUT_MS)
    expect(await call).toEqual({ kind: 'fault', detail: 'timeout' })
  })

  it('gives `connect` for a call that waits for a connection, and nothing is sent later', async () => {
    const { peer, edge } = await world((socket) => socket.write(whole('x'.repeat(90_000))), {
      connections: 1,
    })
    edge.budget.shut()
    const first = edge.call()
    await until(() => edge.budget.admitted.length === 1)
    const second = edge.call(ID, LIMIT_MS)
    await edge.clock.advance(LIMIT_MS)
    expect(await second).toEqual({ kind: 'fault', detail: 'connect' })
    edge.budget.grant()
    expect(textOf(await first)).toHaveLength(90_000)
    expect([peer.requests.length, edge.sent()]).toEqual([1, 1])
  })

  it('stands still while bytes are waited for', async () => {
    const { edge } = await world((socket) => socket.write(whole('x'.repeat(90_000))))
    edge.budget.shut()
    const call = edge.call(ID, LIMIT_MS)
    await until(() => edge.budget.admitted.length === 1)
    await edge.clock.advance(10 * LIMIT_MS)
    edge.budget.grant()
    expect(textOf(await call)).toHaveLength(90_000)
  })
})

describe('an abort', () => {
  it('ends a call at once, and its connection', async () => {
    const { peer, edge } = await world(() => {})
    const call = edge.call()
    await until(() => peer.requests.length === 1)
    edge.controller.abort()
    expect(await call).toEqual({ kind: 'aborted' })
    expect(edge.clock.pending()).toBe(0)
    await until(() => peer.connections[0]?.destroyed === true)
  })

  it('lets no call begin', async () => {
    const { peer, edge } = await world(() => {})
    edge.controller.abort()
    expect(await edge.call()).toEqual({ kind: 'aborted' })
    expect(peer.connections).toHaveLength(0)
  })
})

describe('close', () => {
  it('ends within its bound although a call is in flight, which counts as aborted', async () => {
    const { peer, edge } = await world(() => {})
    const call = edge.call()
    await until(() => peer.requests.length === 1)
    await edge.clock.drive(edge.api.close())
    expect(await call).toEqual({ kind: 'aborted' })
    expect(await edge.call()).toEqual({ kind: 'aborted' })
    expect(edge.clock.pending()).toBe(0)
  })
})
