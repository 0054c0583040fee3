import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** An address that leads to a server while it is open, and refuses connections while it is shut. */
export interface Door {
  readonly address: string
  open(): Promise<void>
  /** Cuts what runs through it, too. */
  shut(): Promise<void>
}

/** In: `host:port` of the server. Out: a door that is shut. */
export async function createDoor(target: string): Promise<Door> {
  const [host = '', port = ''] = target.split(':')
  const sockets = new Set<Socket>()
  let server: Server | null = null
  const listen = (at: number): Promise<Server> =>
    new Promise((resolve, reject) => {
      const made = createServer((inside) => {
        const outside = connect(Number(port), host)
        for (const [one, other] of [
          [inside, outside],
          [outside, inside],
        ] as const) {
          sockets.add(one)
          one.pipe(other)
          one.on('error', () => other.destroy())
          one.on('close', () => sockets.delete(one) && other.destroy())
        }
      })
      made.once('error', reject)
      made.listen(at, '127.0.0.1', () => resolve(made))
    })
  const shut = async (): Promise<void> => {
    const open = server
    server = null
    for (const socket of sockets) socket.destroy()
    if (open !== null) await new Promise((resolve) => open.close(resolve))
  }
  server = await listen(0)
  const own = (server.address() as AddressInfo).port
  await shut()
  return {
    address: `127.0.0.1:${own}`,
    async open() {
      server ??= await listen(own)
    },
    shut,
  }
}
