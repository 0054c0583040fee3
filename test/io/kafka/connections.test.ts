/** The connection of kafkajs as shipped and as patched, against a server of this test. */
import { createRequire } from 'node:module'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import {
  breakOffSilent,
  type ConnectionState,
  connectOnce,
  type PoolState,
} from '../../../src/io/kafka/connections.js'
import { createSockets } from '../../../src/io/kafka/sockets.js'
import { until } from '../../support/until.js'

const require = createRequire(import.meta.url)

interface Connection extends ConnectionState {
  connect(): Promise<unknown>
  disconnect(): Promise<unknown>
  send(request: object): Promise<unknown>
}
interface ConnectionClass {
  new (options: object): Connection
  prototype: { connect: Connection['connect'] }
}
interface Pool extends PoolState {
  readonly pool: readonly Connection[]
  send(request: unknown): Promise<unknown>
}
interface PoolClass {
  new (options: object): Pool
  prototype: { send: Pool['send'] }
}

const Shipped = require('kafkajs/src/network/connection') as ConnectionClass
const ShippedPool = require('kafkajs/src/network/connectionPool') as PoolClass
const shippedFactory = (require('kafkajs/src/network/socketFactory') as () => unknown)()

class Patched extends Shipped {}
Patched.prototype.connect = connectOnce(Shipped.prototype.connect)
class PatchedPool extends ShippedPool {}
PatchedPool.prototype.send = breakOffSilent(ShippedPool.prototype.send)

let server: Server | null = null
const accepted: Socket[] = []
afterEach(() => {
  for (const socket of accepted.splice(0)) socket.destroy()
  server?.close()
  server = null
})

/** In: what the server does with each connection, in order; the last one again and again. */
async function listen(...behaviours: ((socket: Socket) => void)[]): Promise<number> {
  server = createServer((socket) => {
    const behave = behaviours[Math.min(accepted.length, behaviours.length - 1)]
    accepted.push(socket)
    socket.on('error', () => undefined)
    behave?.(socket)
  })
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {}, namespace: () => logger }
const open: Connection[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((connection) => connection.disconnect()))
})

function connectionTo(port: number, Class: ConnectionClass): Connection {
  const connection = new Class({
    ...{ host: '127.0.0.1', port, logger, connectionTimeout: 1000, requestTimeout: 200 },
    socketFactory: Class === Shipped ? shippedFactory : createSockets({ once: false }).factory,
  })
  open.push(connection)
  return connection
}

/** The two connections to a broker. */
function poolTo(port: number, Class: PoolClass): Pool {
  const pool = new Class({
    ...{ host: '127.0.0.1', port, logger, connectionTimeout: 1000, requestTimeout: 200 },
    socketFactory: createSockets({ once: false }).factory,
  })
  open.push(...pool.pool)
  return pool
}

/** A request of four bytes, whose answer is a number. */
const REQUEST = {
  request: {
    ...{ apiKey: 18, apiVersion: 0, apiName: 'ApiVersions' },
    encode: async () => {
      const Encoder = require('kafkajs/src/protocol/encoder') as new () => {
        writeInt32(n: number): object
      }
      return new Encoder().writeInt32(1)
    },
  },
  response: {
    decode: async (payload: Buffer) => ({ number: payload.readInt32BE(0), clientSideThrottleTime: 0 }),
    parse: async (decoded: { number: number }) => decoded.number,
  },
}

/** Answers each request with a number. */
const answering =
  (number: number) =>
  (socket: Socket): void => {
    socket.on('data', (request) => socket.write(answerTo(request, number)))
  }

function answerTo(request: Buffer, number: number): Buffer {
  const answer = Buffer.alloc(12)
  answer.writeInt32BE(8, 0)
  request.copy(answer, 4, 8, 12)
  answer.writeInt32BE(number, 8)
  return answer
}

const silent = (socket: Socket): void => void socket.resume()

/** Goes over the other connection of a pool. */
const FETCH = { ...REQUEST, request: { ...REQUEST.request, apiKey: 1, apiName: 'Fetch' } }

it('a request that is not answered in time ends both connections to its broker, so that the next ones get new ones', async () => {
  const port = await listen(silent, silent, answering(7))
  const pool = poolTo(port, PatchedPool)
  await Promise.all(pool.pool.map((connection) => connection.connect()))
  await expect(pool.send(FETCH)).rejects.toMatchObject({ name: 'KafkaJSRequestTimeoutError' })
  await until('both are given up', () => pool.pool.every((connection) => !connection.isConnected()))
  expect(await pool.send(REQUEST)).toBe(7)
  expect(await pool.send(FETCH)).toBe(7)
})

