import { describe, expect, it } from 'vitest'
import { createPolicy, NOT_FOUND_RETRIES } from '../../src/core/policy.js'
import type { ApiAnswer } from '../../src/core/ports.js'
import { answer, code, createWorld, FAULT, READY, START } from './fetch-support.js'

const run = async (...answers: ApiAnswer[]) => {
  const world = createWorld({ script: (n) => answers[n] ?? READY })
  // Another event's success: the API is known to work.
  world.clock.after(1, () => world.health.success('DS0fresh'))
  const end = await world.clock.drive(world.start())
  return { world, end }
}

const times = (n: number, one: ApiAnswer): ApiAnswer[] => Array.from({ length: n }, () => one)

describe('a result that is there', () => {
  it('takes exactly one call', async () => {
    const { world, end } = await run()
    expect(end).toEqual({ kind: 'ready', envelope: 'ready', finishedAt: START + 7, httpStatus: 200 })
    expect(world.ticket.calls).toBe(1)
    expect(world.sentAt).toEqual([0])
    expect(world.health.seen.at(-1)).toBe('success')
  })

  it('counts the call before it is sent, and gives its slot back after the body', async () => {
    const counted: number[] = []
    const world = createWorld({
      script: () => {
        counted.push(world.ticket.calls, world.slotsHeld())
        return READY
      },
    })
    await world.clock.drive(world.start())
    expect(counted).toEqual([1, 1])
    expect(world.slotsHeld()).toBe(0)
  })

  it('is counted by status, with its time', async () => {
    const { world } = await run(code(500, 5001), FAULT, READY)
    expect(world.metrics.value('attestr_api_calls_total', { status: '200' })).toBe(1)
    expect(world.metrics.value('attestr_api_calls_total', { status: '500' })).toBe(1)
    expect(world.metrics.value('attestr_api_calls_total', { status: 'timeout' })).toBe(1)
    expect(world.metrics.observations('attestr_api_call_seconds')).toEqual([0.01, 0.01, 0.01])
  })
})

describe('an answer that is final', () => {
  it.each([
    [400, 4001, 'request-rejected'],
    [400, 4003, 'request-rejected'],
    [400, 40015, 'request-rejected'],
    [400, 40034, 'request-rejected'],
    [418, 4999, 'request-rejected'],
    [403, 40398, 'consent-invalid'],
    [403, 40399, 'consent-invalid'],
  ] as const)('%d %d ends the event as %s after one call', async (status, attestrCode, failure) => {
    const { world, end } = await run(code(status, attestrCode))
    expect(end).toEqual({
      kind: 'dead',
      failure: {
        code: failure,
        detail: `answered with ${status}, code ${attestrCode}`,
        httpStatus: status,
        attestrCode,
      },
    })
    expect(world.ticket.calls).toBe(1)
    expect(world.health.seen.filter((seen) => seen !== 'success')).toEqual([])
  })

  it('carries the request id, and nothing else of the body', async () => {
    const body = { code: '4001', requestId: 'c500f555-0dd3', message: 'otp 123456' }
    const { end } = await run(answer(400, body))
    expect(end).toMatchObject({ failure: { attestrCode: 4001, requestId: 'c500f555-0dd3' } })
    expect(JSON.stringify(end)).not.toContain('123456')
  })

  it('a body over the cap is response-too-large', async () => {
    const { end } = await run({ kind: 'too-large', status: 200 })
    expect(end).toMatchObject({ kind: 'dead', failure: { code: 'response-too-large', httpStatus: 200 } })
  })

  it('what the envelope says is kept, with the status', async () => {
    const { end } = await run(answer(200, 'archived'))
    expect(end).toMatchObject({ kind: 'dead', failure: { code: 'result-archived', httpStatus: 200 } })
  })
})

