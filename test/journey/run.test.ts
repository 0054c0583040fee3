/** `attestr-kafka run` as a process: signals, exit codes, waiting at the start, the operations endpoint. */
import { createServer } from 'node:net'
import avro from 'avsc'
import { describe, expect, it } from 'vitest'
import type { FaultBody, FaultScript } from '../../src/simulator/faults.js'
import { createDoor } from '../support/door.js'
import type { Instance } from '../support/instance.js'
import { createSite, endpointOf, type Site, type SiteOptions } from '../support/site.js'
import { stack } from '../support/stack.js'
import { until } from '../support/until.js'

/** In: `finished`, which a test that runs beside others takes from its context: it alone knows whose end is meant. */
async function siteWith(options: SiteOptions, finished: (close: () => Promise<void>) => void): Promise<Site> {
  const site = await createSite(options)
  finished(() => site.close())
  return site
}

/** Bare ids, spread over the partitions. */
async function sendIds(site: Site, count: number, partitions: number): Promise<void> {
  for (let partition = 0; partition < partitions; partition += 1) {
    const numbers = Array.from({ length: count }, (_, n) => n).filter((n) => n % partitions === partition)
    await site.send(
      numbers.map((n) => ({ value: site.handshakeId(n) })),
      partition,
    )
  }
}

/** Runs until every event has its end, and stops. */
async function finish(site: Site, ...sets: string[]): Promise<void> {
  const instance = site.process(...sets)
  await until('all events have ended', () => site.caughtUp())
  instance.kill('SIGTERM')
  expect(await instance.ended).toBe(0)
}

const said = (instance: Instance, event: string) => instance.lines.filter((line) => line.event === event)

/** What was written for people, apart from the log. */
const words = (instance: Instance): string[] =>
  instance
    .text()
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('{'))

/** Short bounds, so that a drain in vain is a short one. */
const SHORT = ['fetch.timeoutMs=1000', 'fetch.deadlineMs=1500', 'shutdown.drainMs=2000']

describe('a stop by signal', () => {
  it('under load finishes what is in flight, exits with 0, and the next run does the rest once', async ({
    onTestFinished,
  }) => {
    const site = await siteWith({ partitions: 4, simulator: { latencyMs: 50 } }, onTestFinished)
    await sendIds(site, 500, 4)
    const instance = site.process('fetch.concurrency=8')
    await until('work is under way', () => site.simulator.ledger.summary().calls > 60)
    instance.kill('SIGTERM')
    expect(await instance.ended).toBe(0)
    expect(said(instance, 'signal')).toMatchObject([{ signal: 'SIGTERM', drops: false }])
    expect(said(instance, 'stopped')).toHaveLength(1)
    const { calls } = site.simulator.ledger.summary()
    expect(calls).toBeLessThan(500)
    // Nothing that was asked for was dropped: the drain had time for it.
    expect(await site.outcomes()).toHaveLength(calls)
    await finish(site)
    expect(await site.violations({ callsOnce: true })).toBe('')
    expect(site.simulator.ledger.summary().calls).toBe(500)
  })

  it('while the API hangs gives up in time, exits with 0, and nothing is lost or doubled', async ({
    onTestFinished,
  }) => {
    const site = await siteWith(
      { simulator: { script: { global: [{ fault: { kind: 'hang' } }] } } },
      onTestFinished,
    )
    await sendIds(site, 40, 2)
    const instance = site.process(...SHORT)
    await until('work is under way', () => site.simulator.ledger.summary().calls >= 10)
    instance.kill('SIGINT')
    expect(await instance.ended).toBe(0)
    expect(await site.outcomes()).toEqual([])
    site.simulator.setScript({})
    await finish(site)
    expect(await site.violations()).toBe('')
  })

  it('asked for twice drops everything at once and exits with 1, and nothing is lost or doubled', async ({
    onTestFinished,
  }) => {
    const script: FaultScript = { global: [{ fault: { kind: 'hang' }, share: 0.5, by: 'handshake' }] }
    const site = await siteWith({ simulator: { script } }, onTestFinished)
    await sendIds(site, 60, 2)
    const instance = site.process('shutdown.drainMs=100000')
    await until('work is under way', () => site.simulator.ledger.summary().calls >= 20)
    instance.kill('SIGTERM')
    await until('the drain has begun', () => said(instance, 'signal').length === 1)
    instance.kill('SIGTERM')
    expect(await instance.ended).toBe(1)
    expect(said(instance, 'signal')).toMatchObject([{ drops: false }, { drops: true }])
    site.simulator.setScript({})
    await finish(site)
    expect(await site.violations()).toBe('')
  })
})

