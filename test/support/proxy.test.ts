import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { type SpoiledLink, startProxy } from './proxy.js'
import { until } from './until.js'

let proxy: SpoiledLink | null = null
let server: Server | null = null
const served: Socket[] = []
const clients: Client[] = []
afterEach(async () => {
  for (const { socket } of clients.splice(0)) socket.destroy()
  await proxy?.close()
  for (const socket of served.splice(0)) socket.destroy()
  server?.close()
})

interface Client {
  readonly socket: Socket
  text: string
  ended: string | null
}

/** A server that says everything back, and a proxy before it. */
async function start(): Promise<SpoiledLink> {
  server = createServer((socket) => {
    served.push(socket)
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => socket.write(chunk))
  })
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  proxy = await startProxy({ target: { host: '127.0.0.1', port } })
  return proxy
}

function client(to: SpoiledLink): Client {
  const socket = connect({ host: '127.0.0.1', port: to.port })
  const made: Client = { socket, text: '', ended: null }
  socket.on('data', (chunk) => {
    made.text += chunk.toString()
  })
  socket.on('end', () => {
    made.ended ??= 'end'
  })
  socket.on('error', (error: NodeJS.ErrnoException) => {
    made.ended ??= error.code ?? 'error'
  })
  clients.push(made)
  return made
}

async function echoes(one: Client, text: string): Promise<void> {
  one.text = ''
  one.socket.write(text)
  await until('the echo', () => one.text === text)
}

const turns = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

it('passes everything on, both ways, until an end', async () => {
  const link = await start()
  const one = client(link)
  await echoes(one, 'a'.repeat(300_000))
  one.socket.end()
  await until('the end is passed on', () => one.ended === 'end' && link.open() === 0)
})

it('cuts what is open and takes what comes', async () => {
  const link = await start()
  const one = client(link)
  await echoes(one, 'a')
  link.cut()
  await until('the cut', () => one.ended === 'ECONNRESET')
  await echoes(client(link), 'b')
})

it('refuses until it is healed, on the same port', async () => {
  const link = await start()
  const one = client(link)
  await echoes(one, 'a')
  await link.refuse()
  const two = client(link)
  await until('both are broken', () => one.ended === 'ECONNRESET' && two.ended === 'ECONNREFUSED')
  await link.heal()
  await echoes(client(link), 'b')
})

it('delays in the direction it is told', async () => {
  const link = await start()
  const one = client(link)
  await echoes(one, 'a')
  link.delay({ down: 100 })
  const begin = performance.now()
  await echoes(one, 'b')
  expect(performance.now() - begin).toBeGreaterThan(95)
})

it.each(['up', 'down'] as const)(
  'holds back what goes %s, ends included, and lets it go when healed',
  async (way) => {
    const link = await start()
    const one = client(link)
    await echoes(one, 'a')
    link.halfOpen(way)
    const two = client(link)
    for (const each of [one, two]) {
      each.text = ''
      each.socket.write('b')
    }
    await turns(100)
    expect([one.text, two.text, one.ended]).toEqual(['', '', null])
    await link.heal()
    await until('what was held back', () => one.text === 'b' && two.text === 'b')
  },
)

it('strands what is open for ever, and nothing else', async () => {
  const link = await start()
  const one = client(link)
  await echoes(one, 'a')
  link.strand()
  await echoes(client(link), 'b')
  one.text = ''
  one.socket.write('c')
  await link.heal()
  await turns(100)
  expect([one.text, one.ended]).toEqual(['', null])
})
