/** P4: marked secrets and Aadhaar numbers go through every outcome and error path, and are searched for everywhere. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { runCommandLine } from '../../src/commands/program.js'
import { loadConfig } from '../../src/config/load.js'
import { type Connector, createConnector, type Edges } from '../../src/connector.js'
import { FAILURES } from '../../src/core/failure.js'
import type { CommitBatch, Log } from '../../src/core/ports.js'
import { openRealEdges } from '../../src/edges.js'
import { createLog } from '../../src/io/ops/log.js'
import { createMetrics, type OpsMetrics } from '../../src/io/ops/metrics.js'
import { createSystemClock } from '../../src/io/system/clock.js'
import { type Canary, withCheckDigit } from '../../src/simulator/draw.js'
import type { Fault, FaultBody, HandshakeRule } from '../../src/simulator/faults.js'
import { catalogueOf, createResultSource } from '../../src/simulator/results.js'
import { STAGE_VARIANTS } from '../../src/simulator/stages/index.js'
import type { NewMessage } from '../support/broker.js'
import { SENSITIVE_FIELDS } from '../support/canary.js'
import type { Instance } from '../support/instance.js'
import { createSite, endpointOf, SEED, type Site, type SiteOptions } from '../support/site.js'
import { until } from '../support/until.js'

const MARKER = 'Zq7canaryMarker'
const AADHAAR = withCheckDigit('23456789012')
const GROUPED = AADHAAR.replace(/(.{4})(?=.)/g, '$1 ')
const HYPHENED = GROUPED.replaceAll(' ', '-')
const CREDENTIAL = { authToken: 'Zq7canaryAuthToken', clientSecret: 'Zq7canaryClientSecret' }
/** In every sensitive field of every type, too. */
const CANARY = { secret: MARKER, aadhaar: AADHAAR, fields: SENSITIVE_FIELDS }
/** The type of each stage, as an operator names it. */
const typesOf = (stages: readonly string[]) =>
  catalogueOf(createResultSource({ seed: SEED, clientSecret: 's', stages })).stages
const REGISTRY_TOKEN = 'Zq7canaryRegistryToken'

const NEEDLES: readonly (readonly [name: string, pattern: RegExp])[] = [
  ['a secret', new RegExp(MARKER, 'i')],
  ['an Aadhaar number', new RegExp([...AADHAAR].join('[\\s_.-]?'))],
  ['the auth token', new RegExp(CREDENTIAL.authToken, 'i')],
  ['the client secret', new RegExp(CREDENTIAL.clientSecret, 'i')],
  ['the token of the registry', new RegExp(REGISTRY_TOKEN, 'i')],
]

/** All that left the process, by where it was found. */
type Traces = Map<string, string>

/** Where which of them was found; names no value. */
function leaksIn(traces: Traces): string[] {
  return [...traces].flatMap(([where, text]) =>
    NEEDLES.filter(([, pattern]) => pattern.test(text)).map(([name]) => `${name} in ${where}`),
  )
}

/** All topics of a site but that of events, with the names by which they are told. */
async function topicsOf({ broker, topics }: Site): Promise<[string, string][]> {
  const { events, ...ours } = topics
  const prefix = events.slice(0, -'events'.length)
  const told = new Map(Object.entries(ours).map(([name, topic]) => [topic, name]))
  const all = (await broker.admin.listTopics()).filter(
    (topic) => topic.startsWith(prefix) && topic !== events,
  )
  return all.map((topic) => [told.get(topic) ?? topic.slice(prefix.length), topic])
}

/** Raw bytes of everything in our topics, aborted records too. One character a byte: ASCII is found in any framing. */
async function collectTopics(site: Site, traces: Traces): Promise<number> {
  let count = 0
  for (const [topic, name] of await topicsOf(site)) {
    for (const row of await site.broker.rows(name, { committedOnly: false })) {
      count += 1
      const place = `${topic} ${row.partition}@${row.offset}`
      traces.set(`${place} key`, row.key?.toString('latin1') ?? '')
      traces.set(`${place} value`, row.value?.toString('latin1') ?? '')
      for (const [name, value] of Object.entries(row.headers))
        traces.set(
          `${place} header`,
          `${traces.get(`${place} header`) ?? ''}${name}=${value.toString('latin1')}\n`,
        )
    }
  }
  return count
}

const collectOutput = (instance: Instance, traces: Traces): void =>
  void traces.set(`output of process ${instance.pid}`, instance.text())

async function collectEndpoint(instance: Instance, traces: Traces): Promise<void> {
  const endpoint = await endpointOf(instance)
  for (const path of ['/metrics', '/status', '/readyz', '/livez', '/nothing'])
    traces.set(`${path} of process ${instance.pid}`, (await endpoint.get(path)).text)
}

