import { describe, expect, test } from 'vitest'
import type { Output, TopicPartition } from '../../../src/core/model.js'
import type { Committer, Delivery } from '../../../src/core/ports.js'
import { BrokerError, type BrokerErrorCode } from '../../../src/io/memory/broker-error.js'
import { createVirtualClock } from '../../../src/io/memory/clock.js'
import { createMemoryDelivery, type MemoryDeliveryOptions } from '../../../src/io/memory/delivery.js'
import { createMemoryBroker } from '../../../src/io/memory/kafka.js'
import type { Fault, Operation } from '../../../src/io/memory/network.js'
import { createSeededRandom } from '../../../src/io/memory/random.js'

const IN: TopicPartition = { topic: 'in', partition: 0 }
const OUT: TopicPartition = { topic: 'out', partition: 0 }
const message = (value: string) => ({ key: null, value: Buffer.from(value), headers: [] })
const output = (value: string): Output => ({
  topic: 'out',
  sourcePartition: 0,
  ...message(value),
  value: Buffer.from(value),
})

function createWorld() {
  const clock = createVirtualClock({ start: 0 })
  const random = createSeededRandom(1)
  const broker = createMemoryBroker({ clock, random, maxMarkerDelayMs: 10 })
  broker.createTopic('in', 1)
  broker.createTopic('out', 1)
  broker.append(
    IN,
    Array.from({ length: 20 }, (_, i) => message(`e${i}`)),
  )
  const values = () => broker.rows('out').map((row) => row.value?.toString())
  const delivery = (options: Partial<MemoryDeliveryOptions> = {}) =>
    createMemoryDelivery(broker, { groupId: 'g', transactional: true, clock, random, ...options })
  const open = async (from: Delivery): Promise<Committer> => {
    const [opened] = await clock.drive(Promise.all(from.open([IN], new AbortController().signal)))
    if (opened === undefined || opened instanceof Error) throw opened ?? new Error('nothing opened')
    return opened
  }
  return { clock, broker, values, delivery, open }
}

function refusal(run: () => unknown): BrokerErrorCode | null {
  try {
    run()
    return null
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error
    return error.code
  }
}

/** Only the first request of this kind is hit. */
function once(operation: Operation, fault: Fault) {
  let used = false
  return (asked: Operation): Fault | null => {
    if (used || asked !== operation) return null
    used = true
    return fault
  }
}

describe('the log', () => {
  test('markers take offsets, and readers stop at the first open transaction', async () => {
    const { clock, broker } = createWorld()
    const log = broker.log(OUT)
    const first = broker.transactions.init('first', 60_000)
    const second = broker.transactions.init('second', 60_000)
    broker.transactions.produce(first, log, [message('a')])
    broker.transactions.produce(second, log, [message('b')])
    broker.append(OUT, [message('plain')])
    broker.transactions.end(second, true)
    await clock.advance(20)
    expect([log.lastStable(), log.end()]).toEqual([0, 4])
    expect(log.read(0, 10)).toEqual({ slots: [], next: 0, endOffset: 4 })
    broker.transactions.end(first, false)
    await clock.advance(20)
    expect([log.lastStable(), log.end()]).toEqual([5, 5])
    expect(log.read(0, 10).slots.map((slot) => slot.offset)).toEqual([1, 2])
    expect(log.read(0, 10).next).toBe(5)
    expect(log.slots()).toHaveLength(5)
  })

  test('a watcher is called once, when the last stable offset has passed it', async () => {
    const { clock, broker } = createWorld()
    const log = broker.log(OUT)
    let calls = 0
    const session = broker.transactions.init('t', 60_000)
    broker.transactions.produce(session, log, [message('a')])
    log.watch(0, () => {
      calls += 1
    })
    broker.append(OUT, [message('behind the open one')])
    expect(calls).toBe(0)
    broker.transactions.end(session, true)
    await clock.advance(20)
    expect(calls).toBe(1)
    broker.append(OUT, [message('more')])
    expect(calls).toBe(1)
    log.watch(0, () => {
      calls += 1
    })
    expect(calls).toBe(2)
  })

  test('a read outside of the log is refused on both sides', () => {
    const { broker } = createWorld()
    const log = broker.log(IN)
    log.deleteBefore(5)
    expect(refusal(() => log.read(4, 1))).toBe('OFFSET_OUT_OF_RANGE')
    expect(refusal(() => log.read(21, 1))).toBe('OFFSET_OUT_OF_RANGE')
    expect(log.read(20, 1)).toEqual({ slots: [], next: 20, endOffset: 20 })
  })
})

