/**
 * The links to broker, API and registry are cut, slowed down and made half-open in the middle of work, and the broker is
 * killed. Each time every event has exactly one outcome, and the same process is ready again by itself.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { findJava } from '../../src/stack/java.js'
import { type Stack, startStack } from '../../src/stack/stack.js'
import type { JudgeOptions } from '../support/judge.js'
import { type SpoiledLink, startProxy } from '../support/proxy.js'
import { createSite, type Here, type Site, type SiteOptions } from '../support/site.js'
import { until } from '../support/until.js'

const SESSION_MS = 3000
/** From the end of a fault; generous, since the whole stack shares the machine with the tests. */
const READY_MS = 45_000
const PARTITIONS = 6
/** A backlog that outlasts the beginning of a fault. */
const EVENTS = 400

const { KAFKA_BROKERS: _brokers, SCHEMA_REGISTRY_URL: _registry, ...env } = process.env
const java = await findJava(env)

let stack: Stack
let broker: SpoiledLink
let registry: SpoiledLink
let api: SpoiledLink
let site: Site | null = null

const moment = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** A connector whose every link goes through a proxy, and a backlog before it. */
async function work(events: number, options: SiteOptions = {}): Promise<{ site: Site; here: Here }> {
  const made = await createSite({
    ...{ stack, partitions: PARTITIONS, brokers: [broker.address], simulator: { latencyMs: 20 } },
    registryUrl: stack.registryUrl.replace(/127\.0\.0\.1:\d+/, registry.address),
    baseUrl: `http://${api.address}/api`,
    ...options,
    settings: {
      kafka: { sessionTimeoutMs: SESSION_MS, rebalanceDrainMs: 1000, transactionTimeoutMs: 8000 },
      // Slow enough that there is work in flight whenever something breaks; many attempts, because none of it is the API's fault.
      fetch: { concurrency: 4, timeoutMs: 1000, attempts: 100 },
      systemic: { breakerFailures: 100_000 },
      ...options.settings,
    },
  })
  site = made
  api.aim({ host: '127.0.0.1', port: made.simulator.port })
  await feed(made, 0, events)
  return { site: made, here: await made.here() }
}

async function feed(into: Site, from: number, count: number): Promise<void> {
  await into.send(
    Array.from({ length: count }, (_, n) => {
      const id = into.handshakeId(from + n)
      return { key: id, value: into.events.bare(id) }
    }),
  )
}

const done = (here: Here): Promise<number> => here.metric('attestr_outcomes_total')

async function underWay(here: Here, outcomes: number): Promise<void> {
  await until(`${outcomes} outcomes`, async () => (await done(here)) >= outcomes)
}

/** The fault is over: the connector is ready by itself, ends what is there and what comes, and nothing is lost or doubled. */
async function recovers(world: Site, here: Here, events: number, judging?: JudgeOptions): Promise<void> {
  await until('the connector is ready again', async () => (await here.status()).ready, READY_MS)
  await feed(world, events, 20)
  await until('all events are committed', () => world.caughtUp(), READY_MS)
  await until('the connector is ready at the end', async () => (await here.status()).ready, READY_MS)
  await here.stop()
  expect(await world.violations(judging)).toBe('')
  const outcomes = await world.outcomes()
  expect(outcomes).toHaveLength(events + 20)
  expect(new Set(outcomes.map(({ outcome }) => outcome))).toEqual(new Set(['VERIFIED']))
}

describe.skipIf(java === null || !java.usable)('a connector in the middle of work', () => {
  beforeAll(async () => {
    ;[broker, registry, api] = await Promise.all([startProxy(), startProxy(), startProxy()])
    stack = await startStack({ env, advertised: broker.port })
    broker.aim({ host: '127.0.0.1', port: stack.behind ?? 0 })
    registry.aim({ host: '127.0.0.1', port: Number(new URL(stack.registryUrl).port) })
  })
  afterAll(async () => {
    await Promise.all([broker?.close(), registry?.close(), api?.close()])
    await stack?.stop()
  })
  afterEach(async () => {
    await Promise.all([broker.heal(), registry.heal(), api.heal()])
    await site?.close()
    site = null
  })

  it('goes on after the link to the broker was cut again and again, and refused for a while', async () => {
    const { site: world, here } = await work(EVENTS)
    await underWay(here, 30)
    for (let cuts = 0; cuts < 5; cuts += 1) {
      broker.cut()
      await moment(300)
    }
    await broker.refuse()
    await moment(2000)
    await broker.heal()
    await recovers(world, here, EVENTS)
  })

  it('works over a slow link to the broker', async () => {
    broker.delay({ up: 40, down: 40 })
    const { site: world, here } = await work(100)
    await until('all events are committed', () => world.caughtUp(), READY_MS)
    expect(await here.metric('attestr_consumer_restarts_total')).toBe(0)
    await recovers(world, here, 100)
  })

  it('goes on after the link to the broker was half-open for longer than the session timeout', async () => {
    const { site: world, here } = await work(EVENTS)
    await underWay(here, 30)
    broker.halfOpen()
    await moment(2 * SESSION_MS + 1000)
    await broker.heal()
    await recovers(world, here, EVENTS)
  })

  it('gives up connections to the broker that will never answer again, while new ones work', async () => {
    const { site: world, here } = await work(EVENTS)
    await underWay(here, 30)
    broker.strand()
    const before = await done(here)
    await until('work goes on', async () => (await done(here)) > before + 20, READY_MS)
    await recovers(world, here, EVENTS)
  })

  it('goes on when answers alone of the broker do not come for a while', async () => {
    const { site: world, here } = await work(EVENTS)
    await underWay(here, 30)
    broker.halfOpen('down')
    await moment(SESSION_MS + 1000)
    await broker.heal()
    await recovers(world, here, EVENTS)
  })

  it('calls again what the API could not answer: cut, half-open, and stranded for ever', async () => {
    const { site: world, here } = await work(EVENTS)
    await underWay(here, 30)
    for (let cuts = 0; cuts < 5; cuts += 1) {
      api.cut()
      await moment(200)
    }
    api.halfOpen()
    await moment(1500)
    await api.heal()
    api.strand()
    await recovers(world, here, EVENTS, { callsLost: true })
  })

  it('waits at its start for a registry that refuses, and begins by itself', async () => {
    await registry.refuse()
    const { site: world, here } = await work(50)
    await until('it waits for the registry', () => here.lines.some(({ event }) => event === 'waiting-for'))
    expect((await here.status()).ready).toBe(false)
    await registry.heal()
    await recovers(world, here, 50)
  })

  // What a broker forgets that is killed in the moment of a commit: forgotten.test.ts, and docs/guarantees.md.
  it('goes on after the broker was killed between two commits and started again', async () => {
    const { site: world, here } = await work(3 * EVENTS, { settings: { commit: { intervalMs: 1500 } } })
    await underWay(here, 30)
    await moment(500)
    await stack.broker?.kill('SIGKILL')
    await stack.broker?.restart()
    await recovers(world, here, 3 * EVENTS)
  })
})
