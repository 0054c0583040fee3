/** P5 on a real broker: the connector pauses, keeps its membership, probes, and resumes by itself. */
import { describe, expect, it } from 'vitest'
import { createDoor } from '../support/door.js'
import type { Instance } from '../support/instance.js'
import { createSite, type Endpoint, endpointOf, type Site, type SiteOptions } from '../support/site.js'
import { stack } from '../support/stack.js'
import { until } from '../support/until.js'

type Finished = (close: () => Promise<void>) => void

async function siteWith(options: SiteOptions, finished: Finished): Promise<Site> {
  const site = await createSite({ partitions: 2, ...options })
  finished(() => site.close())
  return site
}

const sendIds = (site: Site, count: number, from = 0): Promise<void> =>
  site.send(Array.from({ length: count }, (_, n) => ({ value: site.handshakeId(from + n) })))

const said = (instance: Instance, event: string) => instance.lines.filter((line) => line.event === event)

interface Readiness {
  readonly state: string
  readonly reason: string
  readonly since: number
  readonly nextProbe?: number
  readonly credential?: string
}

const readiness = async (endpoint: Endpoint): Promise<Readiness> =>
  JSON.parse((await endpoint.get('/readyz')).text) as Readiness

const isReady = async (endpoint: Endpoint): Promise<boolean> => (await endpoint.get('/readyz')).status === 200

/** Member ids of the group. */
async function membersOf(site: Site): Promise<string[]> {
  const { groups } = await site.broker.admin.describeGroups([site.groupId])
  return groups.flatMap(({ members }) => members.map(({ memberId }) => memberId)).sort()
}

async function stop(instance: Instance): Promise<void> {
  instance.kill('SIGTERM')
  expect(await instance.ended).toBe(0)
}

const REFUSED = { kind: 'status', status: 401, code: 4016 } as const
const SESSION_MS = 3000
/** The drain of a stop would take this long: what ends sooner has not waited for it. */
const PATIENT = ['shutdown.drainMs=100000', `kafka.sessionTimeoutMs=${SESSION_MS}`]

