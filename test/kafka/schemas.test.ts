/** The command `schemas` on a real registry, and starts of a connector while the registry is away. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { typedSchemaOf } from '../../src/catalogue/avro.js'
import { BUILT_IN } from '../../src/catalogue/built-in.js'
import { type Ran, runCommand } from '../commands/context.js'
import { filesBelow } from '../rules/tree.js'
import { uniqueName } from '../support/broker.js'
import { createDoor } from '../support/door.js'
import { createSite } from '../support/site.js'
import { stack } from '../support/stack.js'
import { until } from '../support/until.js'

const folder = mkdtempSync(join(tmpdir(), 'schemas-test-'))
afterAll(() => rmSync(folder, { recursive: true }))

const HEADERS = { 'content-type': 'application/vnd.schemaregistry.v1+json' }

async function ask(method: string, path: string, body?: object): Promise<{ status: number; body: unknown }> {
  const answer = await fetch(`${stack().registryUrl}${path}`, {
    ...{ method, headers: HEADERS, body: body === undefined ? null : JSON.stringify(body) },
  })
  return { status: answer.status, body: await answer.json() }
}

const setLevel = (subject: string, compatibility: string) =>
  ask('PUT', `/config/${subject}`, { compatibility })
const register = (subject: string, schema: string) => ask('POST', `/subjects/${subject}/versions`, { schema })
const versionsOf = async (subject: string) => (await ask('GET', `/subjects/${subject}/versions`)).body

/** Topics of their own, and the command with a configuration that names them. */
function createDesk(
  registry: Readonly<Record<string, unknown>> = {},
  more: Readonly<Record<string, unknown>> = {},
  moreTopics: Readonly<Record<string, string>> = {},
) {
  const prefix = uniqueName('schemas')
  const topics = {
    ...{ events: [`${prefix}.events`], verified: `${prefix}.verified` },
    ...{ deadLetter: `${prefix}.dead`, outcomes: `${prefix}.outcomes` },
    ...moreTopics,
  }
  const file = join(folder, `${prefix}.yaml`)
  const config = {
    attestr: { credentials: [{ id: 'main', authToken: 'token', clientSecret: 'secret' }] },
    kafka: { brokers: ['127.0.0.1:1'] },
    schemaRegistry: { url: stack().registryUrl, ...registry },
    ...{ topics, ...more },
  }
  writeFileSync(file, JSON.stringify(config))
  const run = (action: string, ...more: string[]): Promise<Ran> =>
    runCommand('schemas', action, '--config', file, ...more)
  const rows = (ran: Ran): Record<string, unknown>[] => JSON.parse(ran.out)
  const subject = (topic: string): string => `${topic}-value`
  return { topics, run, rows, verified: subject(topics.verified), outcomes: subject(topics.outcomes) }
}

describe('schemas print', () => {
  it('prints one schema as it is in avro/, ready for a file', async () => {
    const desk = createDesk()
    const { code, out } = await desk.run('print', '--subject', desk.outcomes)
    expect(code).toBe(0)
    expect(JSON.parse(out)).toEqual(JSON.parse(readFileSync('avro/outcome.avsc', 'utf8')))
  })

  it('prints all that is written, and the schema of events when asked, without a registry', async () => {
    const desk = createDesk({ url: 'http://127.0.0.1:1' })
    const records = async (...more: string[]): Promise<unknown[]> =>
      desk.rows(await desk.run('print', '--json', ...more)).map(({ record }) => record)
    const written = ['attestr.VerifiedStage', 'attestr.DeadLetter', 'attestr.Outcome']
    expect(await records()).toEqual(written)
    expect(await records('--events')).toEqual([...written, 'attestr.HandshakeCompleted'])
    expect((await desk.run('print')).out).toContain(`# ${desk.verified}: attestr.VerifiedStage\n{`)
  })

  it('says which subjects there are when one is named that is not', async () => {
    const desk = createDesk()
    const { code, err } = await desk.run('print', '--subject', 'nothing')
    expect([code, err.includes(desk.outcomes)]).toEqual([2, true])
  })
})

