import type { CompressionTypes } from 'kafkajs'
import { expect, it, vi } from 'vitest'
import type { TopicPartition } from '../../../src/core/model.js'
import type { KafkaAdmin } from '../../../src/io/kafka/admin.js'
import {
  createDelivery,
  type KafkaDeliveryOptions,
  type PartitionProducer,
} from '../../../src/io/kafka/delivery.js'
import { createMemoryLog } from '../../../src/io/memory/log.js'
import { until } from '../../support/until.js'

/** An assignment that stands. */
const ASSIGNED = new AbortController().signal

const AT: TopicPartition = { topic: 'events', partition: 0 }
const OTHER: TopicPartition = { topic: 'events', partition: 1 }

/** Opens and writes when it is told to. */
class HandProducer implements PartitionProducer {
  closed = 0
  opened: Promise<unknown> = Promise.resolve()
  state: 'ready' | 'again' = 'ready'
  written: Promise<void> = Promise.resolve()
  open(_: AbortSignal): Promise<'ready' | 'again'> {
    return this.opened.then(() => this.state)
  }
  write = (): Promise<void> => this.written
  async close(): Promise<void> {
    this.closed += 1
  }
}

/** What can begin has begun. */
const moment = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

function held(): { readonly promise: Promise<void>; readonly go: () => void } {
  let go = (): void => undefined
  const promise = new Promise<void>((resolve) => {
    go = resolve
  })
  return { promise, go }
}

interface Scene {
  readonly producers: readonly HandProducer[]
  readonly limitMs?: number
  readonly committed?: KafkaAdmin['committed']
}

function scene({ producers, limitMs = 5000, committed }: Scene) {
  const asked: (readonly number[])[] = []
  const admin = {
    committed: async (groupId: string, topic: string, wanted: readonly number[] = []) => {
      asked.push(wanted)
      if (committed !== undefined) return committed(groupId, topic, wanted)
      return new Map([0, 1].map((partition) => [partition, 4]))
    },
    ranges: async () => [0, 1].map((partition) => ({ partition, low: 0, high: 9 })),
  } as unknown as KafkaAdmin
  const options: KafkaDeliveryOptions = {
    ...{ admin, transactionTimeoutMs: limitMs, groupId: 'group', compression: 0 as CompressionTypes },
    ...{ connection: { brokers: [], clientId: 'test', ssl: false, sasl: null }, log: createMemoryLog() },
  }
  const left = [...producers]
  const delivery = createDelivery(options, () => () => left.shift() ?? new HandProducer())
  return { delivery, asked }
}

it('a producer that comes after its time limit is closed: nobody holds it', async () => {
  const producer = new HandProducer()
  const opening = held()
  producer.opened = opening.promise
  const { delivery } = scene({ producers: [producer], limitMs: 5 })
  const [opened] = await Promise.all(delivery.open([AT], ASSIGNED))
  expect(opened).toMatchObject({ name: 'DeadlineExceeded' })
  opening.go()
  await until('the producer is closed', () => producer.closed === 1)
})

it('a producer without a start offset is closed', async () => {
  const [good, bad] = [new HandProducer(), new HandProducer()]
  const { delivery } = scene({ producers: [good, bad] })
  const [known, unknown] = await Promise.all(delivery.open([AT, { topic: 'events', partition: 7 }], ASSIGNED))
  expect(known).toMatchObject({ start: { kind: 'start', offset: 4 } })
  expect(unknown).toBeInstanceOf(Error)
  expect([good.closed, bad.closed]).toEqual([0, 1])
})

it('a partition that does not open holds up no other one', async () => {
  const stuck = new HandProducer()
  stuck.opened = new Promise(() => undefined)
  const { delivery } = scene({ producers: [stuck, new HandProducer()] })
  const [first, second] = delivery.open([AT, OTHER], ASSIGNED)
  let over = false
  void first?.then(() => {
    over = true
  })
  expect(await second).toMatchObject({ start: { kind: 'start', offset: 4 } })
  expect(over).toBe(false)
  await delivery.close()
  expect(await first).toBeInstanceOf(Error)
})

it('no offset is read before the producer is open, and those that open together share a question', async () => {
  const openings = [held(), held(), held()]
  const producers = openings.map(({ promise }) => Object.assign(new HandProducer(), { opened: promise }))
  const { delivery, asked } = scene({ producers })
  const opened = delivery.open([AT, OTHER, AT], ASSIGNED)
  openings[0]?.go()
  await opened[0]
  expect(asked).toEqual([[0]])
  openings[1]?.go()
  openings[2]?.go()
  await Promise.all(opened)
  expect(asked.slice(1).flat()).toEqual([1, 0])
  expect(asked.length).toBeLessThanOrEqual(3)
})

