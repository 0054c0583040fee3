/** Delays on a real broker: product.md section 8. */
import { afterEach, describe, expect, it } from 'vitest'
import { loadKafkajs } from '../../src/io/kafka/patches.js'
import type { FaultScript } from '../../src/simulator/faults.js'
import type { Instance } from '../support/instance.js'
import { createSite, type EndpointStatus, type Site, type SiteOptions } from '../support/site.js'
import { until } from '../support/until.js'

let site: Site
afterEach(() => site.close())

async function begin(options: SiteOptions): Promise<Site> {
  // One call an attempt: a handshake that is not ready goes straight to its retry topic.
  site = await createSite({ ...options, settings: { fetch: { attempts: 1 }, ...options.settings } })
  return site
}

const notConsumed = (...ids: string[]): FaultScript => ({
  handshakes: Object.fromEntries(ids.map((id) => [id, [{ fault: { kind: 'not-consumed' }, times: null }]])),
})

const TRACEPARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
const waitsIn = ({ partitions }: EndpointStatus) =>
  partitions.filter(({ pausedFor }) => pausedFor.includes('due'))

describe('a handshake that is not consumed yet', () => {
  it('goes from retry topic to retry topic, and ends verified as soon as it is', async () => {
    await begin({ partitions: 3, delaysMs: [2000, 3000] })
    const [late = '', never = '', ready = ''] = [0, 1, 2].map((n) => site.handshakeId(n))
    site.simulator.setScript(notConsumed(late, never))
    const headers = { traceparent: TRACEPARENT, 'attestr.attempt': '9' }
    await site.send([
      { key: 'late key', value: site.events.completed(late), headers },
      { key: never, value: site.events.bare(never), headers },
      { key: ready, value: site.events.bare(ready) },
    ])
    const here = await site.here()
    // What waits is no lag, and no reason for not being ready.
    const status = await untilStatus(here.status, (one) => waitsIn(one).length > 0 && one.lagEvents === 0)
    expect(status).toMatchObject({ ready: true, state: 'running', reason: null, lagSeconds: 0 })
    expect(status.delayedEvents).toBeGreaterThan(0)
    for (const { topic, pausedFor } of waitsIn(status))
      expect([topic, pausedFor]).toEqual([site.retryTopics[0], ['due']])
    await until('the second delay', async () => (await outcomesOf(late)).length === 2)
    site.simulator.setScript(notConsumed(never))
    await until('all have ended', async () => (await ends()).length === 3)
    await here.stop()

    expect((await outcomesOf(late)).map(({ outcome, attempt, calls }) => [outcome, attempt, calls])).toEqual([
      ['DELAYED', 1, 1],
      ['DELAYED', 2, 1],
      ['VERIFIED', 3, 1],
    ])
    expect(await site.violations()).toBe('')
    await expectLetter(never)
    await expectMessages(late)
  })

  it('is lost and doubled by no kill -9 and no full restart in the middle of its delay', async () => {
    const count = 60
    await begin({ partitions: 6, delaysMs: [10_000], settings: { kafka: { sessionTimeoutMs: 3000 } } })
    const ids = Array.from({ length: count }, (_, n) => site.handshakeId(n))
    site.simulator.setScript(notConsumed(...ids))
    let instances: Instance[] = [site.process(), site.process()]
    await until('both work', () => instances.every(isWorking))
    await site.send(ids.map((id) => ({ key: id, value: site.events.bare(id) })))
    await until('all are delayed', async () => (await site.outcomes()).length >= count)
    await kill(instances)
    expect(await ends()).toEqual([])

    instances = [site.process(), site.process()]
    site.simulator.setScript({})
    await until('all have ended', async () => (await ends()).length >= count)
    for (const instance of instances) instance.kill('SIGTERM')
    for (const instance of instances) expect(await instance.ended).toBe(0)
    const expected = new Map(
      (await site.rows(site.topics.events)).map(({ partition, offset }) => [
        `${partition}@${offset}`,
        { outcome: 'VERIFIED', code: null } as const,
      ]),
    )
    expect(expected.size).toBe(count)
    expect(await site.violations({}, expected)).toBe('')
  })
})

const isWorking = (instance: Instance): boolean =>
  instance.lines.some(({ event }) => event === 'partitions-assigned')

async function kill(instances: readonly Instance[]): Promise<void> {
  for (const instance of instances) instance.kill('SIGKILL')
  for (const instance of instances) expect(await instance.ended).toBe('SIGKILL')
}

async function untilStatus(
  ask: () => Promise<EndpointStatus>,
  isWanted: (status: EndpointStatus) => boolean,
): Promise<EndpointStatus> {
  let status = await ask()
  await until('the status', async () => {
    status = await ask()
    return isWanted(status)
  })
  return status
}

const outcomesOf = async (id: string) =>
  (await site.outcomes())
    .filter(({ handshakeId }) => handshakeId === id)
    .sort((a, b) => a.attempt - b.attempt)

const ends = async () => (await site.outcomes()).filter(({ outcome }) => outcome !== 'DELAYED')

/** The dead letter after the last retry topic tells of the whole chain. */
async function expectLetter(id: string): Promise<void> {
  const [first] = await outcomesOf(id)
  const letters = await site.deadLetters()
  expect(letters).toMatchObject([
    {
      ...{ code: 'result-not-ready', handshakeId: id, attempt: 3, calls: 3, replays: 0 },
      ...{ firstSeenAt: first?.startedAt, origin: first?.source },
      source: { topic: site.retryTopics[1] },
    },
  ])
}

/** What lies on the retry topics, and how they were made. */
async function expectMessages(id: string): Promise<void> {
  const [event] = (await site.rows(site.topics.events)).filter(({ key }) => key?.toString() === 'late key')
  for (const [index, topic] of site.retryTopics.entries()) {
    const [row] = (await site.rows(topic)).filter(({ key }) => key?.toString() === 'late key')
    expect(row?.partition).toBe(event?.partition)
    const headers = Object.fromEntries(Object.entries(row?.headers ?? {}).map(([k, v]) => [k, String(v)]))
    expect(headers).toMatchObject({
      'attestr.origin': `${event?.topic}/${event?.partition}/${event?.offset}`,
      'attestr.attempt': String(index + 2),
      'attestr.calls': String(index + 1),
      traceparent: TRACEPARENT,
    })
    const value = JSON.parse(row?.value?.toString() ?? '') as { payload: object }
    expect(value).toMatchObject({ event: 'flowx.completed', payload: { _id: id } })
    expect(Object.keys(value.payload)).not.toContain('result')
  }
  const { ConfigResourceTypes } = loadKafkajs()
  const names = [...site.retryTopics, site.topics.replay]
  const { resources } = await site.broker.admin.describeConfigs({
    includeSynonyms: false,
    resources: names.map((name) => ({ type: ConfigResourceTypes.TOPIC, name })),
  })
  for (const { configEntries } of resources) {
    const entries = Object.fromEntries(configEntries.map((one) => [one.configName, one.configValue]))
    expect(entries).toMatchObject({ 'cleanup.policy': 'delete', 'retention.ms': '-1' })
  }
}
