import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SourceMessage } from '../../src/core/model.js'
import { createKafkaAdmin, type KafkaAdmin } from '../../src/io/kafka/admin.js'
import { type OnMessage, type ReadRange, readRanges } from '../../src/io/kafka/reader.js'
import { openWrittenEnds } from '../../src/io/kafka/written.js'
import { createSystemClock } from '../../src/io/system/clock.js'
import { connectBroker, type TestBroker, uniqueName } from '../support/broker.js'
import { stack } from '../support/stack.js'

const MESSAGES = 60
const PARTITIONS = 2
const log = { debug() {}, info() {}, warn() {}, error() {} }
const connection = { brokers: stack().brokers, clientId: 'reader-test', ssl: false, sasl: null }

let broker: TestBroker
let admin: KafkaAdmin
let topic: string
beforeAll(async () => {
  broker = await connectBroker()
  admin = createKafkaAdmin(connection, log)
  topic = await broker.createTopic({ partitions: PARTITIONS })
  for (let partition = 0; partition < PARTITIONS; partition += 1) {
    const messages = Array.from({ length: MESSAGES }, (_, n) => ({ value: String(n) }))
    await broker.append({ topic, partition }, messages)
  }
})
afterAll(async () => {
  await admin.close()
  await broker.close()
})

const all = (): ReadRange[] =>
  Array.from({ length: PARTITIONS }, (_, partition) => ({ topic, partition, from: 0, end: MESSAGES }))

async function read(ranges: readonly ReadRange[], onMessage: OnMessage, signal?: AbortSignal): Promise<void> {
  const groupId = uniqueName('reader')
  const options = { connection, admin, groupId, clock: createSystemClock(), log }
  try {
    await readRanges(signal === undefined ? options : { ...options, signal }, ranges, onMessage)
  } finally {
    const { groups } = await broker.admin.listGroups()
    expect(groups.filter((group) => group.groupId.startsWith(groupId))).toEqual([])
  }
}

const offsetsOf = (messages: readonly SourceMessage[], partition: number): number[] =>
  messages.filter((message) => message.partition === partition).map(({ offset }) => offset)

const numbers = (from: number, end: number): number[] =>
  Array.from({ length: end - from }, (_, n) => from + n)

describe('a reader of ranges', () => {
  it('reads these offsets and no other, each once and in order', async () => {
    const seen: SourceMessage[] = []
    const ranges = [
      { topic, partition: 0, from: 7, end: 31 },
      { topic, partition: 1, from: 50, end: 50 },
    ]
    await read(ranges, (message) => {
      seen.push(message)
      return undefined
    })
    expect(offsetsOf(seen, 0)).toEqual(numbers(7, 31))
    expect(offsetsOf(seen, 1)).toEqual([])
  })

  it('goes on with a partition only when what was promised for a message has come', async () => {
    const seen: SourceMessage[] = []
    const open = new Map<number, number>()
    let most = 0
    await read(all(), async (message) => {
      const now = (open.get(message.partition) ?? 0) + 1
      open.set(message.partition, now)
      most = Math.max(most, now)
      await new Promise((resolve) => setImmediate(resolve))
      seen.push(message)
      open.set(message.partition, now - 1)
    })
    expect(most).toBe(1)
    for (const partition of [0, 1]) expect(offsetsOf(seen, partition)).toEqual(numbers(0, MESSAGES))
  })

  it('leaves out nothing when a promise is kept at once', async () => {
    const seen: SourceMessage[] = []
    await read(all(), (message) => {
      seen.push(message)
      return Promise.resolve()
    })
    for (const partition of [0, 1]) expect(offsetsOf(seen, partition)).toEqual(numbers(0, MESSAGES))
  })

  it('ends with what was thrown or refused for a message, also for the very last one', async () => {
    const last = ({ offset }: SourceMessage): boolean => offset === MESSAGES - 1
    const refuse: OnMessage = (message) => (last(message) ? Promise.reject(new Error('late')) : undefined)
    await expect(read(all(), refuse)).rejects.toThrow('late')
    const fail: OnMessage = () => {
      throw new Error('at once')
    }
    await expect(read(all(), fail)).rejects.toThrow('at once')
  })

  it('ends with the reason of an abort, and does not begin when it came before', async () => {
    const controller = new AbortController()
    const reading = read(
      all(),
      () => {
        controller.abort(new Error('enough'))
        return new Promise<void>(() => undefined)
      },
      controller.signal,
    )
    await expect(reading).rejects.toThrow('enough')
    const nothing: OnMessage = () => expect.fail('nothing was to be read')
    await expect(read(all(), nothing, controller.signal)).rejects.toThrow('enough')
  })
})

describe('the ends of what is written', () => {
  it('lie behind what an open transaction has written, and those of an admin before it', async () => {
    const own = await broker.createTopic()
    const producer = broker.kafka.producer({
      ...{ transactionalId: uniqueName('open'), idempotent: true, maxInFlightRequests: 1 },
    })
    await producer.connect()
    const transaction = await producer.transaction()
    await transaction.send({ topic: own, messages: [{ value: 'x' }] })
    const written = await openWrittenEnds(connection, log)
    expect(await written.ranges(own)).toEqual([{ partition: 0, low: 0, high: 1 }])
    expect(await admin.ranges(own)).toEqual([{ partition: 0, low: 0, high: 0 }])
    await written.close()
    await transaction.abort()
    await producer.disconnect()
  })
})
