/**
 * What a broker leaves that was killed in the moment of a commit: the transaction is over for its coordinator, and markers
 * are missing. Kills meet that moment by chance (`npm run chaos -- --only broker`); here records and an offset are written as
 * part of no transaction, which leaves the same.
 */
import type { Admin, Transaction } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Committer } from '../../src/core/ports.js'
import { createKafkaAdmin, type KafkaAdmin } from '../../src/io/kafka/admin.js'
import { openKafkaClient } from '../../src/io/kafka/client.js'
import { loadKafkajs } from '../../src/io/kafka/patches.js'
import { createTransactionalDelivery, sendOffset } from '../../src/io/kafka/transactional.js'
import { beginFirst, type RawBroker, withCluster } from '../../src/io/kafka/transactions.js'
import { createMemoryLog } from '../../src/io/memory/log.js'
import { findJava } from '../../src/stack/java.js'
import { type Stack, startStack } from '../../src/stack/stack.js'
import { connectBroker, type TestBroker, uniqueName } from '../support/broker.js'
import { until } from '../support/until.js'

/** An assignment that stands. */
const ASSIGNED = new AbortController().signal

const { KAFKA_BROKERS: _brokers, SCHEMA_REGISTRY_URL: _registry, ...env } = process.env
const java = await findJava(env)
const OUTS = [0, 1, 2, 3, 4, 5]
const EVENTS = 20
/** Committed as ever, before the one whose markers are missing. */
const BEFORE = 3
const AFTER = 3

interface Missing {
  readonly outs: readonly number[]
  readonly offset: boolean
}

const CASES: readonly (Missing & { readonly where: string })[] = [
  { where: 'in every place', outs: OUTS, offset: true },
  { where: 'of some records and the offset', outs: [1, 2, 5], offset: true },
  { where: 'of the offset alone', outs: [], offset: true },
  { where: 'of records alone', outs: OUTS, offset: false },
  { where: 'of some records alone', outs: [4], offset: false },
]

/** What kafkajs sends within a transaction. */
interface OffsetBroker extends RawBroker {
  txnOffsetCommit(offsets: object): Promise<unknown>
}