interface Trouble {
  readonly name: string
  readonly fault: FaultBody
  readonly reason: string
  readonly line: object
  /** Mended, the next run does the rest: shown for one of each kind. */
  readonly mended?: true
}

const status = (code: number, attestrCode: number): FaultBody => ({
  kind: 'status',
  status: code,
  code: attestrCode,
})

const TROUBLES: readonly Trouble[] = [
  ...(
    [
      [401, 4016, 'credentials'],
      [403, 4035, 'service'],
      [403, 4039, 'ip'],
      [400, 40051, 'version'],
      [400, 4005, 'credit'],
      [429, 4293, 'daily-quota'],
    ] as const
  ).map(([httpStatus, attestrCode, reason]) => ({
    ...{ name: `${httpStatus} ${attestrCode}`, fault: status(httpStatus, attestrCode), reason },
    line: { credential: 'main', httpStatus, attestrCode },
    ...(attestrCode === 4005 ? { mended: true as const } : {}),
  })),
  { name: 'a redirect', fault: { kind: 'redirect' }, reason: 'redirect', line: { httpStatus: 302 } },
  { name: 'nothing but 500', fault: status(500, 5001), reason: 'api-down', line: {}, mended: true },
  {
    name: 'five refused handshakes in a row',
    fault: status(403, 4031),
    reason: 'credentials',
    line: { httpStatus: 403, attestrCode: 4031 },
    mended: true,
  },
]

describe.concurrent('systemic trouble with onSystemic: exit', () => {
  const GOOD = 3
  const ALL = 23

  it.for(TROUBLES)(
    '$name ends the process with 4, one line, and no dead letter for it',
    async (trouble, { onTestFinished }) => {
      const { fault, reason, line } = trouble
      const site = await siteWith({ partitions: 1 }, onTestFinished)
      const well = Array.from({ length: GOOD }, (_, n) => site.handshakeId(n))
      site.simulator.setScript({
        // A rule of its own keeps a handshake from the rule for all: these are answered as they should be.
        handshakes: Object.fromEntries(well.map((id) => [id, [{ fault: { kind: 'chunked' }, times: null }]])),
        global: [{ fault }],
      })
      await sendIds(site, ALL, 1)
      const instance = site.process('fetch.concurrency=10', 'onSystemic=exit')
      expect(await instance.ended).toBe(4)
      const [first, second, ...more] = words(instance)
      expect(first).toBe(`attestr-kafka: stopped: systemic trouble, ${reason}`)
      expect(second).toMatch(/^ {2}\S/)
      expect(more).toEqual([])
      expect(said(instance, 'state-changed').filter(({ to }) => to === 'paused')).toMatchObject([
        { level: 'error', reason, ...line },
      ])
      const dead = (await site.outcomes()).filter(({ outcome }) => outcome === 'DEAD')
      // The first refused handshakes may be their own fault; only the fifth in a row says whose it is.
      const ownFault = trouble.name.startsWith('five') ? 4 : 0
      expect(dead.length).toBeLessThanOrEqual(ownFault)
      const ended = (await site.outcomes()).length
      expect(ended).toBeLessThanOrEqual(GOOD + ownFault)
      expect(Math.max(0, await site.committed(0))).toBe(ended)

      if (trouble.mended !== true) return
      site.simulator.setScript({})
      await finish(site)
      expect(await site.violations()).toBe('')
    },
  )

  it('no API at all ends the process with 4 by the breaker', async ({ onTestFinished }) => {
    const door = await createDoor('127.0.0.1:1')
    const site = await siteWith({ partitions: 1, baseUrl: `http://${door.address}/api` }, onTestFinished)
    await sendIds(site, 20, 1)
    const instance = site.process('onSystemic=exit')
    expect(await instance.ended).toBe(4)
    expect(words(instance)[0]).toBe('attestr-kafka: stopped: systemic trouble, api-down')
    expect(await site.outcomes()).toEqual([])
    expect(await site.committed(0)).toBe(-1)
    await finish(site, `attestr.baseUrl=${site.simulator.baseUrl}`)
    expect(await site.violations()).toBe('')
  })

  it('a registry that goes down before the schema of an event is known ends the process with 4', async ({
    onTestFinished,
  }) => {
    const { host, pathname } = new URL(stack().registryUrl)
    const door = await createDoor(host)
    await door.open()
    onTestFinished(() => door.shut())
    const site = await siteWith(
      { partitions: 1, registryUrl: `http://${door.address}${pathname}` },
      onTestFinished,
    )
    const instance = site.process('onSystemic=exit')
    await until('the group is joined', () => said(instance, 'partitions-assigned').length > 0)
    await door.shut()
    await site.send([{ value: await avroEvent(site) }], 0)
    expect(await instance.ended).toBe(4)
    expect(words(instance)[0]).toBe('attestr-kafka: stopped: systemic trouble, registry-down')
    expect(await site.outcomes()).toEqual([])
    await door.open()
    await finish(site)
    expect(await site.violations()).toBe('')
    expect(await site.outcomeOf('0@0')).toBe('VERIFIED')
  })
})