it('as shipped the next request goes to the connection that does not answer', async () => {
  const port = await listen(silent, answering(7))
  const pool = poolTo(port, ShippedPool)
  for (let tries = 0; tries < 3; tries += 1) {
    await expect(pool.send(REQUEST)).rejects.toMatchObject({ name: 'KafkaJSRequestTimeoutError' })
    expect(pool.pool[0]?.isConnected()).toBe(true)
  }
  expect(accepted).toHaveLength(1)
})

/** Half of an answer, then the end. */
const half = (socket: Socket): void => {
  socket.on('data', (request) => socket.end(answerTo(request, 3).subarray(0, 7)))
}

it('half an answer before a cut does not stand before the answers of the next connection', async () => {
  const port = await listen(half, answering(7))
  const connection = connectionTo(port, Patched)
  await connection.connect()
  await expect(connection.send(REQUEST)).rejects.toMatchObject({ name: 'KafkaJSConnectionClosedError' })
  await connection.connect()
  expect(await connection.send(REQUEST)).toBe(7)
})

it('as shipped nothing is understood any more after half an answer', async () => {
  const port = await listen(half, answering(7))
  const connection = connectionTo(port, Shipped)
  await connection.connect()
  await expect(connection.send(REQUEST)).rejects.toMatchObject({ name: 'KafkaJSConnectionClosedError' })
  await until('the connection is given up', () => !connection.isConnected())
  await connection.connect()
  await expect(connection.send(REQUEST)).rejects.toMatchObject({ name: 'KafkaJSRequestTimeoutError' })
})

it.each([
  ['ours opens one socket for all who ask at the same time', Patched, 1],
  ['the library as shipped opens one for each', Shipped, 5],
] as const)('%s', async (_, Class, sockets) => {
  const port = await listen(answering(7))
  const connection = connectionTo(port, Class)
  await Promise.all(Array.from({ length: 5 }, () => connection.connect()))
  await until('the server has seen them', () => accepted.length >= sockets)
  expect(await connection.send(REQUEST)).toBe(7)
  expect(accepted).toHaveLength(sockets)
})

it('a client that was given up opens no socket any more, and whoever waits for one is told', async () => {
  const port = await listen(silent)
  const sockets = createSockets({ once: false })
  const connection = new Patched({
    ...{ host: '127.0.0.1', port, logger, connectionTimeout: 1000, requestTimeout: 10_000 },
    socketFactory: sockets.factory,
  })
  await connection.connect()
  const waiting = expect(connection.send(REQUEST)).rejects.toThrow('the connection was given up')
  await until('the request is under way', () => accepted.length === 1)
  sockets.close()
  await waiting
  await until('nothing is left', () => sockets.size() === 0)
  await until('the connection has ended', () => !connection.isConnected())
  await expect(connection.connect()).rejects.toThrow('the connection was given up')
})

describe('a client that may lose no connection', () => {
  /** A connection over which something has come. */
  async function answered(once: boolean) {
    const port = await listen(answering(7))
    const sockets = createSockets({ once })
    const connection = new Patched({
      ...{ host: '127.0.0.1', port, logger, connectionTimeout: 1000, requestTimeout: 10_000 },
      socketFactory: sockets.factory,
    })
    await connection.connect()
    expect(await connection.send(REQUEST)).toBe(7)
    const end = async (): Promise<void> => {
      accepted.at(-1)?.destroy()
      await until('the connection has ended', () => !connection.isConnected() && sockets.size() === 0)
    }
    return { sockets, connection, end }
  }

  it('is given up with the first one that the other side ends', async () => {
    const { sockets, connection, end } = await answered(true)
    await end()
    expect(sockets.lost.aborted).toBe(true)
    await expect(connection.connect()).rejects.toThrow('the connection was given up')
  })

  it('others connect anew', async () => {
    const { sockets, connection, end } = await answered(false)
    await end()
    expect(sockets.lost.aborted).toBe(false)
    await connection.connect()
    await connection.disconnect()
  })

  it('a connection that it ended itself is none that it lost', async () => {
    const { sockets, connection } = await answered(true)
    await connection.disconnect()
    await until('the socket is closed', () => sockets.size() === 0)
    expect(sockets.lost.aborted).toBe(false)
  })

  it('nor is one over which nothing came for ten seconds: brokers and proxies end those', async () => {
    const { sockets, connection } = await answered(true)
    const now = performance.now()
    vi.spyOn(performance, 'now').mockReturnValue(now + 11_000)
    onTestFinished(() => void vi.restoreAllMocks())
    accepted.at(-1)?.destroy()
    await new Promise<void>((resolve) => setTimeout(resolve, 50))
    expect(sockets.size()).toBe(0)
    expect(sockets.lost.aborted).toBe(false)
    expect(connection.isConnected()).toBe(false)
  })
})
