import { get } from 'node:http'
import { connect, createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/** Waits between two probes of something that is starting. */
const probeIntervalMs = 50

/**
 * Asks a broker which requests it knows, the one request that needs no client library.
 *
 * Out:    true when it answered without an error; a broker answers only once it is registered and serving
 * Source: Kafka protocol, ApiVersions (key 18) version 0
 */
export function brokerAnswers(host: string, port: number, timeoutMs = 2_000): Promise<boolean> {
  const request = Buffer.alloc(14)
  request.writeInt32BE(10, 0)
  request.writeInt16BE(18, 4)
  request.writeInt16BE(0, 6)
  request.writeInt32BE(7, 8)
  request.writeInt16BE(-1, 12)
  return new Promise((resolve) => {
    const socket = connect({ host, port })
    let answer = Buffer.alloc(0)
    const end = (answered: boolean): void => {
      socket.destroy()
      resolve(answered)
    }
    socket.setTimeout(timeoutMs, () => end(false))
    socket.once('error', () => end(false))
    socket.once('close', () => end(false))
    socket.once('connect', () => socket.write(request))
    socket.on('data', (chunk) => {
      answer = Buffer.concat([answer, chunk])
      if (answer.length >= 10) end(answer.readInt32BE(4) === 7 && answer.readInt16BE(8) === 0)
    })
  })
}

/** Asks a schema registry for its subjects. Out: true when it answered 200. */
export function registryAnswers(registryUrl: string, timeoutMs = 2_000): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get(`${registryUrl}/subjects`, { timeout: timeoutMs, agent: false }, (response) => {
      response.resume()
      response.once('error', () => resolve(false))
      response.once('end', () => resolve(response.statusCode === 200))
    })
    request.once('timeout', () => request.destroy())
    request.once('error', () => resolve(false))
  })
}

/**
 * Asks again until the answer is yes.
 *
 * In:  ended  true when waiting has no more sense, because what was to answer has ended
 * Out: 'yes', 'ended' or 'timeout'
 * Throws: the signal's reason
 */
export async function untilAnswers(
  ask: () => Promise<boolean>,
  options: { timeoutMs: number; ended?: () => boolean; signal?: AbortSignal | undefined },
): Promise<'yes' | 'ended' | 'timeout'> {
  const deadline = performance.now() + options.timeoutMs
  for (;;) {
    options.signal?.throwIfAborted()
    if (options.ended?.() === true) return 'ended'
    if (await ask()) return 'yes'
    if (performance.now() > deadline) return 'timeout'
    await delay(probeIntervalMs)
  }
}

/**
 * Picks ports on which nobody listens.
 *
 * Out: as many distinct ports as asked for, from 20000 to 31999. That is below the range from which outgoing
 *      connections get theirs: a broker that is down for a restart cannot lose its port to one.
 */
export async function freePorts(count: number): Promise<readonly number[]> {
  const ports = new Set<number>()
  for (let tries = 0; ports.size < count && tries < 1_000; tries += 1) {
    const port = 20_000 + Math.floor(Math.random() * 12_000)
    if (!ports.has(port) && (await isFree(port))) ports.add(port)
  }
  if (ports.size < count) throw new Error('no free port from 20000 to 31999')
  return [...ports]
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => server.close(() => resolve(true)))
  })
}