const MESSAGE = `refused for ${MARKER} and ${GROUPED}`
const status = (code: number, attestrCode: number): FaultBody => ({
  ...{ kind: 'status', status: code, code: attestrCode, message: MESSAGE },
})

/** Every way an answer can be wrong that the simulator knows, and that ends with its event. */
const FAULTS: readonly Fault[] = [
  ...([400, 404, 403] as const).map((code) => status(code, code === 404 ? 4002 : 4001)),
  ...[status(403, 4031), status(403, 40398), status(500, 5001), status(503, 0), status(418, 1)],
  { kind: 'status', status: 200, as: 'html' },
  { kind: 'archived' },
  { kind: 'not-consumed' },
  ...(
    ['null', 'missing', 'empty', 'array', 'text', 'number', 'stage-not-object', 'bad-stage-id'] as const
  ).map((value): Fault => ({ kind: 'result', value })),
  ...(['wrong', 'null', 'missing', 'empty', 'not-hex', 'short', 'number'] as const).map(
    (value): Fault => ({ kind: 'signature', value }),
  ),
  { kind: 'tampered' },
  { kind: 'id', value: 'swapped' },
  { kind: 'id', value: 'missing' },
  ...(['invalid-utf8', 'bom', 'lone-surrogate', 'not-json'] as const).map(
    (value): Fault => ({ kind: 'bytes', value }),
  ),
  ...(['top', 'result', 'deep'] as const).map((at): Fault => ({ kind: 'duplicate-keys', at })),
  { kind: 'deep', depth: 40 },
  { kind: 'many-leaves', leaves: 3000 },
  { kind: 'many-leaves', leaves: 1800 },
  { kind: 'many-stages' },
  { kind: 'extra-members' },
  { kind: 'partial' },
  { kind: 'rerun' },
  { kind: 'gzip' },
  { kind: 'oversize', bytes: 4_500_000 },
  { kind: 'cut-json' },
  { kind: 'truncate' },
  { kind: 'reset-mid' },
  { kind: 'reset-before' },
]

const HEADERS = { traceparent: `00-${MARKER}-${AADHAAR}-01`, otp: MARKER, aadhaar: GROUPED }

/** Events of all forms, each with marks wherever a sender could put them. */
function markedEvents(site: Site): NewMessage[] {
  const { events, handshakeId } = site
  const payload = {
    ...{ tag: GROUPED, number: HYPHENED, requestId: `R ${AADHAAR}`, flowId: `FX ${HYPHENED}` },
    ...{ snapshot: AADHAAR, updated: Number(AADHAAR), otp: MARKER, resultSignature: MARKER },
    result: { FS0stage000: { input: { otp: MARKER, uuid: AADHAAR }, output: { photo: MARKER } } },
  }
  const json = (event: string | null, id: unknown, more: object = {}): string =>
    JSON.stringify({ ...(event === null ? {} : { event }), payload: { _id: id, ...payload, ...more } })
  const ends = [
    ...[events.completed, events.reduced, events.bare, events.skipped, events.errored].map((make, n) =>
      make(handshakeId(n)),
    ),
    ...[json('flowx.completed', handshakeId(5)), json(null, handshakeId(6), { tag: Number(AADHAAR) })],
    json(`factx.${AADHAAR}`, handshakeId(7)),
    ...[json('flowx.completed', `DS0 ${GROUPED}`), json('flowx.completed', AADHAAR)],
    ...[json('flowx.completed', Number(AADHAAR)), json('flowx.completed', null, { handshakeId: HYPHENED })],
    ...[JSON.stringify(AADHAAR), GROUPED, AADHAAR, `id ${AADHAAR} of`, `{"otp":"${MARKER}"`],
    ...[`{"a":"${MARKER}","a":"${AADHAAR}"}`, '', null, '[]'],
  ]
  const marked = [AADHAAR, GROUPED, HYPHENED, null]
  return ends.map((value, n) => ({
    ...{ key: marked[n % marked.length] ?? null, headers: HEADERS },
    value: n === ends.length - 1 ? Buffer.from([0, 0, 0, 0, 99, ...Buffer.from(MARKER + AADHAAR)]) : value,
  }))
}

const siteOptions = (more: Partial<SiteOptions> = {}): SiteOptions => ({
  partitions: 2,
  credential: CREDENTIAL,
  settings: { log: { level: 'debug' }, fetch: { attempts: 2, maxResponseBytes: 4_000_000 } },
  simulator: { canary: CANARY },
  ...more,
})

