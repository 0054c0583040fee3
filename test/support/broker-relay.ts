/** Stands before a broker and says that it is the broker: whoever asks where the brokers are is sent through the front. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface BrokerRelay {
  readonly port: number
  close(): Promise<void>
}

/** Host and port as Kafka writes them in answers that are not of the flexible kind: a length, the text, a number. */
function addressBytes(host: string, port: number): Buffer {
  const text = Buffer.from(host)
  const bytes = Buffer.alloc(2 + text.length + 4)
  bytes.writeInt16BE(text.length, 0)
  text.copy(bytes, 2)
  bytes.writeInt32BE(port, 2 + text.length)
  return bytes
}

/**
 * Starts a relay to a broker.
 *
 * In:     broker   `127.0.0.1:port`, its one listener
 *         front    port that clients are to use instead, of something that leads to this relay
 */
export async function startBrokerRelay(broker: string, front: number): Promise<BrokerRelay> {
  const [host = '', port = ''] = broker.split(':')
  const own = addressBytes(host, Number(port))
  const told = addressBytes(host, front)
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const behind = connect(Number(port), host)
    const rewrite = createRewrite(own, told)
    for (const [one, other] of [
      [client, behind],
      [behind, client],
    ] as const) {
      sockets.add(one)
      one.setNoDelay(true)
      one.on('error', () => other.destroy())
      one.on('close', () => sockets.delete(one) && other.destroy())
    }
    client.pipe(behind)
    behind.on('data', (chunk) => {
      const ready = rewrite(chunk)
      if (ready.length > 0 && !client.write(ready)) behind.pause()
    })
    client.on('drain', () => behind.resume())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const LENGTH_BYTES = 4

/** Replaces a text by one of the same length in a stream of answers; each begins with its length and is passed on whole. */
function createRewrite(from: Buffer, to: Buffer): (chunk: Buffer) => Buffer {
  let held = Buffer.alloc(0)
  return (chunk) => {
    held = Buffer.concat([held, chunk])
    let end = 0
    while (held.length >= end + LENGTH_BYTES) {
      const next = end + LENGTH_BYTES + held.readInt32BE(end)
      if (next > held.length) break
      end = next
    }
    const whole = held.subarray(0, end)
    held = held.subarray(end)
    for (let at = whole.indexOf(from); at >= 0; at = whole.indexOf(from, at + from.length)) to.copy(whole, at)
    return whole
  }
}
