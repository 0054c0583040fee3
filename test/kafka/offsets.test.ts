/** Offsets are never reset in silence: product.md section 8. */
import { afterEach, describe, expect, it } from 'vitest'
import { connectBroker } from '../support/broker.js'
import { createSite, type Here, type Site, type SiteOptions } from '../support/site.js'
import { until } from '../support/until.js'

let site: Site
afterEach(() => site.close())

async function begin(options: SiteOptions = {}): Promise<Site> {
  site = await createSite(options)
  return site
}

/** The events of these numbers, each as a bare id. */
const ids = (from: number, count: number) =>
  Array.from({ length: count }, (_, i) => ({ value: site.handshakeId(from + i) }))

async function runToEnd(...sets: string[]): Promise<void> {
  const here = await site.here(...sets)
  await here.started
  await until('all events have ended', () => site.caughtUp())
  await here.stop()
}

const stateOf = async (here: Here, partition: number) =>
  (await here.status()).partitions.find(
    (one) => one.topic === site.topics.events && one.partition === partition,
  )

const isLost = async (here: Here, partition: number): Promise<boolean> =>
  (await stateOf(here, partition))?.state === 'lost'

const sources = async (): Promise<string[]> =>
  (await site.outcomes()).map(({ source }) => `${source.partition}@${source.offset}`).sort()

describe('events that were deleted before they were read', () => {
  it('pause their partition alone, are counted, and are left behind only when an operator says so', async () => {
    await begin()
    for (const partition of [0, 1]) await site.send(ids(10 * partition, 5), partition)
    await runToEnd()
    for (const partition of [0, 1]) await site.send(ids(100 + 10 * partition, 5), partition)
    await site.broker.deleteBefore({ topic: site.topics.events, partition: 0 }, 8)

    const here = await site.here()
    await until('partition 0 waits', () => isLost(here, 0))
    await until('partition 1 goes on', async () => (await site.committed(1)) === 10)
    expect((await stateOf(here, 0))?.pausedFor).toEqual(['events-lost'])
    expect(await here.status()).toMatchObject({ ready: false, state: 'paused', reason: 'events-lost' })
    expect(await here.get('/readyz')).toMatchObject({ status: 503 })
    expect((await here.get('/livez')).status).toBe(200)
    const lost = `attestr_events_lost_total{topic="${site.topics.events}"}`
    expect(await here.metric(lost)).toBe(3)
    expect(here.lines.filter(({ event }) => event === 'events-lost')).toMatchObject([
      { level: 'error', topic: site.topics.events, partition: 0, from: 5, to: 8 },
    ])
    expect(await site.committed(0)).toBe(5)
    expect((await sources()).filter((source) => source.startsWith('0@'))).toHaveLength(5)

    const refused = await here.resume({})
    expect(JSON.parse(refused.text)).toEqual({ resumed: [] })
    expect(await isLost(here, 0)).toBe(true)
    const resumed = await here.resume({ accept: 'events-lost' })
    expect(resumed.status).toBe(200)
    expect(JSON.parse(resumed.text)).not.toEqual({ resumed: [] })
    await until('partition 0 goes on', async () => (await site.committed(0)) === 10)
    expect((await here.get('/readyz')).status).toBe(200)
    expect((await sources()).filter((source) => source.startsWith('0@'))).toEqual(
      ['0@0', '0@1', '0@2', '0@3', '0@4', '0@8', '0@9'].sort(),
    )
    expect(await here.metric(lost)).toBe(3)
  })

  it('are accepted once: a log with nothing behind the gap does not ask again at the next start', async () => {
    await begin({ partitions: 1 })
    const at = { topic: site.topics.events, partition: 0 }
    await site.send(ids(0, 6), 0)
    await site.broker.setCommitted(site.groupId, at, 2)
    await site.broker.deleteBefore(at, 6)
    const here = await site.here()
    await until('the partition waits', () => isLost(here, 0))
    await here.resume({ accept: 'events-lost' })
    await until('the acceptance is kept', async () => (await site.committed(0)) === 6)
    await here.stop()
    const again = await site.here()
    await until('it runs', async () => (await stateOf(again, 0))?.state === 'running')
  })

  it('under a reader that is too slow are found as well', async () => {
    await begin({
      partitions: 1,
      settings: { fetch: { concurrency: 2, maxHeldEvents: 4 }, commit: { intervalMs: 20 } },
    })
    const at = { topic: site.topics.events, partition: 0 }
    const padding = 'x'.repeat(2000)
    const message = (n: number) => ({ value: JSON.stringify({ _id: site.handshakeId(n), padding }) })
    // A reader gets whole batches, so they must be small ones.
    for (let from = 0; from < 300; from += 20)
      await site.send(
        Array.from({ length: 20 }, (_, i) => message(from + i)),
        0,
      )
    site.simulator.setScript({ global: [{ fault: { kind: 'delay', delayMs: 2500 } }] })
    const here = await site.here()
    await until('the lane is full', async () => (await stateOf(here, 0))?.pausedFor.includes('full') === true)
    const position = (await stateOf(here, 0))?.position ?? 0
    expect(position).toBeLessThan(290)
    await site.broker.deleteBefore(at, 290)
    site.simulator.setScript({})

    await until('the partition waits', () => isLost(here, 0))
    const committed = await site.committed(0)
    expect(committed).toBeLessThanOrEqual(position)
    expect(here.lines.map(({ event }) => event)).toContain('position-out-of-range')
    expect(await here.metric('attestr_events_lost_total')).toBe(290 - committed)
    await here.resume({ accept: 'events-lost' })
    await until('the rest is read', () => site.caughtUp())
    const offsets = (await site.outcomes()).map(({ source }) => source.offset).sort((a, b) => a - b)
    const upTo = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)
    expect(offsets).toEqual([...upTo(0, committed), ...upTo(290, 300)])
  })
})