/** One of the three that are known. */
const IGNORING = { fetch: ['flowx.completed', 'flowx.skipped'], ignore: ['flowx.errored'] }

/** Records in every form, and all that may be kept beside them. */
const everythingKept = (directory: string, evidence: string) => ({
  records: { form: 'both', json: true },
  topics: { evidence },
  privacy: {
    hashKey: '12'.repeat(32),
    encryptionKeys: [{ id: 'k1', key: 'ab'.repeat(32) }],
    media: { directory },
  },
})

/** Every stage type in every way it can come out, in each result. */
const ALL_STAGES = Object.entries(STAGE_VARIANTS).flatMap(([type, variants]) =>
  Object.keys(variants).map((variant) => `${type}:${variant}`),
)

describe('what must not leave', () => {
  let site: Site
  const traces: Traces = new Map()
  const media = mkdtempSync(join(tmpdir(), 'leaks-test-'))
  const evidence = `evidence-${process.pid}-${Date.now()}`
  beforeAll(async () => {
    site = await createSite(
      siteOptions({
        ...{ createEvents: false, delaysMs: [200] },
        simulator: { canary: CANARY, stages: ALL_STAGES },
        settings: {
          ...siteOptions().settings,
          ...{ kafka: { maxRecordBytes: 60_000 }, limits: { stages: 180 } },
          ...{ catalogue: { stages: typesOf(ALL_STAGES) }, events: IGNORING },
          ...everythingKept(media, evidence),
        },
      }),
    )
    // A webhook with every stage in it is larger than a topic takes by itself.
    const config = { 'max.message.bytes': '8000000' }
    await site.broker.createTopic({ exact: site.topics.events, partitions: 2, config })
  })
  afterAll(async () => {
    await site.close()
    rmSync(media, { recursive: true })
  })

  it('does not, through all outcomes and failure codes, a fenced lane among them', async () => {
    const events = markedEvents(site)
    const faulty = FAULTS.map((fault, n) => ({ id: site.handshakeId(100 + n), fault }))
    const rules = faulty.map(({ id, fault }): [string, HandshakeRule[]] => [id, [{ fault, times: null }]])
    site.simulator.setScript({ handshakes: Object.fromEntries(rules) })
    for (const [index, event] of events.entries()) await site.send([event], index % 2)
    for (const { id } of faulty)
      await site.send([{ key: AADHAAR, value: site.events.completed(id), headers: HEADERS }], 0)
    const instance = site.process()
    await until('work is under way', () => site.simulator.ledger.summary().calls > 10)
    await fence(site, 0)
    await until('all events have ended', () => site.caughtUp(), 120_000)
    await until('all delays have ended too', () => delaysHaveEnded(site), 60_000)
    await until('nothing is left', () => site.caughtUp())
    await collectEndpoint(instance, traces)
    instance.kill('SIGTERM')
    expect(await instance.ended).toBe(0)
    collectOutput(instance, traces)

    // Unlike the judge of the other tests it knows every form of records.
    expect(await reconcile(site)).toBe(0)
    const codes = new Set((await site.outcomes()).flatMap(({ outcome, code }) => [outcome, code]))
    // No answer of the API makes a record that its schema refuses.
    const reachable = Object.keys(FAILURES).filter((code) => code !== 'record-unencodable')
    const skips = ['null-value', 'event-unsupported', 'event-ignored', 'no-stages']
    expect(['VERIFIED', 'DELAYED', ...reachable, ...skips].filter((code) => !codes.has(code))).toEqual([])
    expect(instance.lines.map(({ event }) => event)).toContain('lane-failed')
  })

  it('does not in systemic trouble, whatever the answer says', async () => {
    for (const fault of [status(401, 4016), status(403, 4039), status(500, 5001)]) {
      site.simulator.setScript({ global: [{ fault }] })
      for (let n = 0; n < 12; n += 1) {
        const value = site.events.completed(site.handshakeId(200 + n))
        await site.send([{ key: GROUPED, value, headers: HEADERS }], 1)
      }
      const instance = site.process()
      const endpoint = await endpointOf(instance)
      await until('it is paused', async () => (await endpoint.status()).state === 'paused')
      for (const path of ['/readyz', '/status', '/metrics'])
        traces.set(`${path} of process ${instance.pid}`, (await endpoint.get(path)).text)
      instance.kill('SIGTERM')
      expect(await instance.ended).toBe(0)
      collectOutput(instance, traces)
    }
  })

  it('does not when the registry refuses and repeats what it was sent', async () => {
    const registry = createServer((request, response) => {
      response.writeHead(401, { 'content-type': 'application/json', 'www-authenticate': MARKER })
      response.end(JSON.stringify({ error_code: 401, message: request.headers.authorization }))
    })
    await new Promise<void>((resolve) => registry.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void registry.close())
    const { port } = registry.address() as AddressInfo
    const instance = site.process(
      ...[`schemaRegistry.url=http://127.0.0.1:${port}`, `schemaRegistry.token=${REGISTRY_TOKEN}`],
    )
    expect(await instance.ended).toBe(1)
    expect(instance.text()).toContain('unauthorized')
    collectOutput(instance, traces)
  })

  it('does not when the path itself breaks with an error that quotes what it worked on', async () => {
    site.simulator.setScript({})
    const broken = await runHere(site, (edges) => ({
      ...edges,
      api: {
        ...edges.api,
        call: () => Promise.reject(Object.assign(new Error(MESSAGE), { body: MARKER, path: AADHAAR })),
      },
    }))
    await until('the lane has failed again', () => broken.text().split('lane-failed').length > 3)
    await broken.connector.stop()
    traces.set('log of a broken path', broken.text())
    traces.set('metrics of a broken path', await broken.metrics.text())
    traces.set('status of a broken path', JSON.stringify(broken.connector.status()))
    expect(broken.text()).toContain('"cause":"Error"')
  })

  it('is found nowhere: topics, logs, error output, metrics, status', async () => {
    expect(await collectTopics(site, traces)).toBeGreaterThan(500)
    for (const row of await site.broker.rows(evidence, { committedOnly: false }))
      traces.set(`evidence ${row.partition}@${row.offset}`, row.value?.toString('latin1') ?? '')
    for (const file of readdirSync(media, { recursive: true, withFileTypes: true }))
      if (file.isFile())
        traces.set(`media ${file.name}`, readFileSync(join(file.parentPath, file.name), 'latin1'))
    // One topic a stage type; evidence of all that was verified; files.
    const kinds = [...traces.keys()].map((where) => where.split(' ')[0] ?? '')
    expect(new Set(kinds.filter((kind) => kind.startsWith('verified.'))).size).toBe(
      Object.keys(STAGE_VARIANTS).length,
    )
    expect(kinds).toEqual(expect.arrayContaining(['evidence', 'media']))
    expect(leaksIn(traces)).toEqual([])
    expect([...traces.keys()].filter((where) => where.startsWith('output'))).toHaveLength(5)
    // It was there to be found: the events carried it in, and masked forms came out.
    const events = await site.broker.rows(site.topics.events)
    const incoming: Traces = new Map([['events', events.map(({ value }) => String(value)).join('\n')]])
    expect(leaksIn(incoming)).toEqual(['a secret in events', 'an Aadhaar number in events'])
    expect([...traces.values()].some((text) => text.includes(`xxxxxxxx${AADHAAR.slice(-4)}`))).toBe(true)
  })
})

