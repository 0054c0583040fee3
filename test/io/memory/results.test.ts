import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Credential, SecretText } from '../../../src/core/model.js'
import type { ApiAnswer, BodyBudget, Clock, ResultApi } from '../../../src/core/ports.js'
import { createResultApi } from '../../../src/io/attestr/http.js'
import { createMemoryApiServer } from '../../../src/io/memory/api-server.js'
import { createVirtualClock } from '../../../src/io/memory/clock.js'
import { createMemoryResultApi } from '../../../src/io/memory/results.js'
import { DEVELOPMENT_CREDENTIAL } from '../../../src/simulator/credentials.js'
import type { Fault } from '../../../src/simulator/faults.js'
import { handshakeIdFor } from '../../../src/simulator/ids.js'
import { createResponder } from '../../../src/simulator/responder.js'
import { createResultSource } from '../../../src/simulator/results.js'
import { type Simulator, startSimulator } from '../../../src/simulator/server.js'

const SEED = 5
const STAGES = ['PAN:done', 'EPIC:done']
const TIMEOUT_MS = 400
const MAX_BYTES = 60_000

const credential: Credential = {
  id: 'main',
  authorization: new SecretText(`Basic ${DEVELOPMENT_CREDENTIAL.authToken}`),
  clientSecret: {},
  match: { topics: [], flowIds: [] },
}

const FAULTS: readonly Fault[] = [
  { kind: 'delay', delayMs: 5 },
  { kind: 'status', status: 500, code: 5001 },
  { kind: 'status', status: 429, code: 4291, retryAfter: 7 },
  { kind: 'status', status: 503, as: 'html' },
  { kind: 'status', status: 200, as: 'empty' },
  { kind: 'redirect' },
  { kind: 'hang' },
  { kind: 'reset-before' },
  { kind: 'reset-mid' },
  { kind: 'truncate' },
  { kind: 'truncate', framing: 'chunked' },
  { kind: 'cut-json' },
  { kind: 'drip', bytes: 400, everyMs: 5 },
  { kind: 'drip', bytes: 1, everyMs: 20 },
  { kind: 'chunked' },
  { kind: 'oversize', bytes: 70_000 },
  { kind: 'oversize', bytes: 70_000, framing: 'chunked' },
  { kind: 'gzip' },
  { kind: 'archived' },
  { kind: 'signature', value: 'missing' },
]

const idOf = (index: number): string => handshakeIdFor(SEED, index)
const script = {
  handshakes: Object.fromEntries(FAULTS.map((fault, index) => [idOf(index), [{ fault, times: null }]])),
}

/** What a budget was asked for: all at once, and the last word of what grew. */
interface Asked {
  admitted: number | null
  grown: number | null
}

function budgetOf(asked: Asked, gate: Promise<void> | null = null): BodyBudget {
  return {
    admit(bytes) {
      asked.admitted = bytes
      return gate
    },
    grown(bytes) {
      asked.grown = bytes
    },
  }
}

/** An answer without its time. */
const untimed = (answer: ApiAnswer) =>
  answer.kind === 'answer' ? { ...answer, body: answer.body.toString('latin1'), finishedAt: 0 } : answer

function createTwin() {
  const clock = createVirtualClock({ start: 1_000_000 })
  const source = createResultSource({
    seed: SEED,
    clientSecret: DEVELOPMENT_CREDENTIAL.clientSecret,
    stages: STAGES,
  })
  const responder = createResponder({ source, faults: script })
  const server = createMemoryApiServer(clock, (call) => responder.respond(call))
  const api = createMemoryResultApi({
    ...{ server, clock, latencyMs: () => 1, timeoutMs: TIMEOUT_MS, maxResponseBytes: MAX_BYTES },
  })
  return { clock, server, api }
}

const wallClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs)
    return () => clearTimeout(timer)
  },
}