/** An event in Confluent framing, of a schema that the registry alone knows. */
async function avroEvent(site: Site): Promise<Buffer> {
  const schema = {
    ...{ type: 'record', name: 'Own', namespace: site.topics.events.replace(/\W/g, '_') },
    fields: [{ name: '_id', type: 'string' }],
  }
  const response = await fetch(`${stack().registryUrl}/subjects/${site.topics.events}-value/versions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ schema: JSON.stringify(schema) }),
  })
  const { id } = (await response.json()) as { id: number }
  const head = Buffer.alloc(5)
  head.writeUInt32BE(id, 1)
  const type = avro.Type.forSchema(schema as avro.Schema)
  return Buffer.concat([head, type.toBuffer({ _id: site.handshakeId(0) })])
}

describe('429 with Retry-After', () => {
  it('is waited for and uses no attempt', async ({ onTestFinished }) => {
    const site = await siteWith({ partitions: 1 }, onTestFinished)
    const [limited, other] = [site.handshakeId(0), site.handshakeId(1)]
    const fault: FaultBody = { kind: 'status', status: 429, code: 4291, retryAfter: 1 }
    site.simulator.setScript({ handshakes: { [limited]: [{ fault, times: 3 }] } })
    await site.send([{ value: limited }, { value: other }], 0)
    await finish(site, 'fetch.attempts=2')
    const [outcome] = await site.outcomes()
    expect(outcome).toMatchObject({ outcome: 'VERIFIED', attempt: 1, calls: 4 })
    const began = site.simulator.ledger.calls(limited).map(({ startedAt }) => startedAt)
    expect(began).toHaveLength(4)
    for (const [index, at] of began.slice(1).entries())
      expect(at - (began[index] ?? 0)).toBeGreaterThanOrEqual(1000)
    expect(await site.violations()).toBe('')
  })
})

describe('a start that cannot be', () => {
  it('for its configuration ends with 2, a line for each problem and their count', async ({
    onTestFinished,
  }) => {
    const site = await siteWith({}, onTestFinished)
    const instance = site.process('fetch.atempts=1', 'commit.maxEvents=none', 'kafka.sessionTimeoutMs=1000')
    expect(await instance.ended).toBe(2)
    const lines = words(instance)
    expect(lines.at(-1)).toBe('3 problems')
    expect(lines.join('\n')).toContain('did you mean')
    expect(instance.lines).toEqual([])
  })

  it('for want of its topics ends with 1 and a remedy', async ({ onTestFinished }) => {
    const site = await siteWith({ createEvents: false }, onTestFinished)
    const instance = site.process('topics.create=false')
    expect(await instance.ended).toBe(1)
    const [fault, remedy, ...more] = words(instance)
    expect(fault).toContain(site.topics.events)
    expect(remedy).toContain('topics.create')
    expect(more).toEqual([])
  })

  it('for lost offsets ends with 1 and a remedy', async ({ onTestFinished }) => {
    const site = await siteWith({ partitions: 1 }, onTestFinished)
    await sendIds(site, 1, 1)
    await finish(site)
    await site.broker.admin.deleteGroups([site.groupId])
    const instance = site.process()
    expect(await instance.ended).toBe(1)
    const [fault, remedy] = words(instance)
    expect(fault).toBe(
      `attestr-kafka: offsets-missing: group ${site.groupId} has no offsets, but ${site.topics.outcomes} holds outcomes of its events`,
    )
    expect(remedy).toContain('--reset-offsets')
  })

  it('for a taken operations port ends with 1 and a remedy', async ({ onTestFinished }) => {
    const site = await siteWith({}, onTestFinished)
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void taken.close())
    const address = taken.address()
    const port = typeof address === 'object' ? address?.port : 0
    const instance = site.process(`ops.port=${port}`)
    expect(await instance.ended).toBe(1)
    expect(words(instance)[0]).toContain('another process listens there')
  })
})

describe('a broker that is down at the start', () => {
  it('is waited for, and the work begins when it comes up', async ({ onTestFinished }) => {
    const door = await createDoor(stack().brokers[0] ?? '')
    onTestFinished(() => door.shut())
    const site = await siteWith({ partitions: 1, brokers: [door.address] }, onTestFinished)
    await sendIds(site, 5, 1)
    const instance = site.process()
    await until('it waits', () => said(instance, 'waiting-for').length > 0)
    expect(said(instance, 'waiting-for')).toMatchObject([{ level: 'warn', edge: 'Kafka' }])
    const endpoint = await endpointOf(instance)
    expect((await endpoint.get('/livez')).status).toBe(200)
    const ready = await endpoint.get('/readyz')
    expect([ready.status, JSON.parse(ready.text)]).toMatchObject([
      503,
      { ready: false, state: 'starting', reason: 'broker-down' },
    ])
    await door.open()
    await until('all events have ended', () => site.caughtUp())
    expect((await endpoint.get('/readyz')).status).toBe(200)
    instance.kill('SIGTERM')
    expect(await instance.ended).toBe(0)
    expect(await site.violations({ callsOnce: true })).toBe('')
  })

  it('keeps nobody from stopping: exit code 0', async ({ onTestFinished }) => {
    const door = await createDoor(stack().brokers[0] ?? '')
    const site = await siteWith({ partitions: 1, brokers: [door.address] }, onTestFinished)
    const instance = site.process()
    await until('it waits', () => said(instance, 'waiting-for').length > 0)
    instance.kill('SIGTERM')
    expect(await instance.ended).toBe(0)
    expect(words(instance)).toEqual([])
  })
})

describe('a registry that is down at the start', () => {
  it('is waited for, and the work begins when it comes up', async ({ onTestFinished }) => {
    const { host, pathname } = new URL(stack().registryUrl)
    const door = await createDoor(host)
    onTestFinished(() => door.shut())
    const site = await siteWith(
      { partitions: 1, registryUrl: `http://${door.address}${pathname}` },
      onTestFinished,
    )
    await sendIds(site, 5, 1)
    const instance = site.process()
    await until('it waits', () => said(instance, 'waiting-for').length > 0)
    expect(said(instance, 'waiting-for')).toMatchObject([{ edge: 'schema registry' }])
    expect(site.simulator.ledger.summary().calls).toBe(0)
    await door.open()
    await until('all events have ended', () => site.caughtUp())
    instance.kill('SIGTERM')
    expect(await instance.ended).toBe(0)
    expect(await site.violations({ callsOnce: true })).toBe('')
  })
})

