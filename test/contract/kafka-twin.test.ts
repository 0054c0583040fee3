import { isBrokerError } from '../../src/io/memory/broker-error.js'
import { createVirtualClock } from '../../src/io/memory/clock.js'
import { createMemoryDelivery, transactionalIdOf } from '../../src/io/memory/delivery.js'
import { createMemoryBroker } from '../../src/io/memory/kafka.js'
import type { NetworkOptions } from '../../src/io/memory/network.js'
import { createSeededRandom } from '../../src/io/memory/random.js'
import { createMemorySource } from '../../src/io/memory/source.js'
import { startPump } from '../support/pump.js'
import { type DeliveryWorld, describeDeliveryContract, type ReadRow } from './delivery.contract.js'

describeDeliveryContract('the Kafka twin', createTwinWorld)

async function createTwinWorld(): Promise<DeliveryWorld> {
  const clock = createVirtualClock({ start: Date.UTC(2026, 0, 1) })
  const random = createSeededRandom(1)
  const broker = createMemoryBroker({ clock, random, maxMarkerDelayMs: 20 })
  const network: NetworkOptions = { clock, random, latencyMs: { min: 0, max: 3 } }
  const pump = startPump(clock)
  let names = 0
  async function whenCompleted<T>(begin: () => T): Promise<T> {
    for (;;) {
      try {
        return begin()
      } catch (error) {
        if (!isBrokerError(error, 'CONCURRENT_TRANSACTIONS')) throw error
        await pump.wait(5)
      }
    }
  }
  const rawMessage = (value: string) => ({ key: null, value: Buffer.from(value), headers: [] })

  return {
    async createTopic(partitions) {
      const topic = `topic-${names++}`
      broker.createTopic(topic, partitions)
      return topic
    },
    newGroup: () => `group-${names++}`,
    async append(at, values) {
      broker.append(at, values.map(rawMessage))
    },
    async appendOverlapping(at, transactions, endOrder) {
      const log = broker.log(at)
      const begun = transactions.map(({ values, commit }) => {
        const session = broker.transactions.init(`writer-${names++}`, 60_000)
        broker.transactions.produce(session, log, values.map(rawMessage))
        return { session, commit }
      })
      for (const index of endOrder) {
        const one = begun[index]
        if (one === undefined) throw new Error('endOrder names a transaction that is not there')
        broker.transactions.end(one.session, one.commit)
        const before = log.end()
        await pump.until('the marker', () => log.end() > before)
      }
    },
    async deleteBefore(at, offset) {
      broker.log(at).deleteBefore(offset)
    },
    async setCommitted(groupId, at, offset) {
      broker.offsets.commit(groupId, at, offset)
    },
    committed: async (groupId, at) => broker.offsets.committed(groupId, at),
    read: async (topic, options) =>
      broker.rows(topic, options).map(
        (row): ReadRow => ({
          partition: row.partition,
          offset: row.offset,
          key: row.key?.toString() ?? null,
          value: row.value?.toString() ?? null,
          headers: Object.fromEntries(row.headers.map(({ key, value }) => [key, value?.toString() ?? ''])),
        }),
      ),
    source: ({ groupId, topics }) =>
      createMemorySource(broker, {
        ...network,
        groupId,
        topics,
        memberId: `member-${names++}`,
        sessionTimeoutMs: 6000,
      }),
    delivery: ({ groupId, transactional }) =>
      createMemoryDelivery(broker, { ...network, groupId, transactional }),
    async abandonTransaction(groupId, at, output, next) {
      const id = transactionalIdOf(groupId, at)
      const session = await whenCompleted(() => broker.transactions.init(id, 60_000))
      broker.transactions.produce(session, broker.log({ topic: output.topic, partition: 0 }), [output])
      broker.transactions.offsets(session, groupId, at, next)
    },
    until: (what, condition) => pump.until(what, condition),
    moment: () => pump.wait(500),
    close: () => pump.stop(),
  }
}