describe('the schemas of typed records', () => {
  const typed = { records: { form: 'both' }, catalogue: { stages: { FS0pan: 'PAN', FS0bank: 'BANK_ACC' } } }

  it('are printed, registered and checked with the others, for the types that stages have', async () => {
    const desk = createDesk({}, typed)
    const records = (ran: Ran): unknown[] => desk.rows(ran).map(({ record }) => record)
    const printed = await desk.run('print', '--json')
    expect(records(printed).slice(-2)).toEqual(['attestr.stage.Pan', 'attestr.stage.BankAcc'])
    expect((await desk.run('register')).code).toBe(0)
    expect(await versionsOf(`${desk.topics.verified}.bank-acc-value`)).toEqual([1])
    const checked = await desk.run('check', '--json')
    expect(desk.rows(checked).map(({ status }) => status)).toEqual(Array(5).fill('registered'))
  })
})

describe('the schema of evidence', () => {
  it('is printed and registered with the others where evidence is kept', async () => {
    const evidence = uniqueName('evidence')
    const desk = createDesk(
      {},
      { privacy: { encryptionKeys: [{ id: 'k1', key: 'ab'.repeat(32) }] } },
      { evidence },
    )
    const printed = await desk.run('print', '--subject', `${evidence}-value`)
    expect(JSON.parse(printed.out)).toEqual(JSON.parse(readFileSync('avro/evidence.avsc', 'utf8')))
    expect((await desk.run('register')).code).toBe(0)
    expect(await versionsOf(`${evidence}-value`)).toEqual([1])
  })
})

describe('schemas register', () => {
  it('registers what is not there, and nothing when it is run again', async () => {
    const desk = createDesk({ register: false })
    const first = await desk.run('register', '--json', '--events')
    expect(first.code).toBe(0)
    expect(desk.rows(first).map(({ isNew }) => isNew)).toEqual([true, true, true, true])
    const again = await desk.run('register', '--json', '--events')
    expect(desk.rows(again)).toEqual(desk.rows(first).map((row) => ({ ...row, isNew: false })))
    expect(await versionsOf(desk.verified)).toEqual([1])
  })

  it('registers nothing at all when one schema is incompatible', async () => {
    const desk = createDesk()
    await register(desk.outcomes, '{"type":"record","name":"Other","fields":[{"name":"a","type":"string"}]}')
    const { code, err } = await desk.run('register')
    expect([code, err.includes(desk.outcomes)]).toEqual([3, true])
    expect((await ask('GET', `/subjects/${desk.verified}/versions`)).status).toBe(404)
    expect(await versionsOf(desk.outcomes)).toEqual([1])
  })
})

describe('schemas check', () => {
  it('writes nothing, and what is missing is a fault only where nobody may register it', async () => {
    const open = createDesk()
    const { code, out } = await open.run('check', '--json')
    expect(code).toBe(0)
    expect(JSON.parse(out).map(({ status }: { status: string }) => status)).toEqual([
      'missing',
      'missing',
      'missing',
    ])
    expect((await ask('GET', `/subjects/${open.verified}/versions`)).status).toBe(404)
    const closed = createDesk({ register: false })
    const refused = await closed.run('check')
    expect(refused.code).toBe(3)
    expect(refused.err).toContain('schemas register')
    await closed.run('register')
    expect((await closed.run('check')).code).toBe(0)
  })

  it('names the versions that do not fit, whatever level the registry has', async () => {
    const desk = createDesk()
    await setLevel(desk.verified, 'NONE')
    const current = JSON.parse(readFileSync('avro/verified-stage.avsc', 'utf8'))
    await register(desk.verified, JSON.stringify(current))
    const needing = { ...current, fields: [...current.fields, { name: 'more', type: 'string' }] }
    await register(desk.verified, JSON.stringify(needing))
    const ran = await desk.run('check', '--json')
    expect(ran.code).toBe(3)
    expect(desk.rows(ran)[0]).toMatchObject({ status: 'incompatible', breaks: [2], level: 'NONE' })
    expect((await desk.run('check')).out).toMatch(
      /incompatible +\d+ +NONE +does not fit version 2; FULL_TRANSITIVE is advised/,
    )
  })

  it('is a fault, with a remedy and no secret, when the registry does not answer', async () => {
    const desk = createDesk({ url: 'http://127.0.0.1:1', username: 'user', password: 'p4ssw0rd' })
    const { code, err } = await desk.run('check')
    expect([code, err.includes('schemaRegistry.*'), err.includes('p4ssw0rd')]).toEqual([1, true, false])
  })
})