describe('the operations endpoint', () => {
  it('tells state, partitions and figures of a process at work', async ({ onTestFinished }) => {
    const site = await siteWith({ partitions: 2 }, onTestFinished)
    await sendIds(site, 20, 2)
    await site.send([{ value: 'no id' }, { value: null }], 0)
    const instance = site.process()
    const endpoint = await endpointOf(instance)
    await until('all events have ended', () => site.caughtUp())
    await until('it is ready', async () => (await endpoint.get('/readyz')).status === 200)
    expect(JSON.parse((await endpoint.get('/livez')).text)).toEqual({ live: true })
    expect(JSON.parse((await endpoint.get('/readyz')).text)).toEqual({ ready: true })
    const state = await endpoint.status()
    expect(state).toMatchObject({
      ...{ ready: true, state: 'running', reason: null, inFlight: 0, heldEvents: 0, heldBytes: 0 },
      ...{ lagEvents: 0, lagSeconds: 0 },
    })
    const isEvents = ({ topic }: { topic: string }) => topic === site.topics.events
    const places = state.partitions.filter(isEvents).sort((a, b) => a.partition - b.partition)
    const common = { topic: site.topics.events, state: 'running', pausedFor: [], lag: 0 }
    expect(places).toEqual([
      { ...common, partition: 0, position: 12 },
      { ...common, partition: 1, position: 10 },
    ])
    expect(await endpoint.metric('attestr_events_total')).toBe(22)
    expect(await endpoint.metric('attestr_outcomes_total{outcome="VERIFIED",code=""}')).toBe(20)
    expect(await endpoint.metric('attestr_outcomes_total{outcome="DEAD",code="event-bad-id"}')).toBe(1)
    expect(await endpoint.metric('attestr_outcomes_total{outcome="SKIPPED",code="null-value"}')).toBe(1)
    expect(await endpoint.metric('attestr_api_calls_total{status="200"}')).toBe(20)
    expect(await endpoint.metric('attestr_api_call_seconds_count')).toBe(20)
    // Gauges are brought up to date once a second.
    await until('no lag is shown', async () => (await endpoint.metric('attestr_lag_events')) === 0)
    expect((await endpoint.get('/nothing')).status).toBe(404)
    expect((await endpoint.resume({})).status).toBe(200)
    expect((await endpoint.resume({ accept: 'everything' })).status).toBe(400)
    instance.kill('SIGTERM')
    expect(await instance.ended).toBe(0)
  })
})
