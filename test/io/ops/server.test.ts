import { request as httpRequest } from 'node:http'
import { networkInterfaces } from 'node:os'
import { afterEach, describe, expect, it } from 'vitest'
import { SecretText } from '../../../src/core/model.js'
import {
  createOpsServer,
  OpsPortUnavailable,
  type OpsServer,
  type OpsServerOptions,
  type ResumeRequest,
} from '../../../src/io/ops/server.js'

const servers: OpsServer[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()))
})

async function start(more: Partial<OpsServerOptions> = {}) {
  const resumes: ResumeRequest[] = []
  const server = createOpsServer({
    host: '127.0.0.1',
    port: 0,
    token: null,
    status: () => ({ ready: true, state: 'running', reason: null, partitions: [] }),
    live: () => true,
    metrics: { text: async () => 'attestr_events_total 1\n', contentType: 'text/plain; version=0.0.4' },
    resume: (request) => {
      resumes.push(request)
      return { resumed: ['events-lost'] }
    },
    ...more,
  })
  servers.push(server)
  await server.start()
  const url = `http://127.0.0.1:${server.port}`
  const post = (body: string | null, headers: Record<string, string> = {}) =>
    fetch(`${url}/resume`, { method: 'POST', body, headers })
  return { server, url, resumes, post }
}

describe('what is asked for is answered', () => {
  it('/readyz is 200 with ready', async () => {
    const { url } = await start()
    const response = await fetch(`${url}/readyz`)
    expect([response.status, await response.json()]).toEqual([200, { ready: true }])
  })

  it('/readyz is 503 with state and reason while paused, and /livez stays 200', async () => {
    const { url } = await start({
      status: () => ({ ready: false, state: 'paused', reason: 'credentials', more: 1 }),
    })
    const response = await fetch(`${url}/readyz`)
    expect([response.status, await response.json()]).toEqual([
      503,
      { ready: false, state: 'paused', reason: 'credentials' },
    ])
    expect((await fetch(`${url}/livez`)).status).toBe(200)
  })

  it('/readyz tells since when, the next probe and the credential, where there are any', async () => {
    const report = { ready: false, state: 'paused', reason: 'credentials', since: 5 } as const
    const of = async (more: object) => {
      const { url } = await start({ status: () => ({ ...report, ...more }) })
      return (await fetch(`${url}/readyz`)).json()
    }
    expect(await of({ nextProbe: 7, credential: 'main', heldEvents: 3 })).toEqual({
      ...report,
      ...{ nextProbe: 7, credential: 'main' },
    })
    expect(await of({ nextProbe: null, credential: null })).toEqual(report)
  })

  it('/livez is 503 when the loop is wedged', async () => {
    const { url } = await start({ live: () => false })
    const response = await fetch(`${url}/livez`)
    expect([response.status, await response.json()]).toEqual([503, { live: false }])
  })

  it('/status is the whole report, /metrics the text', async () => {
    const { url } = await start()
    expect(await (await fetch(`${url}/status?x=1`)).json()).toEqual({
      ready: true,
      state: 'running',
      reason: null,
      partitions: [],
    })
    const metrics = await fetch(`${url}/metrics`)
    expect(await metrics.text()).toBe('attestr_events_total 1\n')
    expect(metrics.headers.get('content-type')).toBe('text/plain; version=0.0.4')
  })

  it('HEAD is answered without a body', async () => {
    const { url } = await start()
    const response = await fetch(`${url}/readyz`, { method: 'HEAD' })
    expect([response.status, await response.text()]).toEqual([200, ''])
  })

  it('anything else is 404 or 405, with what is allowed', async () => {
    const { url } = await start()
    expect((await fetch(`${url}/`)).status).toBe(404)
    expect((await fetch(`${url}/constructor`)).status).toBe(404)
    const wrong = await fetch(`${url}/metrics`, { method: 'DELETE' })
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
    const get = await fetch(`${url}/resume`)
    expect([get.status, get.headers.get('allow')]).toEqual([405, 'POST'])
  })

  it('a fault inside is 500 and says nothing of its message', async () => {
    const { url } = await start({
      status: () => {
        throw new Error('canary')
      },
    })
    const response = await fetch(`${url}/status`)
    expect(response.status).toBe(500)
    expect(await response.text()).not.toContain('canary')
  })
})