describe('a registry that asks for FULL_TRANSITIVE', () => {
  const released = filesBelow('avro/released').filter(({ path }) => path.endsWith('.avsc'))
  const nameOf = (path: string): string => path.replace(/^avro\/released\/[^/]+\//, '')
  const names = [...new Set(released.map(({ path }) => nameOf(path)))]

  it.each(names)('takes every released version of %s and then the one of today', async (name) => {
    const subject = `${uniqueName('evolution')}-value`
    await setLevel(subject, 'FULL_TRANSITIVE')
    const today = { path: `avro/${name}`, text: readFileSync(`avro/${name}`, 'utf8') }
    for (const { path, text } of [...released.filter((one) => nameOf(one.path) === name), today]) {
      expect([path, (await register(subject, text)).status]).toEqual([path, 200])
    }
    const broken = JSON.parse(today.text)
    broken.fields.push({ name: 'required', type: 'string' })
    expect((await register(subject, JSON.stringify(broken))).status).toBe(409)
  })

  it('takes the schema of every type of the catalogue, and one with a field more', async () => {
    for (const spec of Object.values(BUILT_IN)) {
      const subject = `${uniqueName('typed')}-value`
      await setLevel(subject, 'FULL_TRANSITIVE')
      const wider = {
        ...spec,
        output: { ...spec.output, addedLater: { type: 'text', label: 'O' } },
      } as typeof spec
      for (const schema of [typedSchemaOf(spec), typedSchemaOf(wider), typedSchemaOf(spec)]) {
        expect([spec.name, (await register(subject, schema)).status]).toEqual([spec.name, 200])
      }
    }
  })
})

describe('a start while the registry is away', () => {
  it('goes on with the ids that it gave before', async ({ onTestFinished }) => {
    const { host, pathname } = new URL(stack().registryUrl)
    const door = await createDoor(host)
    onTestFinished(() => door.shut())
    await door.open()
    const idsFile = join(folder, `${uniqueName('ids')}.json`)
    const site = await createSite({ partitions: 1, registryUrl: `http://${door.address}${pathname}` })
    onTestFinished(() => site.close())
    const send = (n: number): Promise<void> =>
      site.send([{ key: site.handshakeId(n), value: site.events.completed(site.handshakeId(n)) }])

    const first = await site.here(`schemaRegistry.idsFile=${idsFile}`)
    await first.started
    await send(1)
    await until('the first event has ended', () => site.caughtUp())
    await first.stop()

    await door.shut()
    await send(2)
    const second = await site.here(`schemaRegistry.idsFile=${idsFile}`)
    await second.started
    await until('the second event has ended', () => site.caughtUp())
    expect(
      second.lines.filter(({ event }) => event.startsWith('schema-ids')).map(({ event }) => event),
    ).toEqual(['schema-ids-kept'])
    await second.stop()
    expect(await site.violations({ callsOnce: true })).toBe('')
  })

  it('goes over to the ids of the registry when it is back and has others', async ({ onTestFinished }) => {
    const { host, pathname } = new URL(stack().registryUrl)
    const door = await createDoor(host)
    onTestFinished(() => door.shut())
    await door.open()
    const idsFile = join(folder, `${uniqueName('ids')}.json`)
    const site = await createSite({ partitions: 1, registryUrl: `http://${door.address}${pathname}` })
    onTestFinished(() => site.close())
    const first = await site.here(`schemaRegistry.idsFile=${idsFile}`)
    await first.started
    await first.stop()
    const kept = readFileSync(idsFile, 'utf8')
    writeFileSync(idsFile, kept.replace(/"id": (\d+)/g, '"id": 90000$1'))

    await door.shut()
    const second = await site.here(`schemaRegistry.idsFile=${idsFile}`)
    await second.started
    await door.open()
    await until('the ids were compared', () =>
      second.lines.some(({ event }) => event === 'schema-ids-differ'),
    )
    await site.send([{ key: site.handshakeId(1), value: site.events.completed(site.handshakeId(1)) }])
    await until('the event has ended', () => site.caughtUp())
    await second.stop()
    expect(await site.violations({ callsOnce: true })).toBe('')
    const ids = (await site.rows(site.topics.verified)).map(({ value }) => value?.readUInt32BE(1) ?? 0)
    expect([ids.length > 0, ids.every((id) => id < 90_000)]).toEqual([true, true])
    expect(readFileSync(idsFile, 'utf8')).toBe(kept)
  })
})
