/** The command `reconcile` as a process, over topics of a real broker. */
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { travelHeaders } from '../../src/core/chain.js'
import type { Coordinates, MessageHeader } from '../../src/core/model.js'
import type { OutcomeRow } from '../../src/core/records.js'
import { createSchemaRegistry } from '../../src/io/registry/client.js'
import { createEncoders } from '../../src/io/registry/encoders.js'
import { resolveIds } from '../../src/io/registry/schemas.js'
import type { Counts, Violation } from '../../src/tools/reconcile/tally.js'
import { connectBroker, type TestBroker, uniqueName } from '../support/broker.js'
import { createSite, type Site } from '../support/site.js'
import { stack } from '../support/stack.js'
import { until } from '../support/until.js'

const BIN = fileURLToPath(new URL('../../bin/attestr-kafka.js', import.meta.url))
const temporary = mkdtempSync(join(tmpdir(), 'reconcile-test-'))
const env = { PATH: process.env['PATH'], TMPDIR: temporary }

let broker: TestBroker
beforeAll(async () => {
  broker = await connectBroker()
})
afterAll(async () => {
  await broker.close()
  rmSync(temporary, { recursive: true })
})

interface Ended {
  readonly code: number | string
  readonly out: string
  readonly err: string
}

interface Started {
  readonly ended: Promise<Ended>
  kill(signal: NodeJS.Signals): void
}

function start(args: readonly string[], more: Readonly<Record<string, string>> = {}): Started {
  const child = spawn(process.execPath, [BIN, 'reconcile', ...args], {
    ...{ env: { ...env, ...more }, stdio: ['ignore', 'pipe', 'pipe'] },
  })
  const texts = { out: '', err: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    texts.out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    texts.err += text
  })
  const ended = new Promise<Ended>((resolve) =>
    child.once('close', (code, signal) => resolve({ ...texts, code: code ?? signal ?? -1 })),
  )
  return { ended, kill: (signal) => void child.kill(signal) }
}

interface JsonReport {
  readonly proved: boolean
  readonly since: string | null
  readonly counts: Counts
  readonly violations: readonly Violation[]
}

/** Topics of their own, written by hand with any timestamps. */
async function createDesk(settings: Readonly<Record<string, unknown>> = {}) {
  const prefix = uniqueName('reconcile')
  const topics = {
    ...{ events: `${prefix}.events`, retry: `${prefix}.retry`, verified: `${prefix}.verified` },
    ...{ deadLetter: `${prefix}.dead`, outcomes: `${prefix}.outcomes` },
  }
  for (const exact of Object.values(topics)) await broker.createTopic({ exact })
  const { brokers, registryUrl } = stack()
  const folder = mkdtempSync(join(temporary, 'desk-'))
  const file = join(folder, 'attestr-kafka.yaml')
  const config = {
    attestr: { credentials: [{ id: 'main', authToken: 'token', clientSecret: 'secret' }] },
    kafka: { brokers, groupId: prefix },
    schemaRegistry: { url: registryUrl },
    topics: {
      ...{ ...topics, events: [topics.events], replay: `${prefix}.replay` },
      retry: [{ topic: topics.retry, delayMs: 1000 }],
    },
    ...settings,
  }
  writeFileSync(file, JSON.stringify(config))
  const registry = createSchemaRegistry({
    ...{ url: registryUrl, username: null, password: null, token: null, ca: null, register: true },
  })
  const encoders = createEncoders({ ids: await resolveIds(registry, topics) })
  await registry.close()
  const producer = broker.kafka.producer({ idempotent: true, maxInFlightRequests: 1 })
  await producer.connect()
  const write = async (
    topic: string,
    value: Buffer | null,
    at: number,
    headers: readonly MessageHeader[] = [],
  ) => {
    const kept = Object.fromEntries(headers.map((header) => [header.key, header.value ?? '']))
    await producer.send({ topic, messages: [{ value, headers: kept, timestamp: String(at), partition: 0 }] })
  }
  return {
    ...{ file, topics, write, groupId: prefix },
    event: (at: number) => write(topics.events, Buffer.from('x'), at),
    outcome: (source: Coordinates, at: number, more: Partial<OutcomeRow> = {}) => {
      const row: OutcomeRow = {
        ...{ source, origin: source, handshakeId: null, outcome: 'SKIPPED', code: 'null-value', records: 0 },
        ...{ calls: 0, attempt: 1, replays: 0, startedAt: 1, finishedAt: 2, ...more },
      }
      return write(topics.outcomes, Buffer.from(encoders.outcome(row)), at)
    },
    eventAt: (offset: number): Coordinates => ({ topic: topics.events, partition: 0, offset }),
    retryAt: (offset: number): Coordinates => ({ topic: topics.retry, partition: 0, offset }),
    /** A fresh broker does not know at once who coordinates the group. */
    commit: (topic: string, offset: number) =>
      until('the offset is committed', () =>
        broker.setCommitted(prefix, { topic, partition: 0 }, offset).then(
          () => true,
          () => false,
        ),
      ),
    run: (...args: string[]) => start(['--config', file, ...args]).ended,
    close: () => producer.disconnect(),
  }
}