it('closing ends openings under way, closes what they opened, and opens nothing more', async () => {
  const slow = new HandProducer()
  slow.opened = new Promise(() => undefined)
  const asking = new HandProducer()
  const { delivery } = scene({
    producers: [slow, asking],
    committed: () => new Promise(() => undefined),
  })
  const opened = delivery.open([AT, OTHER], ASSIGNED)
  await moment()
  await delivery.close()
  for (const one of await Promise.all(opened)) expect(one).toBeInstanceOf(Error)
  await until('both are closed', () => slow.closed === 1 && asking.closed === 1)
  const later = await Promise.all(delivery.open([AT], ASSIGNED))
  expect(later[0]).toBeInstanceOf(Error)
})

it('closing waits for the commit under way, and closes committers that nobody closed', async () => {
  const producer = new HandProducer()
  const writing = held()
  producer.written = writing.promise
  const { delivery } = scene({ producers: [producer] })
  const [committer] = await Promise.all(delivery.open([AT], ASSIGNED))
  if (committer === undefined || committer instanceof Error) throw new Error('nothing was opened')
  const committed = committer.commit({ outputs: [], next: 5 })
  let closed = false
  const closing = delivery.close().then(() => {
    closed = true
  })
  await moment()
  expect([closed, producer.closed]).toEqual([false, 0])
  writing.go()
  await committed
  await closing
  expect(producer.closed).toBe(1)
})

it('a committer whose commit took too long is of no use, and is closed without waiting for it', async () => {
  const producer = new HandProducer()
  producer.written = new Promise(() => undefined)
  const { delivery } = scene({ producers: [producer], limitMs: 5 })
  const [committer] = await Promise.all(delivery.open([AT], ASSIGNED))
  if (committer === undefined || committer instanceof Error) throw new Error('nothing was opened')
  await expect(committer.commit({ outputs: [], next: 5 })).rejects.toMatchObject({ name: 'DeadlineExceeded' })
  await expect(committer.commit({ outputs: [], next: 5 })).rejects.toThrow('busy, failed or closed')
  await committer.close()
  expect(producer.closed).toBe(1)
})

it('opens another producer behind one that had to end what was left, and reads no offset before', async () => {
  const producers = [new HandProducer(), new HandProducer()]
  Object.assign(producers[0] as HandProducer, { state: 'again' })
  const { delivery, asked } = scene({ producers })
  expect((await Promise.all(delivery.open([AT], ASSIGNED)))[0]).toMatchObject({
    start: { kind: 'start', offset: 4 },
  })
  expect([asked, producers.map(({ closed }) => closed)]).toEqual([[[0]], [1, 0]])
})

it('gives up when there is something left behind that too: it is opened later', async () => {
  const producers = [new HandProducer(), new HandProducer(), new HandProducer()]
  for (const one of producers) Object.assign(one, { state: 'again' })
  const { delivery } = scene({ producers })
  expect((await Promise.all(delivery.open([AT], ASSIGNED)))[0]).toBeInstanceOf(Error)
  expect(producers.map(({ closed }) => closed)).toEqual([1, 1, 0])
})

it('an opening of the same partition waits for the one before, and one that was given up is not begun', async () => {
  const openings = [held(), held()]
  const producers = openings.map(({ promise }) => Object.assign(new HandProducer(), { opened: promise }))
  const begun = producers.map((producer) => vi.spyOn(producer, 'open'))
  const { delivery } = scene({ producers })
  const assignment = new AbortController()
  const [first] = delivery.open([AT], assignment.signal)
  const [given] = delivery.open([AT], assignment.signal)
  await moment()
  assignment.abort()
  const [next] = delivery.open([AT], ASSIGNED)
  await moment()
  expect(begun.map((calls) => calls.mock.calls.length)).toEqual([1, 0])
  expect(begun[0]?.mock.calls[0]).toMatchObject([{ aborted: true }])
  openings[0]?.go()
  await first
  expect(await given).toBeInstanceOf(Error)
  openings[1]?.go()
  expect(await next).toMatchObject({ start: { kind: 'start', offset: 4 } })
  expect(begun.map((calls) => calls.mock.calls.length)).toEqual([1, 1])
})
