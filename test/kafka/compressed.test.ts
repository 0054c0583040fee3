import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createKafkaAdmin } from '../../src/io/kafka/admin.js'
import { createKafkaClient } from '../../src/io/kafka/client.js'
import { readToEnd } from '../../src/io/kafka/reader.js'
import { createMemoryLog } from '../../src/io/memory/log.js'
import { createSystemClock } from '../../src/io/system/clock.js'
import { stack } from '../support/stack.js'

describe('topics that other producers compress are read', () => {
  // The broker itself compresses what it stores: the bytes are those of Kafka's own codecs.
  it.each(['gzip', 'snappy', 'lz4', 'zstd'])('with %s', async (codec) => {
    const connection = { brokers: stack().brokers, clientId: 'test', ssl: false, sasl: null }
    const log = createMemoryLog()
    const admin = createKafkaAdmin(connection, log)
    const topic = `compressed-${codec}-${randomBytes(4).toString('hex')}`
    await admin.create([
      { topic, partitions: 1, replicationFactor: 1, config: { 'compression.type': codec } },
    ])
    const producer = createKafkaClient(connection, 'admin', log).producer({ idempotent: true })
    await producer.connect()
    const values = Array.from({ length: 300 }, (_, index) => `${index} ${'पुणे '.repeat(index)}`)
    await producer.send({ topic, messages: values.map((value) => ({ value })) })
    await producer.disconnect()
    const found: string[] = []
    const reading = { connection, admin, groupId: topic, clock: createSystemClock(), log }
    await readToEnd(reading, [topic], ({ value }) => {
      found.push(value?.toString() ?? '')
      return true
    })
    await admin.close()
    expect(found).toEqual(values)
  })
})
