import { createServer, type Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, expect, it, vi } from 'vitest'
import { createSockets } from '../../../src/io/kafka/sockets.js'
import { until } from '../../support/until.js'

const ends: (() => void)[] = []
afterEach(() => {
  for (const end of ends.splice(0)) end()
})

/** A socket of ours, and what reaches its other side. */
async function connected() {
  let received = ''
  const server = createServer((peer) =>
    peer.setEncoding('utf8').on('data', (text: string) => (received += text)),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const sockets = createSockets()
  ends.push(() => server.close(), sockets.close)
  const socket = await new Promise<Socket>((resolve) => {
    const made = sockets.factory({
      ...{ host: '127.0.0.1', port: address.port, ssl: undefined as never },
      onConnect: () => setImmediate(() => resolve(made)),
    })
    made.on('error', () => undefined)
  })
  return { socket, received: () => received }
}

it('what is written in one turn goes out in one write, in order', async () => {
  const { socket, received } = await connected()
  const single = vi.spyOn(socket, '_write')
  const many = vi.spyOn(socket as Required<Socket>, '_writev')
  socket.write('a')
  await Promise.resolve()
  socket.write('b')
  await turn()
  expect([single.mock.calls.length, many.mock.calls.length]).toEqual([0, 1])
  socket.write('c')
  await until('all is there', () => received() === 'abc')
  expect([single.mock.calls.length, many.mock.calls.length]).toEqual([1, 1])
})
