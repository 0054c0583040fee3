import { SchemaRegistry as LibraryRegistry } from '@kafkajs/confluent-schema-registry'
import { describe, expect, it } from 'vitest'
import { createMemoryRegistry } from '../../src/io/memory/registry.js'
import { createSchemaRegistry } from '../../src/io/registry/client.js'
import { createEncoders } from '../../src/io/registry/encoders.js'
import { createEventReader } from '../../src/io/registry/events.js'
import type { SchemaRegistry } from '../../src/io/registry/registry.js'
import { resolveIds, SCHEMAS } from '../../src/io/registry/schemas.js'
import { chain } from '../steps/route-support.js'
import { stack } from '../support/stack.js'

interface Edge {
  readonly name: string
  open(register: boolean): SchemaRegistry
}

const run = Math.random().toString(36).slice(2)
let topics = 0
const newTopic = (): string => {
  topics += 1
  return `registry-contract-${run}-${topics}`
}

const twin = { on: createMemoryRegistry(), off: createMemoryRegistry({ register: false }) }
const edges: readonly Edge[] = [
  { name: 'the twin', open: (register) => (register ? twin.on : twin.off) },
  {
    name: 'the real registry',
    open: (register) =>
      createSchemaRegistry({
        url: stack().registryUrl,
        username: null,
        password: null,
        token: null,
        ca: null,
        register,
      }),
  },
]

describe.each(edges)('$name', ({ name, open }) => {
  it('gives one id to one schema, however often and by whomever it is asked', async () => {
    const subject = `${newTopic()}-value`
    const first = open(true)
    const id = await first.idOf(subject, SCHEMAS.verified)
    expect(id).toBeGreaterThan(0)
    expect(await first.idOf(subject, SCHEMAS.verified)).toBe(id)
    expect(await open(true).idOf(subject, SCHEMAS.verified)).toBe(id)
    expect(await Promise.all([1, 2, 3].map(() => first.idOf(subject, SCHEMAS.verified)))).toEqual([
      id,
      id,
      id,
    ])
  })

  it('gives other schemas other ids', async () => {
    const topic = newTopic()
    const all = { verified: topic, deadLetter: `${topic}-dead`, outcomes: `${topic}-outcomes` }
    const ids = await resolveIds(open(true), all)
    expect(new Set(Object.values(ids)).size).toBe(3)
    expect(await resolveIds(open(true), all)).toEqual(ids)
  })

  it('writes nothing when it may only look up', async () => {
    const subject = `${newTopic()}-value`
    const refusal = { name: 'RegistryRefused', reason: 'not-registered', subject }
    await expect(open(false).idOf(subject, SCHEMAS.outcome)).rejects.toMatchObject(refusal)
    await expect(open(false).idOf(subject, SCHEMAS.outcome)).rejects.toMatchObject(refusal)
    if (name === 'the twin') twin.off.add(subject, SCHEMAS.outcome)
    else await open(true).idOf(subject, SCHEMAS.outcome)
    expect(await open(false).idOf(subject, SCHEMAS.outcome)).toBeGreaterThan(0)
  })

  it('refuses what is no schema', async () => {
    const refused = open(true).idOf(`${newTopic()}-value`, '{"type":"nothing"}')
    await expect(refused).rejects.toMatchObject({ name: 'RegistryRefused', reason: 'invalid-schema' })
  })

  it('finds a schema by its id, and no other', async () => {
    const registry = open(true)
    const id = await registry.idOf(`${newTopic()}-value`, SCHEMAS.outcome)
    expect(await registry.schemaOf(id)).toMatchObject({ typeName: 'record' })
    expect(await registry.schemaOf(2_000_000_000)).toBe('unknown-schema')
  })

  it('lets what was encoded be read by the id in its framing', async () => {
    const registry = open(true)
    const schema = JSON.stringify({
      type: 'record',
      name: 'Probe',
      fields: ['topic', 'tag'].map((field) => ({ name: field, type: 'string' })),
    })
    const id = await registry.idOf(`${newTopic()}-value`, schema)
    const bytes = Buffer.from([0, 0, 0, 0, 0, 2, 0x41, 4, 0x42, 0x43])
    bytes.writeUInt32BE(id, 1)
    expect(await createEventReader({ registry }).read(bytes)).toEqual({ tag: 'BC' })
  })
})

describe('the real registry', () => {
  const real = edges[1]
  const registry = (): SchemaRegistry => {
    if (real === undefined) throw new Error('there is no real registry')
    return real.open(true)
  }

  it('keeps its settings and one version a schema', async () => {
    const url = stack().registryUrl
    const subject = `${newTopic()}-value`
    const settings = async (of = ''): Promise<unknown> => (await fetch(`${url}/config${of}`)).json()
    const before = await settings()
    await registry().idOf(subject, SCHEMAS.verified)
    await registry().idOf(subject, SCHEMAS.verified)
    expect(await settings()).toEqual(before)
    expect(await settings(`/${subject}`)).toEqual(before)
    expect(await (await fetch(`${url}/subjects/${subject}/versions`)).json()).toEqual([1])
  })

  it('refuses a schema that breaks the compatibility of its subject', async () => {
    const url = stack().registryUrl
    const subject = `${newTopic()}-value`
    await registry().idOf(subject, SCHEMAS.outcome)
    await fetch(`${url}/config/${subject}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
      body: '{"compatibility":"FULL_TRANSITIVE"}',
    })
    const schema = JSON.parse(SCHEMAS.outcome)
    schema.fields.push({ name: 'required', type: 'string' })
    const refused = registry().idOf(subject, JSON.stringify(schema))
    await expect(refused).rejects.toMatchObject({ reason: 'incompatible', status: 409, subject })
  })

  it('finds a schema that others registered with other blanks', async () => {
    const url = stack().registryUrl
    const subject = `${newTopic()}-value`
    const body = JSON.stringify({ schema: JSON.stringify(JSON.parse(SCHEMAS.outcome), null, 2) })
    const headers = { 'content-type': 'application/vnd.schemaregistry.v1+json' }
    const made = await fetch(`${url}/subjects/${subject}/versions`, { method: 'POST', headers, body })
    const { id } = (await made.json()) as { id: number }
    expect(await edges[1]?.open(false).idOf(subject, SCHEMAS.outcome)).toBe(id)
  })

  it('lets a widespread client read what the encoders wrote', async () => {
    const topic = newTopic()
    const ids = await resolveIds(registry(), {
      verified: topic,
      deadLetter: `${topic}-d`,
      outcomes: `${topic}-o`,
    })
    const row = {
      source: chain.source,
      origin: chain.origin,
      handshakeId: null,
      outcome: 'SKIPPED',
      code: 'null-value',
      records: 0,
      calls: 0,
      attempt: 1,
      replays: 0,
      startedAt: 1,
      finishedAt: 2,
    } as const
    const bytes = createEncoders({ ids }).outcome(row)
    const decoded = await new LibraryRegistry({ host: stack().registryUrl }).decode(bytes)
    expect(JSON.parse(JSON.stringify(decoded))).toEqual(row)
  })
})
