/** A broker that is killed in the moment after it confirmed a transaction, and has forgotten it when it comes back. */
import { CompressionTypes } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Committer } from '../../src/core/ports.js'
import { createKafkaAdmin, type KafkaAdmin } from '../../src/io/kafka/admin.js'
import { createTransactionalDelivery } from '../../src/io/kafka/transactional.js'
import { createMemoryLog } from '../../src/io/memory/log.js'
import { findJava } from '../../src/stack/java.js'
import { type Stack, startStack } from '../../src/stack/stack.js'
import { connectBroker } from '../support/broker.js'
import { until } from '../support/until.js'

const { KAFKA_BROKERS: _brokers, SCHEMA_REGISTRY_URL: _registry, ...env } = process.env
const java = await findJava(env)
const AT = { topic: 'events', partition: 0 }
const PARTITIONS = 6
/** At most: a broker may have been quick enough. */
const KILLS = 5
const BEFORE_EACH = 10

describe.skipIf(java === null || !java.usable)('a commit that was confirmed and forgotten', () => {
  let stack: Stack
  let admin: KafkaAdmin
  const log = createMemoryLog()
  beforeAll(async () => {
    stack = await startStack({ env })
    admin = createKafkaAdmin({ brokers: stack.brokers, clientId: 'test', ssl: false, sasl: null }, log)
  })
  afterAll(async () => {
    await admin?.close()
    await stack?.stop()
  })

  it('is shown once, by the events that are read again', async () => {
    const connection = { brokers: stack.brokers, clientId: 'test', ssl: false as const, sasl: null }
    const sizes = { [AT.topic]: 1, out: PARTITIONS }
    await admin.create(
      Object.entries(sizes).map(([topic, partitions]) => ({
        topic,
        partitions,
        replicationFactor: 1,
        config: {},
      })),
    )
    const broker = await connectBroker(stack.brokers)
    await broker.append(
      AT,
      Array.from({ length: 100 }, (_, n) => ({ value: String(n) })),
    )
    const delivery = createTransactionalDelivery({
      ...{ connection, groupId: 'group', transactionTimeoutMs: 8000, admin, log },
      compression: CompressionTypes.None,
    })
    const open = async (): Promise<Committer> => {
      let opened: Committer | Error | undefined
      await until('the partition is open', async () => {
        ;[opened] = await Promise.all(delivery.open([AT]))
        return opened !== undefined && !(opened instanceof Error)
      })
      return opened as Committer
    }
    const outputsOf = (event: number) =>
      Array.from({ length: PARTITIONS }, (_, sourcePartition) => ({
        ...{ topic: 'out', key: null, value: Buffer.from(String(event)), headers: [], sourcePartition },
      }))
    const nextOf = ({ start }: Committer): number => (start.kind === 'start' ? start.offset : Number.NaN)

    let committer = await open()
    let event = nextOf(committer)
    const commit = async (): Promise<void> => {
      await committer.commit({ outputs: outputsOf(event), next: event + 1 })
      event += 1
    }
    const isSeen = (): boolean => log.of('commit-taken-back').length > 0
    for (let kill = 0; kill < KILLS && !isSeen(); kill += 1) {
      for (let n = 0; n < BEFORE_EACH; n += 1) await commit()
      await stack.broker?.kill('SIGKILL')
      await stack.broker?.restart()
      await committer.close()
      committer = await open()
      event = nextOf(committer)
    }
    for (let n = 0; n < BEFORE_EACH; n += 1) await commit()
    await delivery.close()

    const seen = (await broker.rows('out')).map(({ partition, value }) => `${partition} ${value}`)
    await broker.close()
    const wanted = Array.from({ length: PARTITIONS }, (_, partition) =>
      Array.from({ length: event }, (_one, n) => `${partition} ${n}`),
    )
    expect(seen.sort()).toEqual(wanted.flat().sort())
    // Else this has shown nothing.
    expect(isSeen()).toBe(true)
  }, 180_000)
})