describe('offsets that do not fit the log', () => {
  it('above its end pause the partition, and reading goes on at the log start once accepted', async () => {
    await begin({ partitions: 1 })
    await site.send(ids(0, 3), 0)
    await site.broker.setCommitted(site.groupId, { topic: site.topics.events, partition: 0 }, 50)
    const here = await site.here()
    await until('the partition waits', () => isLost(here, 0))
    expect(here.lines.find(({ event }) => event === 'events-lost')).toMatchObject({ from: 50, to: 0 })
    expect(await site.committed(0)).toBe(50)
    await here.resume({ accept: 'events-lost' })
    await until('all is read', async () => (await site.committed(0)) === 3)
    expect(await sources()).toEqual(['0@0', '0@1', '0@2'])
  })

  it('of a topic that was made anew are missed at the start', async () => {
    await begin({ partitions: 1 })
    const { events } = site.topics
    await site.send(ids(0, 3), 0)
    await runToEnd()
    await site.broker.admin.deleteTopics({ topics: [events] })
    await until('the topic is gone', async () => !(await site.broker.admin.listTopics()).includes(events))
    await site.broker.createTopic({ exact: events })
    const here = await site.here()
    await expect(here.started).rejects.toMatchObject({ name: 'StartRefused', code: 'offsets-missing' })
  })

  it('are missed when the group has none and outcomes tell of its events', async () => {
    await begin({ partitions: 1 })
    await site.send(ids(0, 3), 0)
    await runToEnd()
    await site.broker.admin.deleteGroups([site.groupId])
    const here = await site.here()
    const refused = await here.started.catch((error: unknown) => error)
    expect(refused).toMatchObject({ name: 'StartRefused', code: 'offsets-missing' })
    expect(refused).toHaveProperty('message', expect.stringContaining(site.topics.outcomes))
    expect(refused).toHaveProperty('remedy', expect.stringContaining('--reset-offsets'))
    await here.stop()

    await site.broker.setCommitted(site.groupId, { topic: site.topics.events, partition: 0 }, 3)
    await site.send(ids(10, 1), 0)
    await runToEnd()
    expect(await site.violations()).toBe('')
  })

  it('are not missed at a first start beside the outcomes of another group', async () => {
    await begin({ partitions: 1 })
    await site.send(ids(0, 2), 0)
    await runToEnd()
    const other = await site.broker.createTopic({ name: 'other-events' })
    await site.broker.append({ topic: other, partition: 0 }, ids(10, 1))
    const here = await site.here(`kafka.groupId=${site.groupId}.other`, `topics.events=["${other}"]`)
    await here.started
    await until('the other event has ended', async () => (await sources()).length === 3)
  })
})

describe('a first start', () => {
  it('from the end reads only what comes later, and a partition added later from its start', async () => {
    await begin({ partitions: 1 })
    await site.send(ids(0, 3), 0)
    const first = await site.here('topics.startFrom=latest')
    await first.started
    expect(await site.committed(0)).toBe(3)
    await site.send(ids(10, 1), 0)
    await until('the new event has ended', async () => (await site.committed(0)) >= 4)
    await first.stop()

    const { events } = site.topics
    await site.broker.admin.createPartitions({ topicPartitions: [{ topic: events, count: 2 }] })
    await until('the partition has a leader', () =>
      site.broker.end({ topic: events, partition: 1 }).then(
        (end) => end === 0,
        () => false,
      ),
    )
    // The producer of before does not know the partition, and would drop what is sent there.
    const later = await connectBroker()
    await later.append({ topic: events, partition: 1 }, ids(20, 2))
    await later.close()
    await runToEnd('topics.startFrom=latest')
    expect(await sources()).toEqual(['0@3', '1@0', '1@1'])
  })

  it('from the end holds for all events topics at once, whoever starts beside it', async () => {
    await begin({ partitions: 4 })
    const second = await site.broker.createTopic({ name: 'second-events', partitions: 4 })
    const topics = [site.topics.events, second]
    const write = async (from: number): Promise<void> => {
      for (const [index, topic] of topics.entries())
        for (const partition of [0, 1, 2, 3])
          await site.broker.append({ topic, partition }, ids(from + 10 * index + partition, 1))
    }
    await write(0)
    const sets = ['topics.startFrom=latest', `topics.events=${JSON.stringify(topics)}`]
    const both = await Promise.all([site.here(...sets), site.here(...sets)])
    await Promise.all(both.map((here) => here.started))
    await write(100)
    await until('the new events have ended', async () => (await site.outcomes()).length >= 8)
    expect((await site.outcomes()).map(({ source }) => source.offset)).toEqual(Array(8).fill(1))
  })

  it('without its topics is refused by name when it may not make them', async () => {
    await begin({ createEvents: false })
    const here = await site.here('topics.create=false')
    const refused = await here.started.catch((error: unknown) => error)
    expect(refused).toMatchObject({ name: 'StartRefused', code: 'topic-missing' })
    for (const topic of Object.values(site.topics))
      expect(refused).toHaveProperty('message', expect.stringContaining(topic))
    expect(refused).toHaveProperty('remedy', expect.stringContaining('topics.create'))
  })
})
