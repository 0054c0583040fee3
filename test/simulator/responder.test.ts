import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { ownerOf } from '../../src/simulator/credentials.js'
import type { FaultScript } from '../../src/simulator/faults.js'
import { handshakeIdFor } from '../../src/simulator/ids.js'
import { createResponder, type ResponderOptions } from '../../src/simulator/responder.js'
import { createResultSource } from '../../src/simulator/results.js'

const SEED = 11
const CREDENTIALS = [
  { authToken: 'token-a', clientSecret: 'secret-a' },
  { authToken: 'token-b', clientSecret: 'secret-b' },
]
const source = createResultSource({ seed: SEED, clientSecret: 'secret-a', profile: 'small' })
const ids = Array.from({ length: 1000 }, (_, n) => handshakeIdFor(SEED, n))
const [ID = '', OTHER = ''] = ids
const code = (body: Buffer): unknown => JSON.parse(body.toString()).code

function responder(faults: FaultScript, options: Partial<ResponderOptions> = {}) {
  const made = createResponder({ source, faults, credentials: CREDENTIALS, ...options })
  return (handshakeId: string, callIndex = 0, nowMs = 0, authorization: string | null = 'Basic token-a') =>
    made.respond({ handshakeId, callIndex, nowMs, authorization })
}

const fail = (status: number) => ({ kind: 'status' as const, status })

describe('rules of a handshake', () => {
  it('are used up in order, each for its number of calls', () => {
    const respond = responder({
      handshakes: { [ID]: [{ fault: fail(500), times: 2 }, { fault: fail(503) }, { fault: fail(429) }] },
    })
    expect([0, 1, 2, 3, 4, 5].map((call) => respond(ID, call).status)).toEqual([500, 500, 503, 429, 200, 200])
    expect(respond(OTHER, 0).status).toBe(200)
  })

  it('last for ever with times null, and come before global rules', () => {
    const respond = responder({
      handshakes: { [ID]: [{ fault: fail(500), times: null }] },
      global: [{ fault: fail(503) }],
    })
    expect([respond(ID, 1000).status, respond(OTHER, 0).status]).toEqual([500, 503])
  })
})

describe('global rules', () => {
  const share = (faults: FaultScript, callIndex = 0): string[] => {
    const respond = responder(faults)
    return ids.filter((id) => respond(id, callIndex).status !== 200)
  }

  it('take their share of calls, drawn from the seed', () => {
    const faults: FaultScript = { global: [{ fault: fail(500), share: 0.3 }] }
    expect(share(faults).length).toBeGreaterThan(250)
    expect(share(faults).length).toBeLessThan(350)
    expect(share(faults)).toEqual(share(faults))
    expect(share(faults, 1)).not.toEqual(share(faults, 0))
  })

  it('take all calls of their share of handshakes', () => {
    const faults: FaultScript = { global: [{ fault: fail(500), share: 0.1, by: 'handshake' }] }
    expect(share(faults, 5)).toEqual(share(faults, 0))
    expect(share(faults).length).toBeGreaterThan(60)
  })

  it('apply within their time, to first calls, to one credential, so many times in all', () => {
    const timed = responder({ global: [{ fault: fail(500), from: 100, to: 200 }] })
    expect([99, 100, 199, 200].map((now) => timed(ID, 0, now).status)).toEqual([200, 500, 500, 200])
    const first = responder({ global: [{ fault: fail(500), firstCalls: 2 }] })
    expect([0, 1, 2].map((call) => first(ID, call).status)).toEqual([500, 500, 200])
    const one = responder({ global: [{ fault: fail(500), credential: 1 }] })
    expect([one(ID).status, one(ID, 0, 0, 'Basic token-b').status]).toEqual([200, 500])
    const counted = responder({ global: [{ fault: fail(500), times: 3 }] })
    expect([0, 1, 2, 3].map((call) => counted(ID, call).status)).toEqual([500, 500, 500, 200])
  })

  it('win in order, while delays add up with the latency', () => {
    const respond = responder(
      {
        global: [
          { fault: { kind: 'delay', delayMs: 10 } },
          { fault: { kind: 'delay', delayMs: 5, jitterMs: 4 } },
          { fault: { ...fail(500), delayMs: 100 } },
          { fault: { ...fail(503), delayMs: 1000 } },
        ],
      },
      { latencyMs: 1 },
    )
    const answer = respond(ID)
    expect(answer.status).toBe(500)
    expect(answer.delayMs).toBeGreaterThanOrEqual(116)
    expect(answer.delayMs).toBeLessThan(120)
  })
})

describe('credentials', () => {
  it('that are unknown or missing get 401 with code 4016', () => {
    const respond = responder({})
    for (const authorization of [null, '', 'Basic wrong', 'token-a', 'Bearer token-a']) {
      const answer = respond(ID, 0, 0, authorization)
      expect([answer.status, code(answer.body), answer.credential]).toEqual([401, 4016, null])
    }
  })

  it('are not asked for when there are none', () => {
    expect(responder({}, { credentials: [] })(ID, 0, 0, null).status).toBe(200)
  })

  it('sign what they ask for with their own secret', () => {
    const respond = responder({})
    const answer = JSON.parse(respond(ID, 0, 0, 'Basic token-b').body.toString())
    const text = JSON.stringify(answer.result)
    expect(answer.resultSignature).toBe(createHmac('sha256', 'secret-b').update(text).digest('hex'))
  })

  it('may own handshakes: others get 403 with code 4031, or the signature of the owner', () => {
    const owner = (id: string): number => ownerOf(id, SEED, 2, 'spread', 0)
    expect(new Set(ids.map(owner))).toEqual(new Set([0, 1]))
    const foreign = ids.find((id) => owner(id) === 1) ?? ''
    const refused = responder({}, { ownership: 'spread' })
    expect([refused(foreign).status, code(refused(foreign).body)]).toEqual([403, 4031])
    expect(refused(foreign, 0, 0, 'Basic token-b').status).toBe(200)
    const served = responder({}, { ownership: 'spread', foreign: 'served' })(foreign)
    const answer = JSON.parse(served.body.toString())
    const text = JSON.stringify(answer.result)
    expect(answer.resultSignature).toBe(createHmac('sha256', 'secret-b').update(text).digest('hex'))
  })
})

describe('handshakes that are not there', () => {
  it('get 400 with code 4002, or what is set; the known ones are served', () => {
    const respond = responder({}, { known: 10 })
    expect(ids.slice(0, 10).every((id) => respond(id).status === 200)).toBe(true)
    const answer = respond(ids[10] ?? '')
    expect([answer.status, code(answer.body)]).toEqual([400, 4002])
    expect(respond('DS0somebodyElses').status).toBe(400)
    const other = responder({}, { known: 10, unknown: { status: 404 } })
    expect(other(ids[11] ?? '').status).toBe(404)
  })

  it('get 400 with code 4001 when their id is malformed', () => {
    const answer = responder({})('DS1wrong')
    expect([answer.status, code(answer.body)]).toEqual([400, 4001])
  })
})
