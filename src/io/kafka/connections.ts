import { setTimeout as delay } from 'node:timers/promises'
import { brokerReconnects } from './reconnects.js'
import { methodOf } from './shapes.js'

/** What a connection object of kafkajs holds. */
export interface ConnectionState {
  readonly host: string
  readonly port: number
  chunks: unknown[]
  bytesBuffered: number
  bytesNeeded: number
  readonly socket?: { destroy(error: Error): void } | undefined
  isConnected(): boolean
}

/** The connections to one broker: one for fetches, one for everything else. */
export interface PoolState {
  readonly pool: readonly ConnectionState[]
}

type Connect = (this: ConnectionState) => Promise<unknown>
type Send = (this: PoolState, request: unknown) => Promise<unknown>

/** The length of an answer comes first. */
const LENGTH_BYTES = 4

/**
 * Connects once for all who ask meanwhile, later where the broker fails, and begins a connection without what was
 * left of the one before.
 *
 * As shipped each asker opens a socket, and all but one of them are forgotten, open, and close the connection when they end
 * at last. And half an answer that a cut left behind stays in front of the new connection's bytes: nothing it says is
 * understood any more.
 * Source: kafkajs network/connection; kafkajs issue 715
 */
export function connectOnce(original: Connect): Connect {
  const underWay = new WeakMap<ConnectionState, Promise<unknown>>()
  async function connectLater(connection: ConnectionState): Promise<unknown> {
    const waitMs = brokerReconnects.waitMs(`${connection.host}:${connection.port}`)
    if (waitMs > 0 && !connection.isConnected()) await delay(waitMs)
    return original.call(connection)
  }
  return function connect() {
    const begun = underWay.get(this)
    if (begun !== undefined) return begun
    if (!this.isConnected()) {
      this.chunks = []
      this.bytesBuffered = 0
      this.bytesNeeded = LENGTH_BYTES
    }
    const connecting = connectLater(this).finally(() => underWay.delete(this))
    underWay.set(this, connecting)
    return connecting
  }
}

/**
 * Breaks the connections to a broker off when it did not answer a request in time. As shipped the next request is written
 * to the same socket: one that is half-open keeps its client until the system notices, which takes a quarter of an hour.
 * Both go: else the heartbeat would find out only after the fetch had, and the membership would be lost meanwhile.
 * Source: kafkajs network/connectionPool
 */
export function breakOffSilent(original: Send): Send {
  return async function send(request) {
    try {
      return await original.call(this, request)
    } catch (error) {
      if (error instanceof Error && error.name === 'KafkaJSRequestTimeoutError')
        for (const { socket } of this.pool) socket?.destroy(error)
      throw error
    }
  }
}

/** Throws when the library has another shape. */
export function patchConnections(): void {
  const connect = methodOf('kafkajs/src/network/connection', 'connect')
  const send = methodOf('kafkajs/src/network/connectionPool', 'send')
  connect.prototype['connect'] = connectOnce(connect.method as Connect)
  send.prototype['send'] = breakOffSilent(send.method as Send)
}