describe('a call that failed', () => {
  it.each([
    ['500', code(500, 5001)],
    ['502 with a page', answer(502, '<html></html>')],
    ['204', answer(204)],
    ['an empty 200', answer(200, '')],
    ['a timeout', FAULT],
    ['a reset', { kind: 'fault', detail: 'reset' }],
    ['a truncated body', { kind: 'fault', detail: 'truncated' }],
  ] as const)('is tried again in place: %s', async (_, failing) => {
    const { world, end } = await run(failing, failing, READY)
    expect(end.kind).toBe('ready')
    expect(world.ticket.calls).toBe(3)
    expect(world.health.seen.filter((seen) => seen.startsWith('failure'))).toHaveLength(2)
  })

  it('is tried `attempts` times, with a bound that doubles between', async () => {
    const { world, end } = await run(...times(9, code(500, 5001)))
    expect(end).toEqual({
      kind: 'delay',
      tiers: 'all',
      failure: {
        code: 'retries-exhausted',
        detail: 'the last call failed: answered with 500, code 5001',
        httpStatus: 500,
        attestrCode: 5001,
      },
    })
    // Random 0.5: 125, 250 and 500 ms after calls of 10 ms.
    expect(world.sentAt).toEqual([0, 135, 395, 905])
  })

  it('is not tried again after the deadline', async () => {
    const world = createWorld({ script: () => FAULT, callMs: 5_000 })
    world.clock.after(1, () => world.health.success('DS0fresh'))
    const end = await world.clock.drive(world.start())
    expect(end).toMatchObject({ kind: 'delay', tiers: 'all', failure: { code: 'retries-exhausted' } })
    expect(world.sentAt).toHaveLength(3)
  })

  it('has no call that goes on beyond the deadline', async () => {
    const world = createWorld({ script: () => FAULT, callMs: 6_000 })
    world.clock.after(1, () => world.health.success('DS0fresh'))
    await world.clock.drive(world.start())
    const [first = 0, second = 0, third = 0] = world.limits
    expect([first, second < 9_000, third < 3_000, third > 0]).toEqual([15_000, true, true, true])
  })

  it('has probes that are given the time of every call', async () => {
    const world = createWorld({ script: () => FAULT, callMs: 6_000 })
    const end = world.start()
    await world.clock.advance(13_000)
    world.health.pause()
    await world.clock.advance(20_000)
    expect(world.limits.at(-1)).toBeLessThan(3_000)
    world.health.probe()
    await world.clock.advance(10)
    expect(world.limits.at(-1)).toBe(Number.POSITIVE_INFINITY)
    world.health.resume()
    await world.clock.drive(end)
  })

  it('holds no slot during back-off', async () => {
    const world = createWorld({ script: (n) => (n === 0 ? FAULT : READY) })
    const end = world.start()
    await world.clock.runUntil(() => world.health.seen.length === 1, 1_000)
    expect(world.slotsHeld()).toBe(0)
    await world.clock.drive(end)
  })
})

describe('retries-exhausted needs proof that the API works', () => {
  it('goes to the last retry topic without one', async () => {
    const world = createWorld({ script: () => FAULT })
    expect(await world.clock.drive(world.start())).toMatchObject({
      kind: 'delay',
      tiers: 'last',
      failure: { code: 'retries-exhausted' },
    })
    expect(world.ticket.calls).toBe(4)
  })

  it('holds the event until another one succeeds where there is no retry topic', async () => {
    const world = createWorld({ script: () => FAULT, hasRetryTopics: false })
    const end = world.start()
    await world.clock.advance(60_000)
    expect(world.ticket.calls).toBeGreaterThan(10)
    world.health.success('DS0fresh')
    expect(await world.clock.drive(end)).toMatchObject({
      kind: 'delay',
      tiers: 'all',
      failure: { code: 'retries-exhausted' },
    })
  })

  it('takes no success from before the attempt', async () => {
    const world = createWorld({ script: () => FAULT })
    world.health.success('DS0fresh')
    await world.clock.advance(1)
    expect(await world.clock.drive(world.start())).toMatchObject({ tiers: 'last' })
  })

  it('is dropped when the event was first seen too long ago', async () => {
    for (const [ageMs, kind] of [
      [3_590_000, 'delay'],
      [3_600_000, 'dead'],
    ] as const) {
      const world = createWorld({ script: () => FAULT, limits: { giveUpMs: 3_600_000 } })
      const end = await world.clock.drive(world.start('DS0abcdef', { firstSeenAt: START - ageMs }))
      expect(end).toMatchObject({ kind, failure: { code: 'retries-exhausted' } })
    }
  })

  it('is dropped in the same way while it is held', async () => {
    const world = createWorld({ script: () => FAULT, limits: { giveUpMs: 3_600_000 }, hasRetryTopics: false })
    const end = await world.clock.drive(world.start('DS0abcdef', { firstSeenAt: START - 3_000_000 }))
    expect(end).toMatchObject({ kind: 'dead', failure: { code: 'retries-exhausted' } })
    expect(world.clock.monotonic()).toBeGreaterThanOrEqual(600_000)
    expect(world.clock.monotonic()).toBeLessThan(620_000)
  })
})