describe('POST /resume', () => {
  it('passes on what is accepted', async () => {
    const { post, resumes } = await start()
    const response = await post('{"accept":"events-lost"}')
    expect([response.status, await response.json()]).toEqual([200, { resumed: ['events-lost'] }])
    await post('{"accept":"flood"}')
    await post('{"accept":["flood","events-lost"]}')
    expect(resumes).toEqual([
      { accept: ['events-lost'] },
      { accept: ['flood'] },
      { accept: ['events-lost', 'flood'] },
    ])
  })

  it('without a word of what ends a flood, and never accepts that events were lost', async () => {
    const { post, resumes } = await start()
    await post('{}')
    await post(null)
    expect(resumes).toEqual([{ accept: ['flood'] }, { accept: ['flood'] }])
  })

  it.each([
    '{"accept":"all"}',
    '{"accept":null}',
    '{"accept":[]}',
    '{"accept":["flood","all"]}',
    '[]',
    'null',
    '{',
    '{"other":1}',
    `"${'x'.repeat(5000)}"`,
  ])('refuses the body %.20s', async (body) => {
    const { post, resumes } = await start()
    expect((await post(body)).status).toBe(400)
    expect(resumes).toEqual([])
  })

  it('with a token needs exactly that token, on loopback too', async () => {
    const { post, resumes } = await start({ token: new SecretText('open-sesame') })
    for (const authorization of [
      '',
      'Bearer',
      'Bearer ',
      'Bearer open-sesam',
      'Bearer open-sesame2',
      'Basic open-sesame',
    ]) {
      const response = await post('{}', authorization === '' ? {} : { authorization })
      expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
      expect(await response.text()).not.toContain('sesam')
    }
    expect(resumes).toEqual([])
    expect((await post('{}', { authorization: 'Bearer open-sesame' })).status).toBe(200)
    expect((await post('{}', { authorization: 'bearer open-sesame' })).status).toBe(200)
    expect(resumes).toHaveLength(2)
  })

  it('without a token is refused to a web page and to what a proxy passes on', async () => {
    const { post, resumes } = await start()
    expect((await post('{}', { origin: 'http://evil.example' })).status).toBe(403)
    expect((await post('{}', { 'x-forwarded-for': '10.0.0.1' })).status).toBe(403)
    expect(resumes).toEqual([])
  })

  const outside = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .find((one) => one.family === 'IPv4' && !one.internal)?.address
  it.skipIf(outside === undefined)('without a token is refused from anywhere but loopback', async () => {
    const { server, resumes } = await start({ host: '0.0.0.0' })
    const status = await new Promise((done, fail) => {
      const request = httpRequest(
        { host: outside, port: server.port, path: '/resume', method: 'POST' },
        (response) => {
          response.resume()
          done(response.statusCode)
        },
      )
      request.on('error', fail)
      request.end('{}')
    })
    expect(status).toBe(403)
    expect(resumes).toEqual([])
  })
})

describe('the port', () => {
  it('that is in use gives a clear error', async () => {
    const { server } = await start()
    const second = start({ port: server.port })
    await expect(second).rejects.toThrow(OpsPortUnavailable)
    await expect(second).rejects.toThrow(
      `operations port 127.0.0.1:${server.port} cannot be opened: another process listens there`,
    )
  })

  it('is given back by stop, with open connections cut', async () => {
    const { server, url } = await start()
    await (await fetch(`${url}/livez`)).text()
    const { port } = server
    await server.stop()
    await server.stop()
    await start({ port })
  })
})
