import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { SecretText } from '../../../src/core/model.js'
import { createSchemaRegistry, type RegistryOptions } from '../../../src/io/registry/client.js'
import { RegistryDown, RegistryRefused, type SchemaRegistry } from '../../../src/io/registry/registry.js'
import { resolveIds, SCHEMAS } from '../../../src/io/registry/schemas.js'

type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void

const SCHEMA = '{"type":"record","name":"R","fields":[]}'
const servers: Server[] = []
const registries: SchemaRegistry[] = []
const unhandled: unknown[] = []
process.on('unhandledRejection', (reason) => unhandled.push(reason))

afterEach(async () => {
  await Promise.all(registries.splice(0).map((registry) => registry.close()))
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  expect(unhandled).toEqual([])
})

interface Called {
  readonly line: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** A server that says what it was asked, and a registry that asks it. */
async function connect(answer: Answer, options: Partial<RegistryOptions> = {}) {
  const calls: Called[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8')
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => {
      calls.push({ line: `${request.method} ${request.url}`, headers: request.headers, body })
      answer(request, response, body)
    })
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const registry = createSchemaRegistry({
    url: `http://127.0.0.1:${port}/base/`,
    username: null,
    password: null,
    token: null,
    ca: null,
    register: true,
    deadlineMs: 5000,
    ...options,
  })
  registries.push(registry)
  return { registry, calls }
}

function reply(status: number, body: string, headers: Record<string, string> = {}): Answer {
  return (_, response) => {
    response.writeHead(status, { 'content-type': 'application/vnd.schemaregistry.v1+json', ...headers })
    response.end(body)
  }
}

/** The first answers in turn, then the last one for ever. */
function inTurn(...answers: readonly Answer[]): Answer {
  let next = 0
  return (...call) => {
    const answer = answers[Math.min(next, answers.length - 1)]
    next += 1
    answer?.(...call)
  }
}

const hang: Answer = () => {}
const reset: Answer = (request) => request.socket.destroy()
const cutOff: Answer = (request, response) => {
  response.writeHead(200, { 'content-length': '1000' })
  response.write('{"schema":')
  setImmediate(() => request.socket.destroy())
}
const halfOpen: Answer = (_, response) => {
  response.writeHead(200, { 'content-length': '1000' })
  response.write('{"schema":')
}
const notThere = reply(404, '{"error_code":40403,"message":"Schema not found"}')

async function thrown(work: Promise<unknown>): Promise<RegistryDown | RegistryRefused> {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  )
  if (error instanceof RegistryDown || error instanceof RegistryRefused) return error
  throw new Error(`neither down nor refused: ${error}`)
}