describe('a result that is not there yet', () => {
  it('goes to the retry topics at once, and says that the API works', async () => {
    const { world, end } = await run(...times(9, answer(200, 'not-ready')))
    expect(end).toMatchObject({
      kind: 'delay',
      tiers: 'all',
      failure: { code: 'result-not-ready', httpStatus: 200 },
    })
    expect(world.ticket.calls).toBe(1)
    expect(world.health.seen).toContain('success')
  })
})

describe('a handshake the API does not know', () => {
  it.each([
    ['400 4002', code(400, 4002)],
    ['404', answer(404, 'not here')],
  ])('is asked for again twice, after a wait each, then delayed once: %s', async (_, unknown) => {
    const { world, end } = await run(...times(9, unknown))
    expect(end).toMatchObject({ kind: 'delay', tiers: 'one', failure: { code: 'handshake-not-found' } })
    expect(world.ticket.calls).toBe(1 + NOT_FOUND_RETRIES)
    expect(world.sentAt).toEqual([0, 385, 895])
    expect(world.health.seen).not.toContain('failure DS0abcdef')
  })

  it('can still turn up', async () => {
    expect((await run(answer(404), READY)).end.kind).toBe('ready')
  })
})

describe('a forbidden handshake', () => {
  it('goes to the retry topics', async () => {
    const { world, end } = await run(code(403, 4031))
    expect(end).toMatchObject({ kind: 'delay', tiers: 'all', failure: { code: 'handshake-forbidden' } })
    expect(world.ticket.calls).toBe(1)
  })

  it('is the word to try another credential while there is one', async () => {
    const world = createWorld({ script: () => code(403, 4031) })
    const end = await world.clock.drive(world.start('DS0abcdef', { next: true }))
    expect(end).toMatchObject({ kind: 'delay', failure: { code: 'handshake-forbidden' } })
  })
})

describe('the deadline and the attempts', () => {
  it('are those of the event, whatever the number of credentials', async () => {
    const world = createWorld({ script: (n) => (n === 2 ? code(403, 4031) : FAULT) })
    world.clock.after(1, () => world.health.success('DS0fresh'))
    await world.clock.drive(world.start('DS0abcdef', { next: true }))
    const end = await world.clock.drive(world.start('DS0abcdef', { by: 'second' }))
    expect(end).toMatchObject({ kind: 'delay', tiers: 'all' })
    // Two faults and a 4031 with the first credential, two faults with the second.
    expect(world.ticket.calls).toBe(5)
  })
})

describe('the policy of the configuration', () => {
  it('wins over the table', async () => {
    const world = createWorld({
      script: (n) => (n === 0 ? code(418, 7) : READY),
      classify: () => ({ kind: 'retry' }),
    })
    expect((await world.clock.drive(world.start())).kind).toBe('ready')
    expect(world.health.seen).toEqual(['failure DS0abcdef', 'success'])
  })

  it('can delay an answer of its choice, and say that a 5xx or a 429 is final: that proves nothing about the API', async () => {
    for (const [status, action, end] of [
      [500, 'delay:consent-invalid', { kind: 'delay', tiers: 'all', failure: { code: 'consent-invalid' } }],
      [500, 'dead:request-rejected', { kind: 'dead', failure: { code: 'request-rejected' } }],
      [429, 'dead:request-rejected', { kind: 'dead', failure: { code: 'request-rejected' } }],
    ] as const) {
      const world = createWorld({
        script: () => code(status, status === 500 ? 5001 : 4291),
        classify: createPolicy([{ status, action }]),
      })
      expect(await world.clock.drive(world.start())).toMatchObject(end)
      expect(world.health.seen).toEqual([])
    }
  })
})
