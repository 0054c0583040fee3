import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { createKafkaAdmin } from '../../../src/io/kafka/admin.js'
import { createMemoryLog } from '../../../src/io/memory/log.js'
import { until } from '../../support/until.js'

let server: Server | null = null
const sockets = new Set<Socket>()
afterEach(() => {
  for (const socket of sockets) socket.destroy()
  server?.close()
})

it('a question that nobody answers is given up with its connection, and the next one gets a new one', async () => {
  let accepted = 0
  server = createServer((socket) => {
    accepted += 1
    sockets.add(socket.resume())
    socket.on('error', () => undefined)
    socket.once('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve))
  const broker = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const connection = { brokers: [broker], clientId: 'test', ssl: false, sasl: null }
  const admin = createKafkaAdmin(connection, createMemoryLog(), { answerMs: 100 })
  await expect(admin.existing()).rejects.toMatchObject({ name: 'DeadlineExceeded' })
  await until('the connection is gone', () => accepted > 0 && sockets.size === 0)
  const before = accepted
  await expect(admin.existing()).rejects.toMatchObject({ name: 'DeadlineExceeded' })
  expect(accepted).toBeGreaterThan(before)
  await admin.close()
})