const opened: { close(): Promise<unknown> }[] = []
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close()
  // Whatever happened, no temporary file outlives its process.
  expect(readdirSync(temporary).filter((name) => name.startsWith('attestr-kafka-'))).toEqual([])
})

async function desk(settings?: Readonly<Record<string, unknown>>) {
  const made = await createDesk(settings)
  opened.push(made)
  return made
}

const HOUR = 3_600_000
const ago = (hours: number): number => Date.now() - hours * HOUR
const lastLine = (text: string): string => text.trimEnd().split('\n').at(-1) ?? ''

describe('attestr-kafka reconcile', () => {
  let site: Site
  beforeAll(async () => {
    const retry = { topic: uniqueName('site.retry'), delayMs: 1000 }
    site = await createSite({ settings: { topics: { retry: [retry], replay: uniqueName('site.replay') } } })
  })
  afterAll(() => site.close())
  const run = (...args: string[]) => start(['--config', site.configFile, ...args], site.env).ended
  const feed = (from: number, to: number) =>
    site.send(
      Array.from({ length: to - from }, (_, n) => {
        const id = site.handshakeId(from + n)
        return { key: id, value: n % 10 === 3 ? 'garbage {' : n % 10 === 6 ? null : id }
      }),
    )

  it('proves what the connector has done, with 0, while it goes on and when it is through', async () => {
    await feed(0, 200)
    const here = await site.here()
    await here.started
    const early = await run()
    expect([early.code, lastLine(early.out)], early.out + early.err).toEqual([
      0,
      expect.stringMatching(/^PROVED: /),
    ])
    await feed(200, 400)
    const midway = await run('--json')
    expect([midway.code, JSON.parse(midway.out).violations], midway.err).toEqual([0, []])
    await until('every event is committed', () => site.caughtUp())
    await here.stop()
    const { code, out, err } = await run('--json')
    expect([code, err]).toEqual([0, ''])
    const report = JSON.parse(out) as JsonReport
    expect(report).toMatchObject({ proved: true, since: null, violations: [] })
    expect(report.counts).toMatchObject({ messages: 400, verified: 320, dead: 40, skipped: 40, waiting: 0 })
    expect(report.counts).toMatchObject({ deadLetters: 40, unprovable: 0 })
    expect(report.counts.records).toBe((await site.rows(site.topics.verified)).length)
  })

  it('finds what is wrong with it then, with 3 and a line for each', async () => {
    const [first] = await site.rows(site.topics.outcomes)
    const letter = (await site.rows(site.topics.deadLetter)).at(-1)
    await broker.append({ topic: site.topics.outcomes, partition: 0 }, [{ value: first?.value ?? null }])
    await broker.append({ topic: site.topics.deadLetter, partition: 1 }, [{ value: letter?.value ?? null }])
    await broker.append({ topic: site.topics.verified, partition: 0 }, [{ value: 'not a record' }])
    const { code, out, err } = await run()
    expect(code).toBe(3)
    expect(err).toMatch(/^attestr-kafka: not proved: 3 violations\n {2}\S/)
    expect(out).toMatch(new RegExp(`^outcome-doubled ${site.topics.events}/\\d+@\\d+: 2 outcomes at `, 'm'))
    expect(out).toMatch(new RegExp(`^dead-letter-doubled ${site.topics.events}/\\d+@\\d+`, 'm'))
    expect(out).toMatch(new RegExp(`^row-unreadable ${site.topics.verified}/0@\\d+$`, 'm'))
    expect(lastLine(out)).toBe('NOT PROVED: 3 violations')
    const json = await run('--json')
    expect(json.code).toBe(3)
    const kinds = (JSON.parse(json.out) as JsonReport).violations.map(({ kind }) => kind)
    expect(kinds.sort()).toEqual(['dead-letter-doubled', 'outcome-doubled', 'row-unreadable'])
  })
})