/** Sends a good event too: without any, failures of several handshakes in a row are an API that is down. */
async function delaysHaveEnded(site: Site): Promise<boolean> {
  await site.send([{ key: null, value: site.events.completed(site.handshakeId(300)) }], 1)
  const outcomes = await site.outcomes()
  const delayed = outcomes.filter(({ outcome }) => outcome === 'DELAYED').length
  return (
    delayed > 0 && outcomes.filter(({ source }) => site.retryTopics.includes(source.topic)).length >= delayed
  )
}

const reconcile = ({ configFile, env }: Site): Promise<number> =>
  runCommandLine(['reconcile', '--config', configFile], {
    ...{ env, version: 'test', out: () => undefined, err: () => undefined },
    exitNow: (exit) => {
      throw new Error(`exit ${exit}`)
    },
  })

/** Takes the transactional id of a partition, as another owner would: the lane's next commit is refused. */
async function fence(site: Site, partition: number): Promise<void> {
  const transactionalId = `${site.groupId}.${site.topics.events}.${partition}`
  const producer = site.broker.kafka.producer({ transactionalId, idempotent: true, maxInFlightRequests: 1 })
  await producer.connect()
  await producer.transaction()
  await producer.disconnect()
}

interface RunHere {
  readonly connector: Connector
  readonly metrics: OpsMetrics
  /** The log at its lowest level. */
  text(): string
}

