/** A group member over consumers that are moved by hand, on a virtual clock. */
import { describe, expect, it } from 'vitest'
import type { SourceMessage, TopicPartition } from '../../../src/core/model.js'
import type { SourceListener } from '../../../src/core/ports.js'
import type { CreateConsumer, LibraryConsumer } from '../../../src/io/kafka/consumer.js'
import type { ConsumerHooks } from '../../../src/io/kafka/group-hooks.js'
import { createGroupSource } from '../../../src/io/kafka/source.js'
import { createVirtualClock } from '../../../src/io/memory/clock.js'
import { createMemoryLog } from '../../../src/io/memory/log.js'
import { createMemoryMetrics } from '../../../src/io/memory/metrics.js'

const AT: TopicPartition = { topic: 'events', partition: 0 }
type Handler = (event: { payload: object }) => void

/** A consumer of the library, as far as the source sees it. */
class HandConsumer {
  readonly notes: string[] = []
  readonly hooks: ConsumerHooks
  disconnected = 0
  socketsClosed = false
  /** What the library says of itself once it has forgotten its group. */
  hasGroup = false
  connecting: Promise<void> = Promise.resolve()
  disconnecting: Promise<void> = Promise.resolve()
  committing: Promise<void> = Promise.resolve()
  private eachBatch: ((payload: object) => Promise<void>) | undefined
  private readonly handlers = new Map<string, Handler[]>()
  readonly events = Object.fromEntries(
    ['GROUP_JOIN', 'HEARTBEAT', 'FETCH_START', 'FETCH', 'END_BATCH_PROCESS', 'STOP', 'CRASH'].map((name) => [
      name,
      name,
    ]),
  )

  constructor(hooks: ConsumerHooks) {
    this.hooks = hooks
  }

  on(name: string, handler: Handler): void {
    this.handlers.set(name, [...(this.handlers.get(name) ?? []), handler])
  }
  emit(name: string, payload: object = {}): void {
    for (const handler of this.handlers.get(name) ?? []) handler({ payload })
  }
  connect = (): Promise<void> => this.connecting
  async subscribe(): Promise<void> {}
  async run(options: { eachBatch: (payload: object) => Promise<void> }): Promise<void> {
    this.eachBatch = options.eachBatch
  }
  private note(text: string): void {
    if (!this.hasGroup)
      throw new Error('Consumer group was not initialized, consumer#run must be called first')
    this.notes.push(text)
  }
  pause = ([one]: readonly { partitions: number[] }[]): void => this.note(`pause ${one?.partitions}`)
  resume = ([one]: readonly { partitions: number[] }[]): void => this.note(`resume ${one?.partitions}`)
  seek = ({ partition, offset }: { partition: number; offset: string }): void =>
    this.note(`seek ${partition} ${offset}`)
  async commitOffsets([one]: readonly { partition: number; offset: string }[]): Promise<void> {
    await this.committing
    this.note(`commit ${one?.partition} ${one?.offset}`)
  }
  async disconnect(): Promise<void> {
    this.disconnected += 1
    await this.disconnecting
    this.stopGroup()
  }
  stopGroup(): void {
    this.hasGroup = false
    this.emit('STOP')
  }

  async join(partitions: readonly number[] = [0]): Promise<void> {
    await this.hooks.revoking()
    this.hasGroup = true
    this.emit('GROUP_JOIN', { memberAssignment: { events: partitions } })
    this.works()
  }
  works(): void {
    this.emit('FETCH_START', { nodeId: 1 })
    this.emit('FETCH', { nodeId: 1 })
    this.emit('HEARTBEAT')
  }
  crash(error: Error): void {
    this.stopGroup()
    this.emit('CRASH', { error, restart: false })
  }

  /** Out: the offset that was resolved; null: none; 'dropped': nobody was asked. */
  async deliver(fetchedOffset: number, offsets: readonly number[], last = offsets.at(-1)) {
    const passesTo = offsets.length === 0 ? (last ?? fetchedOffset) + 1 : null
    if (!this.hooks.accepts({ at: AT, fetchedOffset, passesTo })) return 'dropped'
    let resolved: string | null = null
    if (offsets.length > 0) {
      const messages = offsets.map((offset) => ({
        offset: String(offset),
        timestamp: '1',
        key: null,
        value: null,
      }))
      await this.eachBatch?.({
        batch: { ...AT, messages, highWatermark: '999', lastOffset: () => String(last) },
        resolveOffset: (offset: string) => {
          resolved = offset
        },
        isRunning: () => true,
        isStale: () => false,
      })
    }
    return resolved
  }
}