describe('the id of a schema', () => {
  it('is looked up, and nothing is written when it is there', async () => {
    const { registry, calls } = await connect(reply(200, '{"subject":"a/b-value","id":7,"version":1}'))
    expect(await registry.idOf('a/b-value', SCHEMA)).toBe(7)
    expect(calls.map((call) => call.line)).toEqual(['POST /base/subjects/a%2Fb-value'])
    expect(JSON.parse(calls[0]?.body ?? '')).toEqual({ schema: SCHEMA })
    expect(calls[0]?.headers).toMatchObject({
      'content-type': 'application/vnd.schemaregistry.v1+json',
    })
    expect(calls[0]?.headers).not.toHaveProperty('authorization')
  })

  it('is registered when it is not there, without a look at or a change of the settings', async () => {
    const { registry, calls } = await connect(inTurn(notThere, notThere, reply(200, '{"id":8}')))
    expect(await registry.idOf('s', SCHEMA)).toBe(8)
    expect(calls.map((call) => call.line)).toEqual([
      'POST /base/subjects/s',
      'POST /base/subjects/s?normalize=true',
      'POST /base/subjects/s/versions',
    ])
  })

  it('is not registered when the settings say look up only', async () => {
    const { registry, calls } = await connect(notThere, { register: false })
    expect(await thrown(registry.idOf('s', SCHEMA))).toMatchObject({ reason: 'not-registered', subject: 's' })
    expect(calls.map((call) => call.line)).toEqual([
      'POST /base/subjects/s',
      'POST /base/subjects/s?normalize=true',
    ])
  })

  it.each([
    [{ token: new SecretText('tok-1') }, 'Bearer tok-1'],
    [{ username: 'u', password: new SecretText('p:w') }, `Basic ${btoa('u:p:w')}`],
    [{ username: 'u' }, `Basic ${btoa('u:')}`],
  ])('is asked for with credentials', async (options, authorization) => {
    const answer: Answer = (request, ...rest) =>
      (request.method === 'GET' ? reply(200, JSON.stringify({ schema: SCHEMA })) : reply(200, '{"id":1}'))(
        request,
        ...rest,
      )
    const { registry, calls } = await connect(answer, options)
    await registry.idOf('s', SCHEMA)
    await registry.schemaOf(1)
    expect(calls.map((call) => call.headers.authorization)).toEqual([authorization, authorization])
  })

  it('is found for each topic that is written', async () => {
    const seen: string[] = []
    const ids = await resolveIds(
      {
        idOf: async (subject, schema) => {
          seen.push(subject, JSON.parse(schema).name)
          return seen.length
        },
      },
      { verified: 'v', deadLetter: 'd', outcomes: 'o' },
    )
    expect(ids).toEqual({ verified: 2, deadLetter: 4, outcome: 6 })
    expect(seen).toEqual(['v-value', 'VerifiedStage', 'd-value', 'DeadLetter', 'o-value', 'Outcome'])
    const without = await resolveIds(
      { idOf: async () => 5 },
      { verified: 'v', deadLetter: 'd', outcomes: null },
    )
    expect(without).toEqual({ verified: 5, deadLetter: 5, outcome: 0 })
  })

  it('is asked for with each schema on one line, as it is written', () => {
    const file = readFileSync(new URL('../../../avro/outcome.avsc', import.meta.url), 'utf8')
    expect(SCHEMAS.outcome).toBe(JSON.stringify(JSON.parse(file)))
  })
})

const secretBody = JSON.stringify({ error_code: 1, message: 'SECRET' })

describe('what waiting can mend is down', () => {
  it.each([
    ['a reset', reset, 'connection'],
    ['an answer cut off', cutOff, 'connection'],
    ['500', reply(500, secretBody), 'server-error'],
    ['503 without a body', reply(503, ''), 'server-error'],
    ['429', reply(429, secretBody), 'too-many-requests'],
    ['408', reply(408, secretBody), 'timeout'],
    ['a page instead of JSON', reply(200, '<html>SECRET'), 'answer-unusable'],
    ['JSON without what was asked for', reply(200, '{"id":"7"}'), 'answer-unusable'],
    ['null', reply(200, 'null'), 'answer-unusable'],
  ])('%s', async (_, answer, detail) => {
    const { registry } = await connect(answer)
    for (const error of [await thrown(registry.idOf('s', SCHEMA)), await thrown(registry.schemaOf(1))]) {
      expect(error).toBeInstanceOf(RegistryDown)
      expect(error).toMatchObject({ detail })
      expect(`${error.stack} ${JSON.stringify(error)}`).not.toContain('SECRET')
    }
  })

  it.each([
    ['that never answers', hang],
    ['that stops within an answer', halfOpen],
  ])('a registry %s is waited for no longer than the deadline', async (_, answer) => {
    const { registry } = await connect(answer, { deadlineMs: 50 })
    expect(await thrown(registry.idOf('s', SCHEMA))).toMatchObject({ detail: 'timeout' })
    expect(await thrown(registry.schemaOf(1))).toMatchObject({ detail: 'timeout' })
  })

  it.each([
    ['hung', hang],
    ['stopped within an answer', halfOpen],
    ['was cut off', cutOff],
    ['was reset', reset],
  ])('a schema is found after a request that %s', async (_, answer) => {
    const { registry } = await connect(inTurn(answer, reply(200, JSON.stringify({ schema: SCHEMA }))), {
      deadlineMs: 500,
    })
    await thrown(registry.schemaOf(1))
    expect(await registry.schemaOf(1)).toMatchObject({ typeName: 'record' })
  })

  it('a registry that is not there', async () => {
    const { registry } = await connect(hang)
    const gone = servers.splice(0)
    await Promise.all(gone.map((server) => new Promise((resolve) => server.close(resolve))))
    expect(await thrown(registry.idOf('s', SCHEMA))).toMatchObject({ detail: 'connection' })
    expect(await thrown(registry.schemaOf(1))).toMatchObject({ detail: 'connection' })
  })

  it('a 404 that is not the registry’s own, which says nothing about schemas', async () => {
    for (const body of ['', 'null', '<html>', '{}', '{"error_code":404}']) {
      const { registry } = await connect(reply(404, body))
      expect(await thrown(registry.schemaOf(1))).toMatchObject({ detail: 'answer-unusable' })
      expect(await thrown(registry.idOf('s', SCHEMA))).toMatchObject({ detail: 'answer-unusable' })
    }
  })
})

