/** Proof 9 beyond test/kafka/offsets.test.ts: logs and partitions that change under a running connector, and the control. */
import { afterEach, describe, expect, it } from 'vitest'
import { connectBroker } from '../support/broker.js'
import { createSite, type Site } from '../support/site.js'
import { until } from '../support/until.js'
import { createCrew, linesOf, untilWorking } from './crew.js'
import { type Plant, withPlanted } from './planted.js'

let site: Site
afterEach(() => site.close())

async function begin(partitions: number): Promise<void> {
  site = await createSite({
    partitions,
    settings: { kafka: { sessionTimeoutMs: 3000, rebalanceDrainMs: 1000 } },
  })
}

const ids = (from: number, count: number) =>
  Array.from({ length: count }, (_, n) => ({ value: site.handshakeId(from + n) }))

const sources = async (): Promise<string[]> =>
  (await site.outcomes()).map(({ source }) => `${source.partition}@${source.offset}`).sort()

/** Offsets without an outcome, and how many of them somebody was told of. */
async function losses(bin?: string): Promise<{ readonly lost: number; readonly told: number }> {
  await begin(1)
  const at = { topic: site.topics.events, partition: 0 }
  const options = { config: site.configFile, env: site.env }
  const crew = createCrew(bin === undefined ? options : { ...options, bin })
  try {
    await site.send(ids(0, 5), 0)
    const first = crew.add()
    await until('the first events have ended', () => site.caughtUp())
    first.kill('SIGTERM')
    await first.ended
    await site.send(ids(5, 5), 0)
    await site.broker.deleteBefore(at, 8)
    const second = crew.replace(0)
    await until(
      'the rest has ended, or somebody is told',
      async () => linesOf(second, 'events-lost').length > 0 || (await site.caughtUp()),
    )
    const told = linesOf(second, 'events-lost').reduce(
      (sum, { from, to }) => sum + Number(to) - Number(from),
      0,
    )
    const there = new Set(await sources())
    const lost = [5, 6, 7].filter((offset) => !there.has(`0@${offset}`)).length
    return { lost, told }
  } finally {
    await crew.kill()
  }
}

/** Begins at the start of the log when the committed offset is gone. */
const RESETS: Plant = {
  ...{ file: 'io/kafka/starts.js', find: "return { kind: 'events-lost', from: committed, to: low }" },
  put: "return { kind: 'start', offset: low }",
}

describe('nothing is skipped in silence:', () => {
  it('events that are gone are told of, each one', async () => {
    const { lost, told } = await losses()
    expect(told).toBe(lost)
    expect(lost).toBe(3)
  })

  it('and a build that resets its offsets is found by the same count', async () => {
    const { lost, told } = await withPlanted(RESETS, losses)
    expect(lost).toBe(3)
    expect(told).toBe(0)
  })

  it('events that were deleted after they had ended are no loss', async () => {
    await begin(1)
    const at = { topic: site.topics.events, partition: 0 }
    const crew = createCrew({ config: site.configFile, env: site.env })
    try {
      const instance = crew.add()
      await site.send(ids(0, 6), 0)
      await until('the first events have ended', () => site.caughtUp())
      await site.broker.deleteBefore(at, 4)
      await site.send(ids(6, 2), 0)
      await until('the next events have ended', () => site.caughtUp())
      instance.kill('SIGTERM')
      await instance.ended
      await site.broker.deleteBefore(at, 8)
      const again = crew.replace(0)
      await untilWorking(again)
      await site.send(ids(8, 1), 0)
      await until('the last event has ended', () => site.caughtUp())
      expect(linesOf(again, 'events-lost')).toEqual([])
      expect(await sources()).toEqual(Array.from({ length: 9 }, (_, offset) => `0@${offset}`))
    } finally {
      await crew.kill()
    }
  })

  it('a partition that was added while the connector ran is read from its start', async () => {
    await begin(1)
    const crew = createCrew({ config: site.configFile, env: site.env })
    const { events } = site.topics
    try {
      const first = crew.add()
      await site.send(ids(0, 3), 0)
      await until('the first events have ended', () => site.caughtUp())
      await site.broker.admin.createPartitions({ topicPartitions: [{ topic: events, count: 2 }] })
      const ready = () => site.broker.end({ topic: events, partition: 1 }).then((end) => end === 0)
      await until('the partition has a leader', () => ready().catch(() => false))
      // The producer of before does not know the partition.
      const later = await connectBroker()
      await later.append({ topic: events, partition: 1 }, ids(10, 4))
      await later.close()
      // The next assignment has it, whoever brings it about.
      await untilWorking(crew.add())
      await until('all have ended', () => site.caughtUp())
      expect(linesOf(first, 'events-lost')).toEqual([])
      expect(await sources()).toEqual(['0@0', '0@1', '0@2', '1@0', '1@1', '1@2', '1@3'])
    } finally {
      await crew.kill()
    }
  })

  it.each([
    ['at once', 3],
    ['after a while, with more events than before', 8],
  ])('a topic that was deleted is read from its start when it is made again %s', async (when, count) => {
    await begin(1)
    const crew = createCrew({ config: site.configFile, env: site.env })
    const { admin } = site.broker
    const { events } = site.topics
    try {
      const instance = crew.add()
      await site.send(ids(0, 5), 0)
      await until('the first events have ended', () => site.caughtUp())
      await admin.deleteTopics({ topics: [events] })
      await until('the topic is gone', async () => !(await admin.listTopics()).includes(events))
      if (when !== 'at once')
        await until('the consumer has noticed', () => linesOf(instance, 'consumer-restarts').length > 0)
      await site.broker.createTopic({ exact: events, partitions: 1 })
      // The producer of before may know the topic that is gone.
      const later = await connectBroker()
      await later.append({ topic: events, partition: 0 }, ids(10, count))
      await later.close()
      await until('all new ones have ended', async () => (await sources()).length === 5 + count)
      const old = [0, 1, 2, 3, 4]
      const fresh = Array.from({ length: count }, (_, offset) => offset)
      expect(await sources()).toEqual([...old, ...fresh].map((offset) => `0@${offset}`).sort())
    } finally {
      await crew.kill()
    }
  })
})