function scene(prepare: (consumer: HandConsumer, index: number) => void = () => undefined) {
  const clock = createVirtualClock({ start: 0 })
  const log = createMemoryLog()
  const metrics = createMemoryMetrics()
  const consumers: HandConsumer[] = []
  const create: CreateConsumer = (hooks) => {
    const consumer = new HandConsumer(hooks)
    prepare(consumer, consumers.length)
    consumers.push(consumer)
    const sockets = {
      close: () => {
        consumer.socketsClosed = true
      },
    }
    return { consumer: consumer as unknown as LibraryConsumer, sockets }
  }
  const told: string[] = []
  const taken: number[] = []
  let takes = Number.POSITIVE_INFINITY
  const listener: SourceListener = {
    async revoking() {
      told.push('revoking')
    },
    assigned: (partitions) => void told.push(`assigned ${partitions.map((at) => at.partition)}`),
    messages(_, batch: readonly SourceMessage[]) {
      const mine = batch.slice(0, takes)
      taken.push(...mine.map(({ offset }) => offset))
      return mine.length
    },
    heartbeat: () => undefined,
    outOfRange: () => undefined,
  }
  const source = createGroupSource(
    {
      connection: { brokers: ['one:9092'], clientId: 'test', ssl: false, sasl: null },
      ...{ groupId: 'group', topics: ['events'], sessionTimeoutMs: 6000, rebalanceDrainMs: 1000 },
      ...{ clock, log, metrics },
    },
    create,
  )
  const last = (): HandConsumer => {
    const consumer = consumers.at(-1)
    if (consumer === undefined) throw new Error('no consumer was made')
    return consumer
  }
  const begin = async (): Promise<HandConsumer> => {
    const started = source.start(listener)
    await clock.settle()
    await last().join()
    await started
    return last()
  }
  const take = (most: number): void => {
    takes = most
  }
  return { clock, log, metrics, consumers, source, listener, told, taken, last, begin, take }
}

/** Real time goes by, for what waits on timers of node. */
const moment = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

describe('a group member', () => {
  it('begins a new consumer after a crash, at a growing distance, and is told of each join', async () => {
    const { begin, clock, consumers, last, told, metrics, source } = scene()
    await begin()
    for (const waitMs of [250, 500, 1000]) {
      const count = consumers.length
      last().crash(Object.assign(new Error('x'), { type: 'COORDINATOR_LOAD_IN_PROGRESS' }))
      await clock.settle()
      await clock.advance(waitMs - 1)
      expect(consumers.length).toBe(count)
      await clock.advance(1)
      expect(consumers.length).toBe(count + 1)
      await last().join()
    }
    expect(told.filter((one) => one === 'assigned 0')).toHaveLength(4)
    expect(metrics.value('attestr_consumer_restarts_total', { reason: 'crash' })).toBe(3)
    await source.stop()
  })

  it('waits for a broker that is not there, and its start ends with the first join', async () => {
    const { clock, consumers, source, listener, last, log } = scene((consumer, index) => {
      if (index < 3) consumer.connecting = Promise.reject(new Error('refused'))
    })
    let started = false
    const starting = source.start(listener).then(() => {
      started = true
    })
    await clock.advance(5000)
    expect(consumers.length).toBe(4)
    expect(started).toBe(false)
    await last().join()
    await starting
    expect(log.of('broker-unreachable').map(({ level }) => level)).toEqual(['warn'])
    await source.stop()
  })

  it.each([
    ['its fetch is not answered', 'stuck-fetch', (consumer: HandConsumer) => consumer.emit('HEARTBEAT')],
    [
      'its heartbeats stop',
      'no-heartbeat',
      (consumer: HandConsumer) => consumer.emit('FETCH', { nodeId: 1 }),
    ],
  ])('begins a new consumer when %s, though no error says so', async (_, reason, does) => {
    const { begin, clock, consumers, metrics, source, log, last } = scene()
    const stuck = await begin()
    for (let passed = 0; passed < 30_000 && consumers.length === 1; passed += 500) {
      does(stuck)
      await clock.advance(500)
    }
    expect(consumers.length).toBe(2)
    expect(metrics.value('attestr_consumer_restarts_total', { reason })).toBe(1)
    expect(log.of('consumer-restarts')[0]?.fields).toMatchObject({ reason })
    expect([stuck.disconnected, stuck.socketsClosed]).toEqual([1, true])
    await last().join()
    await source.stop()
  })

  it('begins a new consumer when the join never ends', async () => {
    const { clock, consumers, source, listener, last } = scene()
    const starting = source.start(listener)
    await clock.advance(60_000)
    expect(consumers.length).toBeGreaterThan(1)
    await last().join()
    await starting
    await source.stop()
  })

  it('leaves a consumer behind that does not end, and hears nothing of it any more', async () => {
    const { begin, clock, consumers, told, taken, source, last } = scene((consumer, index) => {
      if (index === 0) consumer.disconnecting = new Promise(() => undefined)
    })
    const first = await begin()
    first.crash(new Error('x'))
    await clock.settle()
    await moment(1100)
    await clock.advance(1000)
    expect(consumers.length).toBe(2)
    expect(first.socketsClosed).toBe(true)
    await last().join([1])
    const before = told.length
    await first.join()
    expect(await first.deliver(0, [0, 1])).toBe('dropped')
    expect([told.length, taken]).toEqual([before, []])
    await source.stop()
  })

  it('does not let a pause or a seek fail while the library has no group', async () => {
    const { begin, source } = scene()
    const consumer = await begin()
    source.seek(AT, 5)
    expect(consumer.notes).toEqual(['pause 0', 'seek 0 5'])
    consumer.stopGroup()
    source.pause(AT)
    source.resume(AT)
    source.seek(AT, 7)
    expect(consumer.notes).toHaveLength(2)
    await source.stop()
  })

  it('stops at once while it waits to begin anew', async () => {
    const { begin, clock, consumers, source } = scene()
    const consumer = await begin()
    consumer.crash(new Error('x'))
    await clock.settle()
    await source.stop()
    await clock.advance(60_000)
    expect(consumers.length).toBe(1)
    expect(clock.pending()).toBe(0)
  })

  it('tells when the trouble is over: a minute without a fault', async () => {
    const { begin, clock, last, log, source } = scene()
    await begin()
    for (let times = 0; times < 2; times += 1) {
      last().crash(new Error('x'))
      await clock.advance(1000)
      await last().join()
    }
    for (let passed = 0; passed < 61_000; passed += 500) {
      last().works()
      await clock.advance(500)
    }
    expect(log.of('consumer-steady').map(({ fields }) => fields)).toEqual([{ restarts: 2 }])
    await source.stop()
  })
})

