import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { areCompatible, canRead } from '../../../src/io/registry/evolution.js'
import { createSubjects, type Subjects } from '../../../src/io/registry/subjects.js'

type Answers = Readonly<Record<string, readonly [status: number, body: string]>>

const opened: { readonly server: Server; readonly subjects: Subjects }[] = []
afterEach(async () => {
  for (const { server, subjects } of opened.splice(0)) {
    await subjects.close()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
})

const NOT_THERE = [404, '{"error_code":40401,"message":"SECRET"}'] as const

/** A registry that answers by path. */
async function open(answers: Answers): Promise<{ subjects: Subjects; asked: string[] }> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`)
    const [status, body] = answers[request.url ?? ''] ?? NOT_THERE
    response.writeHead(status).end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const subjects = createSubjects({
    ...{
      url: `http://127.0.0.1:${port}`,
      username: null,
      password: null,
      token: null,
      ca: null,
      deadlineMs: 5000,
    },
  })
  opened.push({ server, subjects })
  return { subjects, asked }
}

const A = '{"type":"record","name":"A","fields":[]}'
const asSchema = (schema: string, more: object = {}): readonly [number, string] => [
  200,
  JSON.stringify({ schema, ...more }),
]

describe('the versions of a subject', () => {
  it('come oldest first, with null for what is no Avro, and without those deleted meanwhile', async () => {
    const { subjects } = await open({
      '/subjects/a%2Fb/versions': [200, '[3,1,2,10]'],
      '/subjects/a%2Fb/versions/1': asSchema(A),
      '/subjects/a%2Fb/versions/2': asSchema('{}', { schemaType: 'JSON' }),
      '/subjects/a%2Fb/versions/10': asSchema(A, { schemaType: 'AVRO' }),
    })
    expect(await subjects.versions('a/b')).toEqual([
      { version: 1, schema: A },
      { version: 2, schema: null },
      { version: 10, schema: A },
    ])
  })

  it('are none for a subject that is not there', async () => {
    const { subjects } = await open({})
    expect(await subjects.versions('s')).toEqual([])
  })

  it.each([
    ['a page', [200, '<html>SECRET'], 'answer-unusable'],
    ['texts', [200, '["1"]'], 'answer-unusable'],
    ['an object', [200, '{"1":1}'], 'answer-unusable'],
    [
      'more than there can be',
      [200, JSON.stringify(Array.from({ length: 1001 }, (_, n) => n))],
      'answer-unusable',
    ],
    ['500', [500, 'SECRET'], 'server-error'],
  ] as const)('are unknown, and nothing of the answer is told, when it is %s', async (_, answer, detail) => {
    const { subjects } = await open({ '/subjects/s/versions': answer })
    const error = await subjects.versions('s').catch((reason: unknown) => reason)
    expect(error).toMatchObject({ name: 'RegistryDown', detail })
    expect(JSON.stringify(error) + String(error)).not.toContain('SECRET')
  })
})

describe('the level of a subject', () => {
  it('is its own, else the one of the registry, else unknown', async () => {
    const full = [200, '{"compatibilityLevel":"FULL_TRANSITIVE"}'] as const
    const none = [200, '{"compatibilityLevel":"NONE"}'] as const
    expect(await (await open({ '/config/s': full, '/config': none })).subjects.level('s')).toBe(
      'FULL_TRANSITIVE',
    )
    expect(await (await open({ '/config': none })).subjects.level('s')).toBe('NONE')
    expect(await (await open({})).subjects.level('s')).toBe(null)
  })
})

describe('what a registry accepts', () => {
  it('is asked without writing, and unknown when it has no word for it', async () => {
    const path = '/compatibility/subjects/s/versions'
    const yes = await open({ [path]: [200, '{"is_compatible":true}'] })
    expect([await yes.subjects.accepts('s', A), yes.asked]).toEqual([true, [`POST ${path}`]])
    const no = await open({ [path]: [200, '{"is_compatible":false}'] })
    expect(await no.subjects.accepts('s', A)).toBe(false)
    expect(await (await open({})).subjects.accepts('s', A)).toBe(null)
  })
})

describe('two schemas', () => {
  const record = (...fields: object[]): string => JSON.stringify({ type: 'record', name: 'R', fields })
  const optional = { name: 'b', type: ['null', 'string'], default: null }

  it('fit each other when each reads what the other wrote', () => {
    expect(areCompatible(record(), record(optional))).toBe(true)
    const needed = record({ name: 'b', type: 'string' })
    expect([canRead(record(), needed), canRead(needed, record())]).toEqual([true, false])
    expect([areCompatible(record(), needed), areCompatible(needed, record())]).toEqual([false, false])
  })

  it('do not when one of them is none', () => {
    for (const text of ['', '{}', 'null', '{"type":"nothing"}'])
      expect(areCompatible(record(), text)).toBe(false)
  })
})