describe.skipIf(java === null || !java.usable)('markers that are missing', () => {
  let stack: Stack
  let broker: TestBroker
  let admin: KafkaAdmin
  const log = createMemoryLog()
  const connection = () => ({ brokers: stack.brokers, clientId: 'test', ssl: false as const, sasl: null })
  beforeAll(async () => {
    stack = await startStack({ env })
    broker = await connectBroker(stack.brokers)
    admin = createKafkaAdmin(connection(), log)
    await allowStrayRecords(broker.admin)
  })
  afterAll(async () => {
    await Promise.all([admin?.close(), broker?.close()])
    await stack?.stop()
  })

  async function scene() {
    const [events, out] = [
      await broker.createTopic({ partitions: 1 }),
      await broker.createTopic({ partitions: 6 }),
    ]
    const messages = Array.from({ length: EVENTS }, (_, n) => ({ value: String(n) }))
    await broker.append({ topic: events, partition: 0 }, messages)
    const group = uniqueName('group')
    await until('the group has a coordinator', () =>
      broker.committed(group, { topic: events, partition: 0 }).then(
        () => true,
        () => false,
      ),
    )
    return { events, out, group }
  }

  /** The end of a process that has committed some events, and whose last transaction is not ended everywhere. */
  async function die(
    { events, out, group }: Scene,
    { outs, offset }: Missing,
    end: 'commit' | 'abort',
  ): Promise<void> {
    const { kafka, sockets } = openKafkaClient({ connection: connection(), role: 'lane', log })
    const transactionalId = `${group}.${events}.0`
    const { producer, cluster } = withCluster(() =>
      kafka.producer({ transactionalId, idempotent: true, maxInFlightRequests: 1 }),
    )
    await producer.connect()
    const { transaction, manager } = await beginFirst(producer)
    const topicsOf = (event: number) => [
      { topic: events, partitions: [{ partition: 0, offset: String(event + 1) }] },
    ]
    const write = async (open: Transaction, event: number, partitions: readonly number[]): Promise<void> => {
      if (partitions.length === 0) return
      const messages = partitions.map((partition) => ({ partition, value: String(event) }))
      await open.sendBatch({ topicMessages: [{ topic: out, messages }] })
    }
    const { signal } = new AbortController()
    const commitOffset = (open: Transaction, event: number): Promise<void> =>
      sendOffset(open, { groupId: group, topics: topicsOf(event), signal })

    let open: Transaction | null = transaction
    for (let event = 0; event < BEFORE; event += 1) {
      open ??= await producer.transaction()
      await write(open, event, OUTS)
      await commitOffset(open, event)
      await open.commit()
      open = null
    }
    // What the broker did end of the last one.
    open = await producer.transaction()
    const ended = OUTS.filter((partition) => !outs.includes(partition))
    await write(open, BEFORE, ended)
    if (!offset) await commitOffset(open, BEFORE)
    // Something has to be in it, or the coordinator never hears of its end.
    if (offset && ended.length === 0) await sendOffset(open, { groupId: group, topics: [], signal })
    await open[end]()
    // And what it did not.
    open = await producer.transaction()
    manager.addPartitionsToTransaction = async () => undefined
    await write(open, BEFORE, outs)
    if (offset) {
      const coordinator = await cluster.findGroupCoordinator({ groupId: group, coordinatorType: 0 })
      const [producerId, producerEpoch] = [manager.getProducerId(), manager.getProducerEpoch()]
      await (coordinator as OffsetBroker).txnOffsetCommit({
        ...{ transactionalId, producerId, producerEpoch, groupId: group, topics: topicsOf(BEFORE) },
      })
    }
    sockets.close()
  }

  async function open({ events, out, group }: Scene) {
    const delivery = createTransactionalDelivery({
      ...{ connection: connection(), groupId: group, transactionTimeoutMs: 8000, admin, log },
      ...{ compression: loadKafkajs().CompressionTypes.None, outputTopics: [out] },
    })
    let opened: Committer | Error | undefined
    await until('the partition is open', async () => {
      ;[opened] = await Promise.all(delivery.open([{ topic: events, partition: 0 }], ASSIGNED))
      return opened !== undefined && !(opened instanceof Error)
    })
    return { delivery, committer: opened as Committer }
  }

  /** Out: where the next process went on, and what a `read_committed` reader sees once it has gone on for some events. */
  async function goOn(at: Scene) {
    const { delivery, committer } = await open(at)
    const from = committer.start.kind === 'start' ? committer.start.offset : Number.NaN
    for (let event = from; event < from + AFTER; event += 1) {
      const outputs = OUTS.map((sourcePartition) => ({
        ...{ topic: at.out, key: null, value: Buffer.from(String(event)), headers: [], sourcePartition },
      }))
      await committer.commit({ outputs, next: event + 1 })
    }
    await delivery.close()
    const isDone = async () =>
      (await broker.committed(at.group, { topic: at.events, partition: 0 })) === from + AFTER
    await until('the last commit is seen', isDone)
    const rows = await broker.rows(at.out)
    return { from, seen: rows.map(({ partition, value }) => `${partition} ${value}`).sort() }
  }

  const each = (events: number): string[] =>
    OUTS.flatMap((partition) => Array.from({ length: events }, (_, event) => `${partition} ${event}`)).sort()

  it.each(CASES)('$where are written by the next process: each event is shown once', async (missing) => {
    const at = await scene()
    await die(at, missing, 'commit')
    const before = log.of('commit-mended').length
    const done = BEFORE + 1
    expect(await goOn(at)).toEqual({ from: done, seen: each(done + AFTER) })
    const places = missing.outs.length + (missing.offset ? 1 : 0)
    expect(log.of('commit-mended').slice(before)).toMatchObject([{ fields: { as: 'committed', places } }])
  })

  it('of what was to be aborted are written as such: it is shown by the events that are read again', async () => {
    const at = await scene()
    await die(at, { outs: OUTS, offset: true }, 'abort')
    const before = log.of('commit-mended').length
    expect(await goOn(at)).toEqual({ from: BEFORE, seen: each(BEFORE + AFTER) })
    const fields = { as: 'aborted', places: OUTS.length + 1 }
    expect(log.of('commit-mended').slice(before)).toMatchObject([{ fields }])
  })

  it('nowhere: nothing is touched', async () => {
    const at = await scene()
    await die(at, { outs: [], offset: false }, 'commit')
    const before = log.of('commit-mended').length
    const done = BEFORE + 1
    expect(await goOn(at)).toEqual({ from: done, seen: each(done + AFTER) })
    expect(log.of('commit-mended').slice(before)).toEqual([])
  })
})

interface Scene {
  readonly events: string
  readonly out: string
  readonly group: string
}

const BROKER = 4

/** A broker of this version refuses records that are part of no transaction, unless it is told otherwise. */
async function allowStrayRecords(admin: Admin): Promise<void> {
  const configEntries = [{ name: 'transaction.partition.verification.enable', value: 'false' }]
  await admin.alterConfigs({ validateOnly: false, resources: [{ type: BROKER, name: '1', configEntries }] })
}