describe('the result API in memory', () => {
  let simulator: Simulator
  let real: ResultApi
  beforeAll(async () => {
    simulator = await startSimulator({ seed: SEED, port: 0, stages: STAGES, latencyMs: 0, script })
    real = createResultApi({
      ...{ baseUrl: simulator.baseUrl, version: 'v1', connections: 4, clock: wallClock },
      ...{ timeoutMs: TIMEOUT_MS, maxResponseBytes: MAX_BYTES },
    })
  })
  afterAll(async () => {
    await real.close()
    await simulator.stop()
  })

  let sent = 0
  const onSent = (): void => {
    sent += 1
  }

  test.each(FAULTS.map((fault, index) => [JSON.stringify(fault), index] as const))(
    'ends like the HTTP edge for %s',
    async (_, index) => {
      const twin = createTwin()
      const asked: Asked = { admitted: null, grown: null }
      const askedReal: Asked = { admitted: null, grown: null }
      const call = { handshakeId: idOf(index), credential, signal: new AbortController().signal, onSent }
      sent = 0
      const expected = await real.call({ ...call, budget: budgetOf(askedReal) })
      const answer = await twin.clock.drive(twin.api.call({ ...call, budget: budgetOf(asked) }))
      expect(untimed(answer)).toEqual(untimed(expected))
      expect(asked.admitted).toBe(askedReal.admitted)
      if (answer.kind === 'answer') expect(asked.grown).toBe(askedReal.grown)
      expect(twin.server.calls.get(idOf(index))).toBe(1)
      expect(sent).toBe(2)
    },
  )

  test('an aborted call ends at once, and the server has counted it', async () => {
    const { clock, api, server } = createTwin()
    const hang = FAULTS.findIndex((fault) => fault.kind === 'hang')
    const controller = new AbortController()
    const asked: Asked = { admitted: null, grown: null }
    const ended = api.call({
      handshakeId: idOf(hang),
      credential,
      signal: controller.signal,
      budget: budgetOf(asked),
      onSent,
    })
    await clock.advance(100)
    controller.abort()
    expect(await ended).toEqual({ kind: 'aborted' })
    expect(clock.monotonic()).toBe(100)
    expect(server.calls.get(idOf(hang))).toBe(1)
    expect(clock.pending()).toBe(0)
  })

  test.each([
    ['given up after its own limit', 50],
    ['not waited for longer than every call', 10 * TIMEOUT_MS],
  ])('a call is %s, like on the HTTP edge', async (_, limitMs) => {
    const { clock, api } = createTwin()
    const handshakeId = idOf(FAULTS.findIndex((fault) => fault.kind === 'hang'))
    const budget = budgetOf({ admitted: null, grown: null })
    const signal = new AbortController().signal
    const call = { handshakeId, credential, budget, signal, onSent, limitMs }
    expect(await clock.drive(api.call(call))).toEqual({ kind: 'fault', detail: 'timeout' })
    expect(clock.monotonic()).toBe(Math.min(limitMs, TIMEOUT_MS))
    expect(await real.call(call)).toEqual({ kind: 'fault', detail: 'timeout' })
  })

  test.each([
    ['the time-out', undefined],
    ['a limit of its own', 50],
  ])('%s stands still while bytes are waited for', async (_, limitMs) => {
    const { clock, api } = createTwin()
    const asked: Asked = { admitted: null, grown: null }
    const gate = new Promise<void>((resolve) => clock.after(10 * TIMEOUT_MS, resolve))
    const signal = new AbortController().signal
    const ended = api.call({
      handshakeId: idOf(0),
      credential,
      signal,
      onSent,
      budget: budgetOf(asked, gate),
      ...(limitMs === undefined ? {} : { limitMs }),
    })
    const answer = await clock.drive(ended)
    expect(answer).toMatchObject({ kind: 'answer', status: 200, finishedAt: 1_000_000 + 10 * TIMEOUT_MS })
  })

  test('no call is made with a signal that was aborted before, or after close, or for a wrong id', async () => {
    const { api, server } = createTwin()
    const controller = new AbortController()
    controller.abort()
    const budget = budgetOf({ admitted: null, grown: null })
    const call = { handshakeId: idOf(0), credential, budget, onSent }
    expect(await api.call({ ...call, signal: controller.signal })).toEqual({ kind: 'aborted' })
    const signal = new AbortController().signal
    expect(() => api.call({ ...call, handshakeId: '../x', signal })).toThrow(TypeError)
    await api.close()
    expect(await api.call({ ...call, signal })).toEqual({ kind: 'aborted' })
    expect(server.calls.size).toBe(0)
  })
})