describe('what waiting cannot mend is refused', () => {
  it.each([
    [401, 'unauthorized'],
    [403, 'unauthorized'],
    [409, 'incompatible'],
    [422, 'invalid-schema'],
    [400, 'rejected'],
    [405, 'rejected'],
    [302, 'redirect'],
  ])('%i is %s, without a word of the answer', async (status, reason) => {
    const answer = reply(status, secretBody, { location: 'http://127.0.0.1:1/SECRET' })
    const { registry } = await connect(inTurn(notThere, notThere, answer))
    const refused = await thrown(registry.idOf('s', SCHEMA))
    expect(refused).toMatchObject({ reason, status, subject: 's' })
    expect(`${refused.stack} ${JSON.stringify(refused)}`).not.toContain('SECRET')
    const asked = await thrown(registry.schemaOf(1))
    expect(asked).toMatchObject({ reason, status, subject: null })
    expect(`${asked.stack} ${JSON.stringify(asked)}`).not.toContain('SECRET')
  })
})

describe('a schema by id', () => {
  it('is parsed, with the schemas it refers to', async () => {
    const outer = {
      schema: '{"type":"record","name":"Outer","fields":[{"name":"inner","type":"Inner"}]}',
      references: [{ name: 'Inner', subject: 'inner-value', version: 1 }],
    }
    const inner = {
      schema: '{"type":"record","name":"Inner","fields":[]}',
      subject: 'inner-value',
      version: 1,
      id: 2,
    }
    const answer: Answer = (request, ...rest) =>
      reply(200, JSON.stringify(request.url?.includes('/schemas/ids/5') ? outer : inner))(request, ...rest)
    const { registry, calls } = await connect(answer)
    expect(await registry.schemaOf(5)).toMatchObject({ typeName: 'record' })
    expect(calls.map((call) => call.line)).toEqual([
      'GET /base/schemas/ids/5',
      'GET /base/subjects/inner-value/versions/1?name=Inner',
    ])
  })

  it.each(['{"error_code":40403}', '{"error_code":"40403"}', '{"error_code":40401,"message":"x"}'])(
    'that the registry does not have (%s) is unknown',
    async (body) => {
      const { registry } = await connect(reply(404, body))
      expect(await registry.schemaOf(1)).toBe('unknown-schema')
    },
  )

  it.each([
    ['JSON schema', { schemaType: 'JSON', schema: '{"type":"object"}' }],
    ['Protobuf', { schemaType: 'PROTOBUF', schema: 'syntax = "proto3"; message A { string a = 1; }' }],
    ['another kind', { schemaType: 'OTHER', schema: 'x' }],
    ['Avro that does not parse', { schema: '{"type":"nothing"}' }],
    ['text that is no JSON', { schema: '{' }],
  ])('that is %s is not Avro', async (_, body) => {
    const { registry } = await connect(reply(200, JSON.stringify(body)))
    expect(await registry.schemaOf(1)).toBe('not-avro')
  })
})
