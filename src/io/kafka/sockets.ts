import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { ISocketFactory } from 'kafkajs'
import { brokerReconnects } from './reconnects.js'

/** The sockets of one client of kafkajs. A client that is thrown away loses them: it would go on trying by itself. */
export interface Sockets {
  readonly factory: ISocketFactory
  /** Sockets that are open now. */
  size(): number
  /** Aborts when the client is given up for a connection that it lost. */
  readonly lost: AbortSignal
  /** Destroys all of them. No other is opened afterwards. */
  close(): void
}

export interface SocketsOptions {
  /**
   * Whether the client is given up whole with the first connection that somebody else ends, unless nothing has come over it
   * for ten seconds: as shipped it connects anew and goes on with what it was doing, on a broker that may have forgotten what
   * came before.
   */
  readonly once: boolean
}

/** What went over a connection that has been silent for so long is long done; brokers and proxies end such connections. */
const SILENT_MS = 10_000
/** An idle connection is asked after so long whether it still lives; ten seconds without an answer end it. */
const KEEP_ALIVE_MS = 15_000

/**
 * As the library's own factory, but for what is said above and below; tells how connections to a broker fare.
 * Source: kafkajs network/socketFactory
 */
export function createSockets({ once }: SocketsOptions): Sockets {
  const open = new Set<Socket>()
  const lost = new AbortController()
  let closed = false
  const close = (): void => {
    closed = true
    for (const socket of open) socket.destroy(new ClientDiscarded())
  }

  const factory: ISocketFactory = ({ host, port, ssl, onConnect }) => {
    if (closed) throw new ClientDiscarded()
    const address = `${host}:${port}`
    const socket = ssl
      ? connectTls({ host, port, ...(isIP(host) === 0 ? { servername: host } : {}), ...ssl }, onConnect)
      : connect({ host, port }, onConnect)
    socket.setKeepAlive(true, KEEP_ALIVE_MS)
    socket.setNoDelay(true)
    const own = endAtOnce(socket)
    open.add(socket)
    let answeredAt: number | null = null
    socket.on('data', () => {
      if (answeredAt === null) brokerReconnects.worked(address)
      answeredAt = performance.now()
    })
    const isLoss = (): boolean =>
      once && !closed && !own.ended && answeredAt !== null && performance.now() - answeredAt < SILENT_MS
    const end = (): void => {
      if (!isLoss()) return
      close()
      lost.abort()
    }
    // The library hears of these next, and ends the socket itself.
    socket.once('end', end)
    socket.once('error', end)
    socket.once('close', () => {
      open.delete(socket)
      if (!closed && answeredAt === null) brokerReconnects.failed(address)
      end()
    })
    return socket
  }
  return {
    factory,
    size: () => open.size,
    lost: lost.signal,
    close,
  }
}

/**
 * The library ends a socket when no request is left on it, and may connect anew at once. A socket that is only half closed
 * would then take the new connection down with its own end; one that does not answer would stay for ever.
 *
 * Out: whether the library has ended it
 */
function endAtOnce(socket: Socket): { readonly ended: boolean } {
  const own = { ended: false }
  socket.end = (): Socket => {
    own.ended = true
    // Whoever waits for the connection is told.
    if (socket.connecting) socket.destroy(new ClientDiscarded())
    else socket.destroy()
    return socket
  }
  return own
}

class ClientDiscarded extends Error {
  readonly code = 'CLIENT_DISCARDED'
  constructor() {
    super('the connection was given up')
    this.name = 'ClientDiscarded'
  }
}
