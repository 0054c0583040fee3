/** Each patch of kafkajs: what the library does as shipped, what it does for us, and that a change of its shape is noticed. */
import { createRequire } from 'node:module'
import type * as Kafkajs from 'kafkajs'
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import type { TopicPartition } from '../../src/core/model.js'
import { filterAborted } from '../../src/io/kafka/aborted-filter.js'
import { type ConsumerHooks, hookAssigner } from '../../src/io/kafka/group-hooks.js'
import { loadKafkajs, PATCHED_VERSION } from '../../src/io/kafka/patches.js'
import { beginFirst, withCluster } from '../../src/io/kafka/transactions.js'
import { connectBroker, type TestBroker, uniqueName, whenCompleted } from '../support/broker.js'
import { stack } from '../support/stack.js'
import { until } from '../support/until.js'

type Method = (this: unknown, ...args: unknown[]) => unknown
type Shape = { prototype: Record<string, Method> }

const require = createRequire(import.meta.url)
const { _extensions: extensions } = require('node:module') as {
  _extensions: Record<string, ((module: { exports: unknown }, file: string) => void) | undefined>
}
// As a host would that uses kafkajs itself: before ours is loaded, and as shipped.
const shipped = require('kafkajs') as typeof Kafkajs
const queueNow = (): Shape => require('kafkajs/src/network/requestQueue') as Shape
const clusterNow = (): Shape => require('kafkajs/src/cluster') as Shape
const shippedSchedule = queueNow().prototype['scheduleCheckPendingRequests']
const shippedRetry: unknown = clusterNow().prototype['retry']
const patched = loadKafkajs()
// Ours is another library: that of the host stays as it is.
const RequestQueue = queueNow()
const Cluster = clusterNow()

let broker: TestBroker
beforeAll(async () => {
  broker = await connectBroker()
})
afterAll(() => broker.close())

const open: Kafkajs.Consumer[] = []
afterEach(async () => {
  vi.useRealTimers()
  await Promise.all(open.splice(0).map((consumer) => consumer.disconnect()))
})

interface Reading {
  readonly consumer: Kafkajs.Consumer
  readonly values: string[]
  readonly joined: () => boolean
  readonly started: Promise<void>
}

function read(
  library: typeof Kafkajs,
  { topic, groupId = uniqueName('patches'), hooks }: ReadOptions,
): Reading {
  const kafka = new library.Kafka({ brokers: [...stack().brokers], logLevel: library.logLevel.NOTHING })
  const consumer: Kafkajs.Consumer = kafka.consumer({
    groupId,
    maxWaitTimeInMs: 50,
    partitionAssigners: [
      (args) => {
        const assigner = library.PartitionAssigners.roundRobin(args)
        return hooks === undefined
          ? assigner
          : hookAssigner(
              assigner,
              hooks(() => consumer),
            )
      },
    ],
  })
  open.push(consumer)
  const values: string[] = []
  let joins = 0
  consumer.on(consumer.events.GROUP_JOIN, () => {
    joins += 1
  })
  const begin = async (): Promise<void> => {
    await consumer.connect()
    await consumer.subscribe({ topics: [topic], fromBeginning: true })
    await consumer.run({
      autoCommit: false,
      eachMessage: async ({ message }) => void values.push(message.value?.toString() ?? ''),
    })
  }
  return { consumer, values, joined: () => joins > 0, started: begin() }
}

interface ReadOptions {
  readonly topic: string
  readonly groupId?: string
  readonly hooks?: (consumer: () => Kafkajs.Consumer) => ConsumerHooks
}

const noHooks: ConsumerHooks = {
  revoking: () => Promise.resolve(),
  outOfRange: () => undefined,
  accepts: () => true,
}

