import { afterEach, describe, expect, it } from 'vitest'
import type { ApiAnswer, ResultApi } from '../../src/core/ports.js'
import { createResultClient, flattenResult } from '../../src/index.js'
import { createVirtualClock } from '../../src/io/memory/clock.js'
import { DEVELOPMENT_CREDENTIAL } from '../../src/simulator/credentials.js'
import { handshakeIdFor } from '../../src/simulator/ids.js'
import { createResultSource } from '../../src/simulator/results.js'
import { type Simulator, type SimulatorOptions, startSimulator } from '../../src/simulator/server.js'

const open: { stop(): Promise<void> }[] = []

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.stop()
})

async function start(options: SimulatorOptions = {}): Promise<Simulator> {
  const simulator = await startSimulator({ profile: 'small', ...options })
  open.push(simulator)
  return simulator
}

function clientOf(simulator: Simulator, more: Partial<Parameters<typeof createResultClient>[0]> = {}) {
  const client = createResultClient({ ...DEVELOPMENT_CREDENTIAL, baseUrl: simulator.baseUrl, ...more })
  open.push({ stop: () => client.close() })
  return client
}

const ID = handshakeIdFor(1, 0)

describe('a result client', () => {
  it('fetches one result, checks its signature, and flattens it without its secrets', async () => {
    const simulator = await start({
      stages: ['UIDAI:otp'],
      canary: { secret: 'MARKER-OF-A-SECRET', aadhaar: '234567890124' },
    })
    const fetched = await clientOf(simulator).fetchResult(ID)
    expect(fetched).toMatchObject({ kind: 'verified', calls: 1 })
    if (fetched.kind !== 'verified') return
    expect(fetched.trusted).toMatchObject({
      handshakeId: ID,
      verification: { method: 'raw', credentialId: 'main' },
    })
    const flat = flattenResult(fetched.trusted)
    expect(flat).toMatchObject({ kind: 'ok', value: [{ status: 'COMPLETE' }] })
    expect(JSON.stringify(flat)).not.toContain('MARKER-OF-A-SECRET')
    const kept = flattenResult(fetched.trusted, { keep: ['secrets'] })
    expect(JSON.stringify(kept)).toContain('MARKER-OF-A-SECRET')
    expect(flattenResult(fetched.trusted, { limits: { leaves: 1 } })).toMatchObject({
      kind: 'dead',
      failure: { code: 'result-over-limits' },
    })
  })

  it('guesses a type by shape, as the connector does, and follows its privacy rules', async () => {
    const simulator = await start({ stages: ['PAN:done'] })
    const fetched = await clientOf(simulator).fetchResult(ID)
    if (fetched.kind !== 'verified') throw new Error(fetched.kind)
    const flat = flattenResult(fetched.trusted)
    if (flat.kind !== 'ok') throw new Error(flat.kind)
    expect(flat.value[0]).toMatchObject({ stageType: 'PAN', stageTypeSource: 'SHAPE' })
    expect(flat.value[0]?.input['pan']).toMatch(/^xxxxxx....$/)
  })

  it('retries a fault in place and says how many calls it took', async () => {
    const simulator = await start({
      script: { handshakes: { [ID]: [{ fault: { kind: 'reset-before' }, times: 1 }] } },
    })
    expect(await clientOf(simulator).fetchResult(ID)).toMatchObject({ kind: 'verified', calls: 2 })
  })

  it('ends with a failure code where the answer is final', async () => {
    const simulator = await start({
      script: {
        handshakes: {
          [ID]: [{ fault: { kind: 'signature', value: 'wrong' }, times: null }],
          [handshakeIdFor(1, 1)]: [{ fault: { kind: 'archived' }, times: null }],
          [handshakeIdFor(1, 2)]: [{ fault: { kind: 'status', status: 500, code: 5001 }, times: null }],
        },
      },
    })
    const client = clientOf(simulator, { attempts: 2 })
    const codes = await Promise.all(
      [0, 1, 2].map(async (n) => {
        const end = await client.fetchResult(handshakeIdFor(1, n))
        const failed = end.kind === 'dead' || end.kind === 'delay'
        return failed ? `${end.kind} ${end.failure.code} ${end.calls}` : end.kind
      }),
    )
    expect(codes).toEqual([
      'dead signature-mismatch 1',
      'dead result-archived 1',
      'delay retries-exhausted 2',
    ])
  })

  it('tells systemic trouble apart: the handshake is not to blame, and the next fetch asks again', async () => {
    const simulator = await start()
    const stranger = clientOf(simulator, { authToken: 'nobody' })
    const systemic = { kind: 'systemic', reason: 'credentials', calls: 1 }
    expect([await stranger.fetchResult(ID), await stranger.fetchResult(ID)]).toEqual([systemic, systemic])
    expect(await clientOf(simulator).fetchResult(ID)).toMatchObject({ kind: 'verified' })
  })

  it('refuses an id that is none before any call', async () => {
    const simulator = await start()
    const end = await clientOf(simulator).fetchResult('DS0/../../x')
    expect(end).toMatchObject({ kind: 'dead', failure: { code: 'event-bad-id' }, calls: 0 })
    expect(simulator.ledger.summary().calls).toBe(0)
  })

  it('has no more results in flight than it may', async () => {
    const simulator = await start({ latencyMs: 20 })
    const client = clientOf(simulator, { concurrency: 2 })
    await Promise.all(Array.from({ length: 8 }, (_, n) => client.fetchResult(handshakeIdFor(1, n))))
    expect(simulator.ledger.summary()).toMatchObject({ calls: 8, maxInFlight: 2 })
  })

  it('hears an abort before, while and after it calls', async () => {
    const simulator = await start({ script: { global: [{ fault: { kind: 'hang' } }] } })
    const client = clientOf(simulator)
    const giveUp = new AbortController()
    const hanging = client.fetchResult(ID, { signal: giveUp.signal })
    setImmediate(() => giveUp.abort())
    expect((await hanging).kind).toBe('aborted')
    expect(await client.fetchResult(ID, { signal: giveUp.signal })).toEqual({ kind: 'aborted', calls: 0 })
    await client.close()
    expect(await client.fetchResult(ID)).toEqual({ kind: 'aborted', calls: 0 })
  })

  it.each(['http://attestr.example/api', 'ftp://127.0.0.1/api', 'https://user:word@attestr.example/api'])(
    'never sends its token to %s',
    (baseUrl) => {
      expect(() => createResultClient({ ...DEVELOPMENT_CREDENTIAL, baseUrl })).toThrow(TypeError)
    },
  )
})