describe.concurrent('systemic trouble', () => {
  it('of three session timeouts leaves the member as it was, no dead letter, few probes, and ends by itself', async ({
    onTestFinished,
  }) => {
    const site = await siteWith({ simulator: { script: { global: [{ fault: REFUSED }] } } }, onTestFinished)
    await sendIds(site, 40)
    const concurrency = 4
    const instance = site.process(
      `fetch.concurrency=${concurrency}`,
      'kafka.rebalanceDrainMs=1000',
      `kafka.sessionTimeoutMs=${SESSION_MS}`,
    )
    const endpoint = await endpointOf(instance)
    await until('it is paused', async () => (await readiness(endpoint)).state === 'paused')
    const members = await membersOf(site)
    const paused = await readiness(endpoint)
    expect(paused).toMatchObject({ reason: 'credentials', credential: 'main' })
    expect(paused.nextProbe).toBeGreaterThan(paused.since)
    await until('three sessions have gone by', () => Date.now() - paused.since > 3 * SESSION_MS)
    expect((await endpoint.get('/livez')).status).toBe(200)
    expect(await endpoint.metric('attestr_paused{reason="credentials"}')).toBe(1)
    expect(await endpoint.metric('attestr_state_since_timestamp_seconds')).toBe(paused.since / 1000)
    expect(await endpoint.metric('attestr_next_probe_timestamp_seconds')).toBeGreaterThan(paused.since / 1000)
    // One a second at most, besides those that were in flight when the first was refused, and those that took their
    // places before that answer was read.
    const seconds = Math.ceil((Date.now() - paused.since) / 1000)
    expect(site.simulator.ledger.summary().calls).toBeLessThanOrEqual(seconds + 2 * concurrency)
    expect(await site.outcomes()).toEqual([])

    site.simulator.setScript({})
    await until('all events have ended', () => site.caughtUp())
    await until('it is ready', () => isReady(endpoint))
    expect(await membersOf(site)).toEqual(members)
    expect(said(instance, 'partitions-assigned')).toHaveLength(1)
    expect(said(instance, 'state-changed').map(({ to }) => to)).toEqual(['running', 'paused', 'running'])
    expect(await endpoint.metric('attestr_paused{reason="credentials"}')).toBe(0)
    const nextProbe = () => endpoint.metric('attestr_next_probe_timestamp_seconds')
    await until('no probe is told of any more', async () => (await nextProbe()) === 0)
    expect(await endpoint.metric('attestr_probes_total{reason="credentials"}')).toBeGreaterThanOrEqual(8)
    expect((await site.outcomes()).filter(({ outcome }) => outcome !== 'VERIFIED')).toEqual([])
    expect(await site.violations()).toBe('')
    await stop(instance)
  })

  it('is no reason not to stop: held events are dropped at once, exit 0, and nothing is lost', async ({
    onTestFinished,
  }) => {
    const site = await siteWith({ simulator: { script: { global: [{ fault: REFUSED }] } } }, onTestFinished)
    await sendIds(site, 40)
    const instance = site.process(...PATIENT)
    const endpoint = await endpointOf(instance)
    await until('it is paused', async () => (await readiness(endpoint)).state === 'paused')
    instance.kill('SIGTERM')
    await until('it has ended', () => !instance.isAlive(), 10_000)
    expect(await instance.ended).toBe(0)
    expect(await site.outcomes()).toEqual([])
    site.simulator.setScript({})
    const next = site.process()
    await until('all events have ended', () => site.caughtUp())
    await stop(next)
    expect(await site.violations()).toBe('')
  })

  it('at the start is waited out too: no API, then there is one', async ({ onTestFinished }) => {
    const site = await siteWith({}, onTestFinished)
    const door = await createDoor(new URL(site.simulator.baseUrl).host)
    onTestFinished(() => door.shut())
    await sendIds(site, 30)
    const instance = site.process(`attestr.baseUrl=http://${door.address}/api`)
    const endpoint = await endpointOf(instance)
    await until('it is paused', async () => (await readiness(endpoint)).reason === 'api-down')
    await door.open()
    await until('all events have ended', () => site.caughtUp())
    await until('it is ready', () => isReady(endpoint))
    expect((await site.outcomes()).filter(({ outcome }) => outcome !== 'VERIFIED')).toEqual([])
    await stop(instance)
  })

  it('of the registry at the start is named, and the work begins when it answers', async ({
    onTestFinished,
  }) => {
    const { host, pathname } = new URL(stack().registryUrl)
    const door = await createDoor(host)
    onTestFinished(() => door.shut())
    const site = await siteWith({ registryUrl: `http://${door.address}${pathname}` }, onTestFinished)
    await sendIds(site, 5)
    const instance = site.process()
    const endpoint = await endpointOf(instance)
    await until('it waits', async () => (await readiness(endpoint)).reason === 'registry-down')
    expect(await readiness(endpoint)).toMatchObject({ ready: false, state: 'starting' })
    await door.open()
    await until('all events have ended', () => site.caughtUp())
    await stop(instance)
    expect(await site.violations({ callsOnce: true })).toBe('')
  })
})

describe('a flood of dead letters', () => {
  it('pauses until it is accepted, and then all is done', async ({ onTestFinished }) => {
    const site = await siteWith({ partitions: 1 }, onTestFinished)
    await site.send(Array.from({ length: 60 }, () => ({ value: 'no id' })))
    const instance = site.process(
      'deadLetters.flood.window=10',
      'commit.maxEvents=5',
      'fetch.maxHeldEvents=64',
    )
    const endpoint = await endpointOf(instance)
    await until('it is paused', async () => (await readiness(endpoint)).reason === 'flood')
    expect(await readiness(endpoint)).not.toHaveProperty('nextProbe')
    await sendIds(site, 20)
    expect(JSON.parse((await endpoint.resume({ accept: ['events-lost', 'flood'] })).text)).toEqual({
      resumed: ['flood'],
    })
    await until('all events have ended', () => site.caughtUp())
    await until('it is ready', () => isReady(endpoint))
    expect(JSON.parse((await endpoint.resume({ accept: 'flood' })).text)).toEqual({ resumed: [] })
    await stop(instance)
    expect(await site.violations()).toBe('')
  })
})