describe('records of aborted transactions', () => {
  /** A begins, B begins, B aborts, A aborts: the broker lists B before A. */
  async function overlapping(): Promise<string> {
    const topic = await broker.createTopic({ name: 'patches' })
    const begun = []
    for (const name of ['a', 'b']) {
      const transactionalId = uniqueName(name)
      const producer = broker.kafka.producer({ transactionalId, idempotent: true, maxInFlightRequests: 1 })
      await producer.connect()
      const transaction = await producer.transaction()
      await transaction.send({ topic, messages: [{ value: `aborted ${name}` }] })
      begun.push({ transactionalId, producer, transaction })
    }
    for (const { transactionalId, producer, transaction } of begun.reverse()) {
      await transaction.abort()
      await whenCompleted(broker.kafka, transactionalId)
      await producer.disconnect()
    }
    await broker.append({ topic, partition: 0 }, [{ value: 'good' }])
    return topic
  }

  it('are shown by the library as shipped when two overlap, and never by ours', async () => {
    const topic = await overlapping()
    const theirs = read(shipped, { topic })
    const ours = read(patched, { topic })
    await until('both have read to the end', () =>
      [theirs, ours].every(({ values }) => values.includes('good')),
    )
    expect(theirs.values).toEqual(['aborted a', 'good'])
    expect(ours.values).toEqual(['good'])
  })

  it('are kept from consumers of ours even where a host had loaded the library before', () => {
    expect(patched).not.toBe(shipped)
    expect(patched.Kafka).not.toBe(shipped.Kafka)
    expect(require('kafkajs')).toBe(patched)
  })

  it('stay dropped until the marker of their own producer, and commits of the same producer come through', () => {
    const row = (offset: number, producerId: string, more: object = {}) => ({
      ...{ offset: String(offset), key: null as Buffer | null, isControlRecord: false },
      batchContext: { producerId, inTransaction: true },
      ...more,
    })
    const marker = (offset: number, producerId: string, type: 'abort' | 'commit') =>
      row(offset, producerId, {
        isControlRecord: true,
        key: Buffer.from([0, 0, 0, type === 'abort' ? 0 : 1]),
      })
    const messages = [
      row(0, '1'),
      row(1, '2'),
      row(2, '1', { batchContext: { producerId: '1', inTransaction: false } }),
      marker(3, '2', 'commit'),
      marker(4, '1', 'abort'),
      row(5, '1'),
    ]
    const kept = filterAborted({ messages, abortedTransactions: [{ producerId: '1', firstOffset: '0' }] })
    expect(kept.map((message) => message.offset)).toEqual(['1', '2', '3', '4', '5'])
    expect(filterAborted({ messages, abortedTransactions: null })).toBe(messages)
  })
})

describe('the timer of an idle connection', () => {
  const queueOf = (schedule: Method | undefined) => ({
    ...{ pending: [] as unknown[], throttledUntil: -1, throttleCheckTimeoutId: null },
    scheduleCheckPendingRequests: schedule,
    checkPendingRequests(this: { scheduleCheckPendingRequests: () => void }) {
      this.scheduleCheckPendingRequests()
    },
  })
  /** How often a queue wakes up in a second. */
  async function wakesPerSecond(schedule: Method | undefined, more: object = {}): Promise<number> {
    vi.useFakeTimers()
    const queue = { ...queueOf(schedule), ...more }
    const wakes = vi.spyOn(queue, 'checkPendingRequests')
    schedule?.call(queue)
    await vi.advanceTimersByTimeAsync(1000)
    vi.useRealTimers()
    return wakes.mock.calls.length
  }

  it('never stops as shipped, and does not start in ours', async () => {
    const ours = RequestQueue.prototype['scheduleCheckPendingRequests']
    expect(await wakesPerSecond(shippedSchedule)).toBeGreaterThan(500)
    expect(await wakesPerSecond(ours)).toBe(0)
  })

  it('still runs in ours while requests wait or the broker throttles', async () => {
    const ours = RequestQueue.prototype['scheduleCheckPendingRequests']
    expect(await wakesPerSecond(ours, { pending: [{}] })).toBeGreaterThan(50)
    expect(await wakesPerSecond(ours, { throttledUntil: Date.now() + 500 })).toBe(1)
  })

  it('is looked at through the members that the patch reads', () => {
    const Queue = require('kafkajs/src/network/requestQueue') as new (options: object) => object
    const queue = new Queue({ maxInFlightRequests: null, requestTimeout: 1, logger: {} })
    expect(queue).toMatchObject({ pending: [], throttledUntil: -1, throttleCheckTimeoutId: null })
  })
})