describe('the transaction coordinator', () => {
  test('a session of an older epoch is refused in everything', async () => {
    const { broker } = createWorld()
    const { transactions } = broker
    const old = transactions.init('t', 60_000)
    transactions.init('t', 60_000)
    expect(refusal(() => transactions.produce(old, broker.log(OUT), [message('x')]))).toBe(
      'INVALID_PRODUCER_EPOCH',
    )
    expect(refusal(() => transactions.offsets(old, 'g', IN, 1))).toBe('INVALID_PRODUCER_EPOCH')
    expect(refusal(() => transactions.end(old, true))).toBe('INVALID_PRODUCER_EPOCH')
  })

  test('while an end is being completed everything but time is CONCURRENT_TRANSACTIONS', async () => {
    const { clock, broker } = createWorld()
    const { transactions } = broker
    const session = transactions.init('t', 60_000)
    transactions.produce(session, broker.log(OUT), [message('x')])
    transactions.end(session, true)
    expect(refusal(() => transactions.init('t', 60_000))).toBe('CONCURRENT_TRANSACTIONS')
    expect(refusal(() => transactions.offsets(session, 'g', IN, 1))).toBe('CONCURRENT_TRANSACTIONS')
    await clock.advance(20)
    expect(transactions.init('t', 60_000).epoch).toBe(session.epoch + 1)
  })

  test('the offset of a transaction is stale until its marker is written, and final after the next InitProducerId', async () => {
    const { clock, broker } = createWorld()
    const { transactions, offsets } = broker
    const session = transactions.init('t', 60_000)
    transactions.produce(session, broker.log(OUT), [message('x')])
    transactions.offsets(session, 'g', IN, 7)
    transactions.end(session, true)
    expect(offsets.committed('g', IN)).toBeNull()
    while (refusal(() => transactions.init('t', 60_000)) !== null) await clock.advance(1)
    expect(offsets.committed('g', IN)).toBe(7)
  })

  test('at least once, an offset is taken only within the generation that the partition was opened in', async () => {
    const { clock, broker, delivery, open } = createWorld()
    const late = await open(delivery({ transactional: false }))
    const request = { topics: ['in'], sessionTimeoutMs: 5000, rebalanceTimeoutMs: 5000 }
    await clock.drive(broker.group('g').join({ ...request, memberId: 'm' }))
    const present = await open(delivery({ transactional: false }))
    await clock.drive(present.commit({ outputs: [], next: 9 }))
    await expect(clock.drive(late.commit({ outputs: [], next: 4 }))).rejects.toThrow('ILLEGAL_GENERATION')
    expect(broker.offsets.committed('g', IN)).toBe(9)
  })

  test('an offset that is put back leaves the furthest one known', () => {
    const { offsets } = createWorld().broker
    expect(offsets.furthest('g', IN)).toBeNull()
    for (const offset of [4, 9, 7]) offsets.commit('g', IN, offset)
    expect([offsets.committed('g', IN), offsets.furthest('g', IN)]).toEqual([7, 9])
  })

  test('a transaction that stays open too long is aborted, and its owner fenced', async () => {
    const { clock, broker, values } = createWorld()
    const { transactions } = broker
    const session = transactions.init('t', 1000)
    transactions.produce(session, broker.log(OUT), [message('x')])
    transactions.offsets(session, 'g', IN, 7)
    await clock.advance(1100)
    expect(refusal(() => transactions.end(session, true))).toBe('INVALID_PRODUCER_EPOCH')
    expect(values()).toEqual([])
    expect(broker.offsets.committed('g', IN)).toBeNull()
    expect(broker.log(OUT).lastStable()).toBe(2)
  })
})

describe('the unknown outcome of a request', () => {
  test.each<[Operation, Fault['kind'], number]>([
    ['produce', 'lost-request', 0],
    ['produce', 'lost-reply', 0],
    ['txn-offsets', 'lost-request', 0],
    ['txn-offsets', 'lost-reply', 0],
    ['end-txn', 'lost-request', 0],
    ['end-txn', 'lost-reply', 1],
  ])(
    '%s %s: the commit throws, and the next owner finds the offset %s',
    async (operation, kind, expected) => {
      const { clock, values, delivery, open } = createWorld()
      const fault: Fault = kind === 'late' ? { kind, delayMs: 1 } : { kind }
      const committer = await open(delivery({ faults: once(operation, fault) }))
      const written = clock.drive(committer.commit({ outputs: [output('x')], next: 1 }))
      await expect(written).rejects.toThrow('REQUEST_TIMED_OUT')
      const next = await open(delivery())
      expect(next.start).toEqual({ kind: 'start', offset: expected })
      expect(values()).toEqual(expected === 1 ? ['x'] : [])
    },
  )

  test('a request that arrives after the fence is refused', async () => {
    const { clock, broker, values, delivery, open } = createWorld()
    const committer = await open(delivery({ faults: once('produce', { kind: 'late', delayMs: 20_000 }) }))
    await expect(clock.drive(committer.commit({ outputs: [output('late')], next: 1 }))).rejects.toThrow()
    const next = await open(delivery())
    await clock.drive(next.commit({ outputs: [output('again')], next: 1 }))
    await clock.advance(60_000)
    expect(values()).toEqual(['again'])
    expect(broker.rows('out', { committedOnly: false })).toHaveLength(1)
  })

  test('at least once: a lost answer of the offset leaves the records', async () => {
    const { clock, values, delivery, open } = createWorld()
    const faults = once('offset-commit', { kind: 'lost-request' })
    const committer = await open(delivery({ transactional: false, faults }))
    await expect(clock.drive(committer.commit({ outputs: [output('x')], next: 1 }))).rejects.toThrow()
    expect((await open(delivery({ transactional: false }))).start).toEqual({ kind: 'start', offset: 0 })
    expect(values()).toEqual(['x'])
  })

  test('while the broker is down nothing opens, and later it does', async () => {
    const { clock, broker, delivery, open } = createWorld()
    broker.setAvailable(false)
    const [opened] = await clock.drive(Promise.all(delivery().open([IN], new AbortController().signal)))
    expect(opened).toBeInstanceOf(Error)
    broker.setAvailable(true)
    expect((await open(delivery())).start).toEqual({ kind: 'start', offset: 0 })
  })
})
