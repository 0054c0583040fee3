import { connect, createServer, type Server, type Socket } from 'node:net'
import { freePorts } from '../../src/stack/probe.js'

/** From the client to the server, or back. */
export type Direction = 'up' | 'down'

export interface Target {
  readonly host: string
  readonly port: number
}

/** A TCP proxy on this machine that spoils the link between a client and a server. */
export interface Proxy {
  readonly port: number
  /** `127.0.0.1:port` */
  readonly address: string
  /** Connections taken since the start. */
  accepted(): number
  /** Connections that are open now. */
  open(): number
  /** Where the next connections lead. */
  aim(target: Target): void
  /** Breaks every connection; new ones are taken. */
  cut(): void
  /** Breaks every connection and takes no other: refused, until `heal`. */
  refuse(): Promise<void>
  /** Every piece of data takes so much longer. */
  delay(ms: Readonly<Partial<Record<Direction, number>>>): void
  /** Sockets stay open, new ones too, and nothing passes, not even an end; `heal` lets through what has waited. */
  halfOpen(...directions: readonly Direction[]): void
  /** The connections that are open now stay open and never pass anything again; new ones are not concerned. */
  strand(): void
  /** A link without faults again; connections that were stranded stay so. */
  heal(): Promise<void>
  close(): Promise<void>
}

/** In: `port`, if it must be a certain one; the target may be named later. */
export async function startProxy({ target, port }: { target?: Target; port?: number } = {}): Promise<Proxy> {
  // Below the range of outgoing connections: nobody takes the port while it refuses.
  const [free = 0] = port === undefined ? await freePorts(1) : [port]
  const proxy = new TcpProxy(free, target ?? { host: '127.0.0.1', port: 1 })
  await proxy.listen()
  return proxy
}

/** One connection: both of its ends, and whether it is dead in secret. */
interface Link {
  readonly client: Socket
  readonly server: Socket
  stranded: boolean
}

class TcpProxy implements Proxy {
  readonly port: number
  readonly address: string
  private target: Target
  private server: Server | null = null
  private readonly links = new Set<Link>()
  private count = 0
  private readonly delays: Record<Direction, number> = { up: 0, down: 0 }
  private readonly muted = new Set<Direction>()
  /** Those who wait for the link to be healed. */
  private waiting: (() => void)[] = []

  constructor(port: number, target: Target) {
    this.port = port
    this.address = `127.0.0.1:${port}`
    this.target = target
  }

  accepted(): number {
    return this.count
  }

  open(): number {
    return this.links.size
  }

  aim(target: Target): void {
    this.target = target
  }

  cut(): void {
    for (const { client, server } of this.links) {
      client.resetAndDestroy()
      server.resetAndDestroy()
    }
    this.links.clear()
    this.wake()
  }

  async refuse(): Promise<void> {
    const { server } = this
    this.server = null
    const closed = new Promise<void>((resolve) =>
      server === null ? resolve() : server.close(() => resolve()),
    )
    this.cut()
    await closed
  }

  delay(ms: Readonly<Partial<Record<Direction, number>>>): void {
    Object.assign(this.delays, { up: 0, down: 0 }, ms)
  }

  halfOpen(...directions: readonly Direction[]): void {
    for (const direction of directions.length === 0 ? (['up', 'down'] as const) : directions)
      this.muted.add(direction)
  }

  strand(): void {
    for (const link of this.links) link.stranded = true
  }

  async heal(): Promise<void> {
    this.delay({})
    this.muted.clear()
    this.wake()
    if (this.server === null) await this.listen()
  }

  async close(): Promise<void> {
    await this.refuse()
  }

  async listen(): Promise<void> {
    // A peer that has ended may still be told something.
    const server = createServer({ allowHalfOpen: true }, (client) => this.take(client))
    this.server = server
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(this.port, '127.0.0.1', () => resolve())
    })
  }

  private take(client: Socket): void {
    this.count += 1
    const server = connect({ ...this.target, allowHalfOpen: true })
    const link: Link = { client, server, stranded: false }
    this.links.add(link)
    client.setNoDelay(true)
    server.setNoDelay(true)
    this.join(link, 'up')
    this.join(link, 'down')
  }

  /** One direction of a link. */
  private join(link: Link, direction: Direction): void {
    const [from, to] = direction === 'up' ? [link.client, link.server] : [link.server, link.client]
    let turn: Promise<void> = Promise.resolve()
    const inTurn = (pass: () => void): void => {
      turn = turn.then(async () => {
        await this.passable(link, direction)
        pass()
      })
    }
    from.on('data', (chunk) => {
      // One piece at a time: what comes meanwhile waits in the kernel, and its sender is held back.
      from.pause()
      inTurn(() => {
        if (to.writable) to.write(chunk)
        from.resume()
      })
    })
    from.on('end', () => inTurn(() => void to.end()))
    from.on('error', () => undefined)
    from.on('close', () =>
      inTurn(() => {
        to.destroy()
        this.links.delete(link)
      }),
    )
  }

  private async passable(link: Link, direction: Direction): Promise<void> {
    const delayMs = this.delays[direction]
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs))
    while (this.links.has(link) && (link.stranded || this.muted.has(direction)))
      await new Promise<void>((resolve) => this.waiting.push(resolve))
  }

  private wake(): void {
    for (const resolve of this.waiting.splice(0)) resolve()
  }
}
