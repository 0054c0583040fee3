import { Pool, request } from 'undici'
import { afterEach, describe, expect, it } from 'vitest'
import { DEVELOPMENT_CREDENTIAL } from '../../src/simulator/credentials.js'
import { handshakeIdFor } from '../../src/simulator/ids.js'
import { type Simulator, type SimulatorOptions, startSimulator } from '../../src/simulator/server.js'
import { until } from './until.js'

const HEADERS = {
  authorization: `Basic ${DEVELOPMENT_CREDENTIAL.authToken}`,
  'content-type': 'application/json',
  'accept-encoding': 'identity',
}
const running: Simulator[] = []

async function start(options: SimulatorOptions = {}): Promise<Simulator> {
  const simulator = await startSimulator({ profile: 'small', ...options })
  running.push(simulator)
  return simulator
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((simulator) => simulator.stop()))
})

async function ask(simulator: Simulator, path: string, headers: Record<string, string> = HEADERS) {
  const answer = await request(simulator.url + path, { headers })
  return { status: answer.statusCode, text: await answer.body.text() }
}

const path = (n: number, version = 'v1'): string =>
  `/api/${version}/public/flowx/handshake/${handshakeIdFor(1, n)}`

describe('the server', () => {
  it('serves the path of the API with and without its base, and refuses versions it does not have', async () => {
    const simulator = await start({ versions: ['v1'] })
    const expected = simulator.source.resultFor(handshakeIdFor(1, 0)).body.toString()
    expect(await ask(simulator, path(0))).toEqual({ status: 200, text: expected })
    expect(await ask(simulator, path(0).slice('/api'.length))).toEqual({ status: 200, text: expected })
    expect(await ask(simulator, `${path(0)}?mode=debug`)).toEqual({ status: 200, text: expected })
    const { status, text } = await ask(simulator, path(0, 'v9'))
    expect([status, JSON.parse(text).code]).toEqual([400, 40051])
    expect((await ask(simulator, '/elsewhere')).status).toBe(404)
  })

  it('asks for a token and never shows it', async () => {
    const simulator = await start()
    const { status, text } = await ask(simulator, path(0), { authorization: 'Basic secret-of-somebody' })
    expect([status, JSON.parse(text).code]).toEqual([401, 4016])
    await ask(simulator, path(0))
    const page = (await ask(simulator, '/ledger')).text
    expect(page).not.toContain('secret-of-somebody')
    expect(page).not.toContain(DEVELOPMENT_CREDENTIAL.authToken)
    const seen = JSON.parse(page).calls.map((call: { headers: unknown }) => call.headers)
    expect(seen).toEqual([
      { acceptEncoding: null, contentType: null, authorizationOk: false, credential: null },
      { acceptEncoding: 'identity', contentType: 'application/json', authorizationOk: true, credential: 0 },
    ])
  })

  it('takes a script while it runs, counts its calls from then on, and refuses a wrong one', async () => {
    const simulator = await start()
    expect((await ask(simulator, path(0))).status).toBe(200)
    const put = async (script: unknown) => {
      const answer = await request(`${simulator.url}/script`, { method: 'PUT', body: JSON.stringify(script) })
      return { status: answer.statusCode, text: await answer.body.text() }
    }
    const rules = [{ fault: { kind: 'status', status: 500 } }]
    expect((await put({ handshakes: { [handshakeIdFor(1, 0)]: rules } })).status).toBe(200)
    expect((await ask(simulator, path(0))).status).toBe(500)
    expect((await ask(simulator, path(0))).status).toBe(200)
    const refused = await put({ global: [{ fault: { kind: 'explode' } }] })
    expect(refused.status).toBe(400)
    expect(refused.text).toContain('global[0].fault.kind')
  })

  it('says which port is taken', async () => {
    const { port } = await start()
    await expect(startSimulator({ port })).rejects.toThrow('EADDRINUSE')
  })

  it('stops although calls are in flight and connections are open', async () => {
    const simulator = await startSimulator({ latencyMs: 60_000 })
    const call = request(simulator.url + path(0), { headers: HEADERS }).catch(() => 'cut')
    await until(() => simulator.ledger.summary().inFlight === 1)
    await simulator.stop()
    expect(await call).toBe('cut')
  })
})

describe('the ledger', () => {
  it('counts calls, statuses, repeats and those in flight together', async () => {
    const simulator = await start({ latencyMs: 300 })
    simulator.setScript({
      handshakes: { [handshakeIdFor(1, 3)]: [{ fault: { kind: 'status', status: 503 } }] },
    })
    const pool = new Pool(simulator.url, { connections: 8, pipelining: 1 })
    const numbers = [0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 3, 8]
    await Promise.all(
      numbers.map(async (n) =>
        (await pool.request({ path: path(n), method: 'GET', headers: HEADERS })).body.dump(),
      ),
    )
    await pool.close()
    await until(() => simulator.ledger.summary().inFlight === 0)
    expect(simulator.ledger.summary()).toMatchObject({
      calls: 12,
      handshakes: 9,
      repeated: 2,
      inFlight: 0,
      maxInFlight: 8,
      byStatus: { 200: 11, 503: 1 },
    })
    expect(simulator.ledger.summary().meanMs).toBeGreaterThan(200)
    expect(simulator.ledger.count(handshakeIdFor(1, 0))).toBe(3)
    expect(simulator.ledger.count()).toBe(12)
    expect(simulator.ledger.counts().size).toBe(9)
  })

  it('keeps the last calls in detail and the counts of all', async () => {
    const simulator = await start({ ledgerCalls: 3 })
    for (let n = 0; n < 5; n += 1) await ask(simulator, path(n))
    const kept = simulator.ledger.calls()
    expect(kept.map((call) => call.handshakeId)).toEqual([2, 3, 4].map((n) => handshakeIdFor(1, n)))
    expect(simulator.ledger.counts().size).toBe(5)
    for (const call of kept) {
      expect(call).toMatchObject({ status: 200, whole: true, fault: null, inFlight: 1 })
      expect(call.endedAt).toBeGreaterThanOrEqual(call.startedAt)
    }
  })

  it('is served for one handshake and for all, and can be emptied', async () => {
    const simulator = await start()
    for (const n of [0, 0, 1]) await ask(simulator, path(n))
    const one = JSON.parse((await ask(simulator, `/ledger?handshake=${handshakeIdFor(1, 0)}`)).text)
    expect(one).toMatchObject({ count: 2, calls: [{ status: 200 }, { status: 200 }] })
    const all = JSON.parse((await ask(simulator, '/ledger?counts&limit=1')).text)
    expect(all).toMatchObject({ calls: [{ handshakeId: handshakeIdFor(1, 1) }], handshakes: 2, repeated: 1 })
    expect(all.counts[handshakeIdFor(1, 0)]).toBe(2)
    await request(`${simulator.url}/ledger`, { method: 'DELETE' }).then((answer) => answer.body.dump())
    expect(JSON.parse((await ask(simulator, '/ledger')).text)).toMatchObject({
      calls: [],
      handshakes: 0,
      inFlight: 0,
    })
  })
})