describe('a batch', () => {
  it('that was fetched for a position of before is dropped, and the right one is sought again', async () => {
    const { begin, source, taken, log } = scene()
    const consumer = await begin()
    source.seek(AT, 100)
    expect(await consumer.deliver(500, [500, 501])).toBe('dropped')
    expect(consumer.notes.slice(-2)).toEqual(['seek 0 100', 'seek 0 100'])
    expect(await consumer.deliver(100, [100, 103])).toBe('103')
    expect(taken).toEqual([100, 103])
    expect(log.of('batch-dropped')[0]?.fields).toMatchObject({ fetched: 500, expected: 100 })
    await source.stop()
  })

  it('of control records alone that was fetched for another position is dropped too', async () => {
    const { begin, source } = scene()
    const consumer = await begin()
    source.seek(AT, 100)
    expect(await consumer.deliver(500, [], 502)).toBe('dropped')
    expect(await consumer.deliver(100, [], 102)).toBeNull()
    expect(await consumer.deliver(103, [103])).toBe('103')
    await source.stop()
  })

  it('is gone on behind with its control records when it was taken whole, else behind the last message taken', async () => {
    const { begin, source, take, taken } = scene()
    const consumer = await begin()
    source.seek(AT, 0)
    expect(await consumer.deliver(0, [0, 1, 2], 4)).toBe('2')
    take(1)
    expect(await consumer.deliver(5, [5, 6])).toBe('5')
    expect(await consumer.deliver(6, [6])).toBe('6')
    take(0)
    expect(await consumer.deliver(7, [7])).toBeNull()
    expect(consumer.notes.at(-1)).toBe('pause 0')
    take(1)
    expect(await consumer.deliver(7, [7])).toBe('7')
    expect(taken).toEqual([0, 1, 2, 5, 6, 7])
    await source.stop()
  })
})

describe('a commit for at-least-once delivery', () => {
  it('is refused once the partitions were given up, even when they came back', async () => {
    const { begin, source } = scene()
    const consumer = await begin()
    const claim = source.claim(AT)
    await claim.commit(5)
    expect(consumer.notes.at(-1)).toBe('commit 0 5')
    await consumer.hooks.revoking()
    await expect(claim.commit(6)).rejects.toThrow('given up')
    consumer.emit('GROUP_JOIN', { memberAssignment: { events: [0] } })
    await expect(claim.commit(6)).rejects.toThrow('given up')
    await source.claim(AT).commit(7)
    expect(consumer.notes.at(-1)).toBe('commit 0 7')
    await source.stop()
  })

  it('is refused after its consumer has ended, and before the next has joined', async () => {
    const { begin, clock, source, last } = scene()
    const consumer = await begin()
    const claim = source.claim(AT)
    consumer.crash(new Error('x'))
    await expect(claim.commit(5)).rejects.toThrow('given up')
    await clock.advance(1000)
    await expect(claim.commit(5)).rejects.toThrow('given up')
    await last().join()
    await expect(claim.commit(5)).rejects.toThrow('given up')
    await source.stop()
  })

  it('that was under way when the partitions were given up has not succeeded for sure', async () => {
    const { begin, source } = scene()
    const consumer = await begin()
    let go = (): void => undefined
    consumer.committing = new Promise((resolve) => {
      go = resolve
    })
    const late = expect(source.claim(AT).commit(5)).rejects.toThrow('given up')
    await consumer.hooks.revoking()
    go()
    await late
    await source.stop()
  })
})