describe('InitProducerId', () => {
  /** Refusals that a producer lives through before its former transaction has ended. */
  async function outlasts(retry: unknown, refusals: number): Promise<boolean> {
    vi.useFakeTimers()
    const createEosManager = require('kafkajs/src/producer/eosManager') as (options: object) => {
      initProducerId(): Promise<void>
    }
    let left = refusals
    const coordinator = {
      async initProducerId() {
        left -= 1
        if (left >= 0) throw Object.assign(new Error('refused'), { type: 'CONCURRENT_TRANSACTIONS' })
        return { producerId: 1, producerEpoch: 0 }
      },
    }
    // What the library hands over is its cluster: `retry` is found on the prototype or not at all.
    const cluster = {
      ...{ retry, refreshMetadataIfNecessary: async () => undefined },
      findGroupCoordinator: async () => coordinator,
    }
    const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
    const manager = createEosManager({ logger, cluster, transactional: true, transactionalId: 'id' })
    const ended = manager.initProducerId().then(
      () => true,
      () => false,
    )
    await vi.advanceTimersByTimeAsync(60_000)
    vi.useRealTimers()
    return ended
  }

  it('gives up early as shipped, and waits for the end of the former transaction in ours', async () => {
    expect(shippedRetry).toBeUndefined()
    const ours: unknown = Cluster.prototype['retry']
    expect(await outlasts(shippedRetry, 30)).toBe(false)
    expect(await outlasts(ours, 30)).toBe(true)
  })

  it('asks again within 50 ms in ours', () => {
    expect(Cluster.prototype['retry']).toMatchObject({ initialRetryTime: 10, maxRetryTime: 50 })
  })
})

describe('a join of the group', () => {
  it('waits for work in flight in ours, and asks nobody as shipped', async () => {
    const topic = await broker.createTopic({ name: 'patches' })
    let release = (): void => undefined
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    let asked = 0
    const hooks = (): ConsumerHooks => ({
      ...noHooks,
      revoking() {
        asked += 1
        return held
      },
    })
    const theirs = read(shipped, { topic, hooks })
    await until('the group is joined', theirs.joined)
    expect(asked).toBe(0)

    const groupId = uniqueName('patches')
    const ours = read(patched, { topic, groupId, hooks })
    await until('the question', () => asked === 1)
    const { groups } = await broker.admin.describeGroups([groupId])
    expect(groups[0]?.members).toEqual([])
    expect(ours.joined()).toBe(false)
    release()
    await until('the join', ours.joined)
  })
})

