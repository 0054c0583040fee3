import type { CompressionTypes, Producer } from 'kafkajs'
import { expect, it } from 'vitest'
import type { KafkaAdmin } from '../../../src/io/kafka/admin.js'
import { createDelivery, type KafkaDeliveryOptions } from '../../../src/io/kafka/delivery.js'
import { createMemoryLog } from '../../../src/io/memory/log.js'

const at = { topic: 'events', partition: 0 }
const admin = {
  committed: async () => new Map([[0, 4]]),
  ranges: async () => [{ partition: 0, low: 0, high: 9 }],
} as unknown as KafkaAdmin

const options = (transactionTimeoutMs: number): KafkaDeliveryOptions => ({
  ...{ admin, transactionTimeoutMs, groupId: 'group', compression: 0 as CompressionTypes },
  ...{ connection: { brokers: [], clientId: 'test', ssl: false, sasl: null }, log: createMemoryLog() },
})

it('a producer that comes after its time limit is closed: nobody holds it', async () => {
  let come = (): void => undefined
  let closed = 0
  const producer = {
    async disconnect() {
      closed += 1
    },
  } as unknown as Producer
  const opening = new Promise<{ producer: Producer; transaction: null }>((resolve) => {
    come = () => resolve({ producer, transaction: null })
  })
  const delivery = createDelivery(
    options(5),
    () => opening,
    () => async () => undefined,
  )
  const [opened] = await delivery.open([at])
  expect(opened).toMatchObject({ name: 'DeadlineExceeded' })
  expect(closed).toBe(0)
  come()
  await opening
  await Promise.resolve()
  expect(closed).toBe(1)
})

it('a producer without a start offset is closed', async () => {
  let closed = 0
  const producer = {
    async disconnect() {
      closed += 1
    },
  } as unknown as Producer
  const delivery = createDelivery(
    options(5000),
    async () => ({ producer, transaction: null }),
    () => async () => undefined,
  )
  const [known, unknown] = await delivery.open([at, { topic: 'events', partition: 7 }])
  expect(known).toMatchObject({ start: { kind: 'start', offset: 4 } })
  expect(unknown).toBeInstanceOf(Error)
  expect(closed).toBe(1)
})
