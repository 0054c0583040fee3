import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { ISocketFactory } from 'kafkajs'
import { brokerReconnects } from './reconnects.js'

/** The sockets of one client of kafkajs. A client that is thrown away loses them: it would go on trying by itself. */
export interface Sockets {
  readonly factory: ISocketFactory
  /** Sockets that are open now. */
  size(): number
  /** Whether a socket that had answered was closed by the other side or the network. */
  hasLost(): boolean
  /** Destroys all of them. No other is opened afterwards. */
  close(): void
}

/** An idle connection is asked after so long whether it still lives; ten seconds without an answer end it. */
const KEEP_ALIVE_MS = 15_000

/**
 * As the library's own factory, but for what is said above and below; tells how connections to a broker fare.
 * Source: kafkajs network/socketFactory
 */
export function createSockets(): Sockets {
  const open = new Set<Socket>()
  let closed = false
  let lost = false

  const factory: ISocketFactory = ({ host, port, ssl, onConnect }) => {
    if (closed) throw new ClientDiscarded()
    const address = `${host}:${port}`
    const socket = ssl
      ? connectTls({ host, port, ...(isIP(host) === 0 ? { servername: host } : {}), ...ssl }, onConnect)
      : connect({ host, port }, onConnect)
    socket.setKeepAlive(true, KEEP_ALIVE_MS)
    socket.setNoDelay(true)
    endAtOnce(socket)
    open.add(socket)
    let hasAnswered = false
    socket.once('data', () => {
      hasAnswered = true
      brokerReconnects.worked(address)
    })
    socket.once('close', () => {
      open.delete(socket)
      if (closed) return
      if (hasAnswered) lost = true
      else brokerReconnects.failed(address)
    })
    return socket
  }
  return {
    factory,
    size: () => open.size,
    hasLost: () => lost,
    close() {
      closed = true
      for (const socket of open) socket.destroy(new ClientDiscarded())
    },
  }
}

/**
 * The library ends a socket when no request is left on it, and may connect anew at once. A socket that is only half closed
 * would then take the new connection down with its own end; one that does not answer would stay for ever.
 */
function endAtOnce(socket: Socket): void {
  socket.end = (): Socket => {
    // Whoever waits for the connection is told.
    if (socket.connecting) socket.destroy(new ClientDiscarded())
    else socket.destroy()
    return socket
  }
}

class ClientDiscarded extends Error {
  readonly code = 'CLIENT_DISCARDED'
  constructor() {
    super('the connection was given up')
    this.name = 'ClientDiscarded'
  }
}