describe('attestr-kafka reconcile over topics written by hand', () => {
  it('waits for no outcome above the committed offsets, and misses each one below', async () => {
    const made = await desk()
    for (const hours of [3, 2, 1]) await made.event(ago(hours))
    await made.outcome(made.eventAt(0), ago(1))
    await made.commit(made.topics.events, 1)
    const early = await made.run()
    expect([early.code, early.err], early.out).toEqual([0, ''])
    expect(early.out).toMatch(/^waiting +2 /m)
    await made.commit(made.topics.events, 3)
    const late = await made.run('--json')
    expect(late.code).toBe(3)
    expect(JSON.parse(late.out).violations).toEqual([
      { kind: 'message-without-outcome', at: made.eventAt(1), origin: made.eventAt(1), detail: '' },
      { kind: 'message-without-outcome', at: made.eventAt(2), origin: made.eventAt(2), detail: '' },
    ])
  })

  it('follows a chain over a retry topic by the headers of its messages', async () => {
    const made = await desk()
    const chain = { source: made.eventAt(0), origin: made.eventAt(0), attempt: 2, replays: 0 }
    const headers = travelHeaders({ ...chain, firstSeenAt: 1, callsBefore: 1 }, 5)
    await made.event(ago(1))
    await made.outcome(made.eventAt(0), ago(1), { outcome: 'DELAYED', code: 'result-missing' })
    await made.commit(made.topics.events, 1)
    const lost = await made.run()
    expect(lost.code).toBe(3)
    expect(lost.out).toContain(`delay-not-continued ${made.topics.events}/0@0`)
    await made.write(made.topics.retry, Buffer.from('x'), ago(1), headers)
    expect((await made.run()).code).toBe(0)
    await made.outcome(made.retryAt(0), ago(0), { origin: made.eventAt(0), attempt: 2 })
    await made.commit(made.topics.retry, 1)
    const { code, out } = await made.run('--json')
    expect(code).toBe(0)
    expect(JSON.parse(out).counts).toMatchObject({
      messages: 2,
      events: 1,
      retries: 1,
      delayed: 1,
      skipped: 1,
    })
  })

  it('--since leaves out what lies before, and nothing that lies after', async () => {
    const made = await desk()
    // The outcome of the first is lost; the second one's lies before the time that is asked for.
    for (const hours of [5, 4, 2, 1]) await made.event(ago(hours))
    await made.outcome(made.eventAt(1), ago(4))
    await made.outcome(made.eventAt(2), ago(2))
    await made.outcome(made.eventAt(3), ago(1))
    await made.commit(made.topics.events, 4)
    expect((await made.run()).out).toContain(`message-without-outcome ${made.topics.events}/0@0`)
    for (const since of ['3h', new Date(ago(3)).toISOString()]) {
      const { code, out } = await made.run('--since', since, '--json')
      expect([code, JSON.parse(out).counts.messages], out).toEqual([0, 2])
    }
    await made.event(ago(0))
    await made.commit(made.topics.events, 5)
    const { code, out } = await made.run('--since', '3h')
    expect(code).toBe(3)
    expect(out).toContain(`message-without-outcome ${made.topics.events}/0@4`)
    expect(out).not.toContain(`${made.topics.events}/0@0`)
  })

  it('counts what at-least-once may do twice', async () => {
    const made = await desk({ delivery: 'at-least-once' })
    await made.event(ago(1))
    for (const hours of [1, 0]) await made.outcome(made.eventAt(0), ago(hours))
    await made.commit(made.topics.events, 1)
    const { code, out } = await made.run()
    expect(code).toBe(0)
    expect(out).toMatch(/^repeats +1 /m)
  })

  it('says what retention has left unprovable', async () => {
    const made = await desk()
    for (let n = 0; n < 4; n += 1) await made.event(ago(10 - n))
    for (let n = 0; n < 4; n += 1) await made.outcome(made.eventAt(n), ago(10 - n))
    await made.commit(made.topics.events, 4)
    await broker.deleteBefore({ topic: made.topics.events, partition: 0 }, 1)
    await broker.deleteBefore({ topic: made.topics.outcomes, partition: 0 }, 3)
    const { code, out } = await made.run()
    expect(code, out).toBe(0)
    expect(out).toContain(`unprovable outcome-out-of-reach ${made.topics.events}/0@1..2: 2`)
    expect(lastLine(out)).toMatch(/^PROVED: .*; but for the 2 unprovable ones above$/)
  })

  it('ends with 1 and a remedy where topics or brokers are missing, and with 2 without outcomes', async () => {
    const made = await desk()
    const absent = await made.run('--set', 'topics.verified=nowhere.verified')
    expect([absent.code, absent.out]).toEqual([1, ''])
    expect(absent.err).toMatch(/^attestr-kafka: topics do not exist: nowhere\.verified\n {2}\S/)
    const dark = await made.run('--set', 'kafka.brokers=["127.0.0.1:1"]')
    expect(dark.code).toBe(1)
    expect(dark.err).toMatch(/^attestr-kafka: the brokers did not answer: KafkaJS\S* .*\n {2}\S/)
    const blind = await made.run('--set', 'topics.outcomes=null')
    expect(blind.code).toBe(2)
    expect(blind.err).toMatch(/^attestr-kafka: topics\.outcomes is null/)
    const wrong = await made.run('--since', 'yesterday')
    expect([wrong.code, wrong.out]).toEqual([2, ''])
  })

  it('reads what is committed behind a transaction that is still open', async () => {
    const made = await desk()
    await made.event(ago(1))
    const transaction = await openTransaction(made.topics.outcomes)
    await made.outcome(made.eventAt(0), ago(1))
    await made.commit(made.topics.events, 1)
    const running = made.run('--json')
    await untilReading(made.groupId)
    await transaction.abort()
    const { code, out } = await running
    expect([code, JSON.parse(out).violations]).toEqual([0, []])
  })

  it('is stopped by a signal with 1, and leaves neither a group nor a file', async () => {
    const made = await desk()
    const transaction = await openTransaction(made.topics.outcomes)
    const started = start(['--config', made.file])
    await untilReading(made.groupId)
    started.kill('SIGTERM')
    const { code, err } = await started.ended
    expect([code, err]).toEqual([1, 'attestr-kafka: stopped before the end\n  Nothing was left behind.\n'])
    expect(await readersOf(made.groupId)).toEqual([])
    await transaction.abort()
  })
})

async function readersOf(groupId: string): Promise<readonly { readonly state: string }[]> {
  const { groups } = await broker.admin.listGroups()
  const ids = groups.map((group) => group.groupId).filter((id) => id.startsWith(`${groupId}.reader.`))
  return ids.length === 0 ? [] : (await broker.admin.describeGroups(ids)).groups
}

/** Until a reader has joined; one that stands before an open transaction stays. */
const untilReading = (groupId: string): Promise<void> =>
  until('the reader has joined', async () =>
    (await readersOf(groupId)).some(({ state }) => state === 'Stable'),
  )

async function openTransaction(topic: string) {
  const producer = broker.kafka.producer({
    ...{ transactionalId: uniqueName('open'), idempotent: true, maxInFlightRequests: 1 },
  })
  await producer.connect()
  const transaction = await producer.transaction()
  await transaction.send({ topic, messages: [{ value: 'x', partition: 0 }] })
  return {
    async abort() {
      await transaction.abort()
      await producer.disconnect()
    },
  }
}
