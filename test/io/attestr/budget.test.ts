import type { Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import type { ApiAnswer } from '../../../src/core/ports.js'
import {
  createEdge,
  type Edge,
  head,
  type Peer,
  startPeer,
  TIMEOUT_MS,
  until,
  whole,
} from './http-support.js'

const BODY = 'x'.repeat(50_000)
const LENGTH = `content-length: ${BODY.length}`

let peer: Peer
let edge: Edge

/** A call whose bytes are not granted yet. */
async function waitingCall(serve: (socket: Socket, n: number) => void): Promise<Promise<ApiAnswer>[]> {
  peer = await startPeer(serve)
  edge = createEdge(peer.port)
  edge.budget.shut()
  const call = edge.call()
  await until(() => edge.budget.admitted.length === 1)
  return [call]
}

afterEach(async () => {
  await edge.clock.drive(edge.api.close())
  await peer.close()
})

describe('a body of known length waits for its bytes', () => {
  it.each([
    ['sent with the head', (socket: Socket) => socket.write(whole(BODY))],
    ['sent after the head', (socket: Socket) => socket.write(head(200, LENGTH), () => socket.write(BODY))],
    [
      'sent in two parts',
      (socket: Socket) =>
        socket.write(head(200, LENGTH) + BODY.slice(0, 9), () => socket.write(BODY.slice(9))),
    ],
    ['short enough to come with the head', (socket: Socket) => socket.write(whole('{}'))],
  ])('and is whole afterwards: %s', async (_, serve) => {
    const [call] = await waitingCall(serve)
    let ended = false
    void call?.then(() => {
      ended = true
    })
    await edge.clock.advance(10 * TIMEOUT_MS)
    expect(ended).toBe(false)
    edge.budget.grant()
    const answer = await call
    expect(answer?.kind === 'answer' && answer.body.length).toBe(edge.budget.admitted[0])
    expect(edge.clock.pending()).toBe(0)
  })

  it('and holds back what the other side sends meanwhile', async () => {
    const size = 40_000_000
    let taken = 0
    peer = await startPeer((socket) => {
      socket.write(head(200, `content-length: ${size}`))
      const more = () => {
        if (taken < size)
          socket.write(BODY, () => {
            taken += BODY.length
            setImmediate(more)
          })
      }
      more()
    })
    edge = createEdge(peer.port, { maxResponseBytes: size })
    edge.budget.shut()
    const call = edge.call()
    // What the kernel takes for both sides is bounded, and far below the body.
    await until(() => edge.budget.admitted.length === 1)
    let before = -1
    await until(() => {
      const still = before === taken
      before = taken
      return still && taken > 0
    })
    expect(taken).toBeLessThan(size)
    edge.budget.grant()
    const answer = await call
    expect(answer.kind === 'answer' && answer.body.length).toBe(size)
  })

  it('and the time-out goes on with what was left of it', async () => {
    peer = await startPeer((socket, n) => {
      if (n === 0) setImmediate(() => socket.write(head(200, LENGTH)))
    })
    edge = createEdge(peer.port)
    edge.budget.shut()
    const call = edge.call()
    await edge.clock.advance(TIMEOUT_MS - 100)
    await until(() => edge.budget.admitted.length === 1)
    await edge.clock.advance(10 * TIMEOUT_MS)
    edge.budget.grant()
    await until(() => edge.clock.pending() === 1)
    await edge.clock.advance(100)
    expect(await call).toEqual({ kind: 'fault', detail: 'timeout' })
  })

  it('and hears abort', async () => {
    const [call] = await waitingCall((socket) => socket.write(whole(BODY)))
    edge.controller.abort()
    expect(await call).toEqual({ kind: 'aborted' })
    await until(() => peer.connections[0]?.destroyed === true)
    edge.budget.grant()
    await edge.clock.settle()
    expect(edge.clock.pending()).toBe(0)
  })

  it('and is given up when they are refused', async () => {
    const [call] = await waitingCall((socket) => socket.write(whole(BODY)))
    edge.budget.refuse()
    expect(await call).toEqual({ kind: 'aborted' })
  })
})

describe('while a body waits, the other side may close or reset', () => {
  const ended = { fin: (socket: Socket) => socket.end(), reset: (socket: Socket) => socket.resetAndDestroy() }

  it.each([
    ['kept', 'keep-alive', 'fin'],
    ['kept', 'keep-alive', 'reset'],
    ['not kept', 'close', 'fin'],
    ['not kept', 'close', 'reset'],
  ] as const)('a connection that is %s (%s), by %s, and the call ends', async (_, connection, how) => {
    const [call] = await waitingCall((socket) => {
      socket.write(`${head(200, LENGTH, `connection: ${connection}`)}abc`, () => ended[how](socket))
    })
    await until(() => peer.connections[0]?.destroyed === true || how === 'fin')
    edge.budget.grant()
    expect((await call)?.kind).toBe('fault')
  })

  it.each(['keep-alive', 'close'])('and a body that had arrived is whole (%s)', async (connection) => {
    const [call] = await waitingCall((socket) => socket.end(whole('{"a":1}', `connection: ${connection}`)))
    edge.budget.grant()
    const answer = await call
    expect(answer?.kind === 'answer' && answer.body.toString()).toBe('{"a":1}')
  })

  it('and the connection serves the next call while the first still waits for its bytes', async () => {
    const [call] = await waitingCall((socket) => socket.write(whole('{"a":1}')))
    const others = await Promise.all(
      [0, 1, 2].map(async () => {
        const other = createEdge(peer.port)
        const answer = await other.call()
        await other.clock.drive(other.api.close())
        return answer.kind
      }),
    )
    expect(others).toEqual(['answer', 'answer', 'answer'])
    edge.budget.grant()
    expect((await call)?.kind).toBe('answer')
  })
})