describe('a position outside of the log', () => {
  async function behindTheLog(): Promise<{ at: TopicPartition; groupId: string }> {
    const at = { topic: await broker.createTopic({ name: 'patches' }), partition: 0 }
    const groupId = uniqueName('patches')
    await broker.append(
      at,
      Array.from({ length: 10 }, (_, i) => ({ value: `v${i}` })),
    )
    await broker.setCommitted(groupId, at, 2)
    await broker.deleteBefore(at, 5)
    return { at, groupId }
  }

  it('is reset in silence as shipped: the committed offset is gone', async () => {
    const { at, groupId } = await behindTheLog()
    const theirs = read(shipped, { topic: at.topic, groupId })
    await until('the end', () => theirs.values.includes('v9'))
    expect(theirs.values[0]).toBe('v5')
    expect(await broker.committed(groupId, at)).not.toBe(2)
  })

  it('is reported by ours: nothing is reset, committed or read', async () => {
    const { at, groupId } = await behindTheLog()
    const reported: TopicPartition[] = []
    const hooks = (consumer: () => Kafkajs.Consumer): ConsumerHooks => ({
      ...noHooks,
      outOfRange(where) {
        reported.push(where)
        consumer().pause([{ topic: where.topic, partitions: [where.partition] }])
      },
    })
    const ours = read(patched, { topic: at.topic, groupId, hooks })
    await until('the report', () => reported.length > 0)
    let rounds = 0
    ours.consumer.on(ours.consumer.events.FETCH, () => {
      rounds += 1
    })
    await until('more rounds of fetching', () => rounds > 3)
    expect(reported).toEqual([at])
    expect(ours.values).toEqual([])
    expect(await broker.committed(groupId, at)).toBe(2)
  })
})

describe('a library of another shape', () => {
  const fresh = async () => {
    vi.resetModules()
    return import('../../src/io/kafka/patches.js')
  }

  /** Until the test ends, the module of the library is loaded without this method. */
  function loadWithout(module: string, method: string): void {
    const path = require.resolve(module)
    delete require.cache[path]
    const shippedCompile = extensions['.js']
    extensions['.js'] = (loading, file) => {
      shippedCompile?.(loading, file)
      if (file === path) delete (loading.exports as Shape).prototype[method]
    }
    onTestFinished(() => {
      extensions['.js'] = shippedCompile
      delete require.cache[path]
    })
  }

  it('is refused when its version is another one', async () => {
    const manifest = require('kafkajs/package.json') as { version: string }
    manifest.version = '2.3.0'
    const other = await fresh()
    expect(other.loadKafkajs).toThrow(/kafkajs 2\.3\.0 is installed/)
    manifest.version = PATCHED_VERSION
    const right = await fresh()
    expect(right.loadKafkajs).not.toThrow()
    expect(right.skippedPatches()).toEqual([])
  })

  it.each([
    ['kafkajs/src/network/connection', 'connect'],
    ['kafkajs/src/network/connectionPool', 'send'],
    ['kafkajs/src/consumer/consumerGroup', 'joinAndSync'],
    ['kafkajs/src/consumer/consumerGroup', 'recoverFromOffsetOutOfRange'],
    ['kafkajs/src/consumer/consumerGroup', 'commitOffsets'],
    ['kafkajs/src/consumer/runner', 'handleBatch'],
  ])('is refused without %s %s', async (module, method) => {
    loadWithout(module, method)
    const { loadKafkajs: load } = await fresh()
    expect(load).toThrow(`${module} has no ${method}`)
  })

  it.each([
    ['kafkajs/src/network/requestQueue', 'scheduleCheckPendingRequests', 'idle timer'],
    ['kafkajs/src/cluster', 'findGroupCoordinator', 'coordinators'],
  ])('is taken without %s %s, which is patched for speed alone', async (module, method, name) => {
    loadWithout(module, method)
    const { loadKafkajs: load, skippedPatches } = await fresh()
    expect(load).not.toThrow()
    expect(skippedPatches()).toEqual([name])
  })
})

describe('the transaction of a producer', () => {
  it('is handed out in ours, and nowhere as shipped', async () => {
    const create = (library: typeof Kafkajs) => () =>
      new library.Kafka({ brokers: [...stack().brokers] }).producer({
        transactionalId: uniqueName('patches'),
      })
    expect(() => withCluster(create(shipped))).toThrow('makes its transactions in another way')
    const { producer, cluster } = withCluster(create(patched))
    onTestFinished(() => producer.disconnect())
    await producer.connect()
    const { transaction, manager } = await beginFirst(producer)
    expect(Number(manager.getProducerId())).toBeGreaterThanOrEqual(0)
    expect(typeof cluster.findGroupCoordinator).toBe('function')
    await transaction.abort()
  })
})