/** A connector in this process whose edges, log or metrics a test may replace. */
async function runHere(
  site: Site,
  plant: (edges: Edges, log: Log, metrics: OpsMetrics) => Edges,
  sets: readonly string[] = [],
): Promise<RunHere> {
  const loaded = loadConfig({ file: site.configFile, sets, env: site.env })
  if ('problems' in loaded) throw new Error(loaded.problems.join('\n'))
  const { config } = loaded
  const lines: string[] = []
  const stream = { write: (line: string) => void lines.push(line) }
  const log = createLog({ level: 'debug', pretty: false, stream })
  const clock = createSystemClock()
  const metrics = createMetrics('test')
  const connector = createConnector({
    ...{ config, clock, log, metrics, random: Math.random },
    openEdges: async (signal) =>
      plant(
        await openRealEdges({ config, clock, log, metrics, signal, environmentProxy: null }),
        log,
        metrics,
      ),
  })
  onTestFinished(() => connector.abort())
  await connector.start()
  return { connector, metrics, text: () => lines.join('') }
}

describe('the search', () => {
  const FEW = ['UIDAI:otp', 'EAADHAAR']
  /** One event through a connector with a planted fault. Out: what the search says. */
  async function leaksOf(
    plant: (edges: Edges, log: Log, metrics: OpsMetrics) => Edges,
    sets: readonly string[] = [],
    canary: Canary = CANARY,
  ): Promise<string[]> {
    const site = await createSite(
      siteOptions({
        ...{ partitions: 1, settings: { ...siteOptions().settings, catalogue: { stages: typesOf(FEW) } } },
        simulator: { canary, stages: FEW },
      }),
    )
    onTestFinished(() => site.close())
    await site.send([{ key: null, value: site.events.completed(site.handshakeId(0)) }], 0)
    const run = await runHere(site, plant, sets)
    await until('the event has ended', () => site.caughtUp())
    await run.connector.stop()
    const traces: Traces = new Map([
      ['log', run.text()],
      ['metrics', await run.metrics.text()],
    ])
    await collectTopics(site, traces)
    return [...new Set(leaksIn(traces).map((leak) => leak.replace(/ \d+@\d+/, '')))].sort()
  }
  const asItIs = (edges: Edges): Edges => edges

  it('finds nothing without a planted fault', async () => {
    expect(await leaksOf(asItIs)).toEqual([])
  })

  it('finds secrets that no rule drops', async () => {
    expect(await leaksOf(asItIs, ['privacy.defaults.secrets=keep'])).toEqual(['a secret in verified value'])
  })

  it('finds what a stage type asks to hide and no rule does', async () => {
    expect(await leaksOf(asItIs, ['privacy.defaults.catalogue=keep'])).toEqual(['a secret in verified value'])
  })

  it('finds Aadhaar numbers that no rule masks, also in groups and in the tag', async () => {
    const leak = ['an Aadhaar number in verified value']
    // What a type asks for drops the fields that texts with numbers are in.
    const off = ['privacy.defaults.aadhaar-text=keep', 'privacy.defaults.catalogue=keep']
    expect(await leaksOf(asItIs, off, { secret: MARKER, aadhaar: AADHAAR })).toEqual(leak)
    expect(await leaksOf(asItIs, ['privacy.defaults.tag-digits=keep'])).toEqual(leak)
  })

  it('finds a log line and a metric that show what was answered', async () => {
    const telling = (edges: Edges, log: Log, metrics: OpsMetrics): Edges => ({
      ...edges,
      api: {
        ...edges.api,
        async call(request) {
          const answer = await edges.api.call(request)
          if (answer.kind !== 'answer') return answer
          log.debug('kafka-client', { body: answer.body.toString() })
          const found = new RegExp(MARKER).exec(answer.body.toString())
          metrics.add('attestr_api_calls_total', 1, { status: found?.[0] ?? '' })
          return answer
        },
      },
    })
    expect(await leaksOf(telling)).toEqual([
      'a secret in log',
      'a secret in metrics',
      'an Aadhaar number in log',
    ])
  })

  it('finds a header that is passed on and a token in an output', async () => {
    const telling = (edges: Edges): Edges => ({
      ...edges,
      delivery: {
        ...edges.delivery,
        open: (list, signal) =>
          edges.delivery.open(list, signal).map(async (opening) => {
            const one = await opening
            if (one instanceof Error) return one
            return {
              start: one.start,
              close: () => one.close(),
              commit: (batch: CommitBatch) =>
                one.commit({
                  ...batch,
                  outputs: batch.outputs.map((output) => ({
                    ...output,
                    key: Buffer.from(HYPHENED),
                    headers: [{ key: 'token', value: Buffer.from(CREDENTIAL.authToken) }],
                  })),
                }),
            }
          }),
      },
    })
    expect(await leaksOf(telling)).toEqual(
      ['outcomes', 'verified']
        .flatMap((topic) => [`an Aadhaar number in ${topic} key`, `the auth token in ${topic} header`])
        .sort(),
    )
  })
})