it('a result client waits out a 429, within a bound of its own', async () => {
  const clock = createVirtualClock({ start: 0 })
  const source = createResultSource({
    seed: 1,
    profile: 'small',
    clientSecret: DEVELOPMENT_CREDENTIAL.clientSecret,
  })
  let limited = 2
  const answer = (status: number, body: Buffer): ApiAnswer => ({
    ...{ kind: 'answer', status, body, finishedAt: clock.now() },
    retryAfter: status === 429 ? '3' : null,
  })
  const api: ResultApi = {
    async call({ handshakeId }) {
      limited -= 1
      return limited >= 0 ? answer(429, Buffer.from('{}')) : answer(200, source.resultFor(handshakeId).body)
    },
    close: async () => undefined,
  }
  const client = createResultClient(DEVELOPMENT_CREDENTIAL, { api, clock, random: () => 0.5 })
  expect(await clock.drive(client.fetchResult(ID))).toMatchObject({ kind: 'verified', calls: 3 })
  expect(clock.monotonic()).toBeGreaterThanOrEqual(6000)
  limited = Number.POSITIVE_INFINITY
  const begin = clock.monotonic()
  expect(await clock.drive(client.fetchResult(ID))).toMatchObject({
    kind: 'systemic',
    reason: 'rate-limited',
  })
  expect(clock.monotonic() - begin).toBe(75_000)
})
