import { expect, it } from 'vitest'
import type { Log } from '../../src/core/ports.js'
import { createKafkaAdmin } from '../../src/io/kafka/admin.js'
import { stack } from '../support/stack.js'
import { until } from '../support/until.js'

const log: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

const sockets = (): number =>
  process.getActiveResourcesInfo().filter((resource) => resource === 'TCPSocketWrap').length

it('the admin keeps no connection that it does not use, and opens another one when it is asked again', async () => {
  const before = sockets()
  const connection = { brokers: stack().brokers, clientId: 'test', ssl: false, sasl: null }
  const admin = createKafkaAdmin(connection, log, { idleMs: 100 })
  await admin.existing()
  expect(sockets()).toBeGreaterThan(before)
  await until('its connection is closed', () => sockets() === before)
  expect((await admin.existing()).size).toBeGreaterThan(0)
  await admin.close()
  await until('its connection is closed', () => sockets() === before)
})
