import { describe, expect, it } from 'vitest'
import type { ApiAnswer } from '../../src/core/ports.js'
import { answer, code, createWorld, FAULT, READY, START } from './fetch-support.js'

const first =
  (...answers: ApiAnswer[]) =>
  (n: number) =>
    answers[n] ?? READY

describe('429', () => {
  it.each([4291, 4292, 4299])(
    '%d waits with a growing back-off and uses up no attempt',
    async (attestrCode) => {
      const world = createWorld({ script: (n) => (n < 8 ? code(429, attestrCode) : READY) })
      const end = await world.clock.drive(world.start())
      expect(end.kind).toBe('ready')
      expect(world.ticket.calls).toBe(9)
      expect(world.health.seen).toEqual(['success'])
    },
  )

  it.each([
    ['seconds', '7'],
    ['a date', new Date(START + 7_000).toUTCString()],
  ])('waits as long as it is told in %s', async (_, retryAfter) => {
    const world = createWorld({ script: first(code(429, 4291, retryAfter)) })
    expect((await world.clock.drive(world.start())).kind).toBe('ready')
    expect(world.sentAt[1]).toBeGreaterThanOrEqual(7_000)
    expect(world.sentAt[1]).toBeLessThan(7_500)
  })

  it('does not take less than its back-off for an answer', async () => {
    const world = createWorld({ script: first(code(429, 4291, '0')) })
    await world.clock.drive(world.start())
    expect(world.sentAt[1]).toBeGreaterThanOrEqual(125)
  })

  it('holds back all calls, not only the one that was refused', async () => {
    const world = createWorld({ script: first(code(429, 4291, '7')) })
    const one = world.start()
    await world.clock.runUntil(() => world.slotsHeld() === 0 && world.sentAt.length === 1, 1_000)
    await world.clock.advance(100)
    const other = world.start('DS0ghijkl', { ticket: world.createTicket() })
    await world.clock.drive(Promise.all([one, other]))
    expect(world.sentAt.slice(1).every((at) => at >= 7_000)).toBe(true)
  })

  it('does not spend the deadline of the event', async () => {
    const answers = [code(429, 4291, '14'), code(429, 4291, '14'), FAULT, FAULT, FAULT]
    const world = createWorld({ script: first(...answers) })
    expect((await world.clock.drive(world.start())).kind).toBe('ready')
    expect(world.ticket.calls).toBe(6)
  })

  it('is systemic when the wait is longer than the deadline', async () => {
    const world = createWorld({ script: first(code(429, 4291, '16')) })
    const end = world.start()
    await world.clock.runUntil(() => world.health.seen.length > 0, 1_000)
    expect(world.health.seen).toEqual(['rate-limited main 429/4291'])
    world.health.resume()
    expect((await world.clock.drive(end)).kind).toBe('ready')
    expect(world.sentAt[1]).toBeGreaterThanOrEqual(16_000)
  })

  it('grows back-off with each round, and begins anew after an answer', async () => {
    const world = createWorld({ script: (n) => (n === 3 || n > 4 ? READY : code(429, 4291)) })
    await world.clock.drive(world.start())
    await world.clock.drive(world.start('DS0ghijkl', { ticket: world.createTicket() }))
    const waits = world.sentAt.slice(1).map((at, n) => at - (world.sentAt[n] ?? 0) - 10)
    expect(waits[0]).toBeGreaterThanOrEqual(125)
    expect(waits[1]).toBeGreaterThanOrEqual(250)
    expect(waits[2]).toBeGreaterThanOrEqual(500)
  })

  it('lowers the rate of the calls after it', async () => {
    const world = createWorld({ script: (n) => (n === 30 ? code(429, 4291) : READY), callMs: 1 })
    const fetchAll = async (count: number) => {
      for (let n = 0; n < count; n += 1)
        await world.clock.drive(world.start('DS0abcdef', { ticket: world.createTicket() }))
    }
    expect(world.rate.perSecond()).toBeNull()
    await fetchAll(31)
    const lowered = world.rate.perSecond() ?? Number.POSITIVE_INFINITY
    expect(lowered).toBeGreaterThan(14)
    expect(lowered).toBeLessThan(20)
    const before = world.clock.monotonic()
    await fetchAll(10)
    expect(world.clock.monotonic() - before).toBeGreaterThan(9 * (1000 / 20))
  })

  it.each([
    ['seconds', '7'],
    ['a date', new Date(START + 7_000).toUTCString()],
  ])('is not needed for a Retry-After: a 503 holds back all calls for its %s', async (_, retryAfter) => {
    const world = createWorld({ script: first(answer(503, '<html>', retryAfter)) })
    const one = world.start()
    await world.clock.runUntil(() => world.health.seen.length === 1, 1_000)
    const other = world.start('DS0ghijkl', { ticket: world.createTicket() })
    await world.clock.drive(Promise.all([one, other]))
    expect(world.sentAt.slice(1).every((at) => at >= 6_900)).toBe(true)
  })

  it('is not needed for a Retry-After, but a 503 holds nobody longer than the deadline', async () => {
    const world = createWorld({ script: first(answer(503, '', '3600')) })
    expect((await world.clock.drive(world.start())).kind).toBe('ready')
    expect(world.sentAt[1]).toBeLessThan(15_500)
  })

  it('does not believe in a Retry-After of a year', async () => {
    const world = createWorld({ script: first(code(429, 4291, '31536000')) })
    const end = world.start()
    await world.clock.runUntil(() => world.health.seen.length > 0, 1_000)
    world.health.resume()
    await world.clock.drive(end)
    expect(world.sentAt[1]).toBeLessThan(3_700_000)
  })
})

describe('a systemic answer', () => {
  it.each([
    [401, 4016, 'credentials'],
    [403, 4035, 'service'],
    [403, 4039, 'ip'],
    [400, 40051, 'version'],
    [400, 4005, 'credit'],
    [429, 4293, 'daily-quota'],
    [429, 4294, 'daily-quota'],
  ])(
    '%d %d is reported as %s, and holds the event without using an attempt',
    async (status, attestrCode, reason) => {
      const world = createWorld({ script: (n) => (n < 9 ? code(status, attestrCode) : READY) })
      const end = world.start()
      for (let probe = 1; probe < 10; probe += 1) {
        await world.clock.runUntil(() => world.health.seen.length === probe, 1_000)
        await world.clock.advance(60_000)
        expect(world.sentAt).toHaveLength(probe)
        world.health.probe()
      }
      expect((await world.clock.drive(end)).kind).toBe('ready')
      expect(world.health.seen.slice(0, 9)).toEqual(
        Array.from({ length: 9 }, () => `${reason} main ${status}/${attestrCode}`),
      )
    },
  )

  it('lets the event go when no other event met it: it is delayed, then a dead letter', async () => {
    const world = createWorld({ script: () => code(401, 4016) })
    world.health.letGo()
    expect(await world.clock.drive(world.start())).toEqual({
      kind: 'delay',
      tiers: 'all',
      failure: {
        code: 'request-rejected',
        detail: 'refused time and again (credentials) while others were answered',
        httpStatus: 401,
        attestrCode: 4016,
      },
    })
  })

  it('is a redirect too, and a 401 without a code', async () => {
    for (const [status, seen] of [
      [302, 'redirect main 302/null'],
      [401, 'credentials main 401/null'],
    ] as const) {
      const world = createWorld({ script: first(answer(status, '<html>')) })
      const end = world.start()
      await world.clock.runUntil(() => world.health.seen.length > 0, 1_000)
      expect(world.health.seen).toEqual([seen])
      world.health.resume()
      await world.clock.drive(end)
    }
  })

  it('leaves attempts and deadline of a held event as they were', async () => {
    const answers = [FAULT, FAULT, code(401, 4016), FAULT]
    const world = createWorld({ script: first(...answers) })
    world.clock.after(1, () => world.health.success('DS0fresh'))
    const end = world.start()
    await world.clock.runUntil(() => world.health.seen.some((seen) => seen.startsWith('credentials')), 60_000)
    await world.clock.advance(3_600_000)
    world.health.resume()
    expect((await world.clock.drive(end)).kind).toBe('ready')
    expect(world.ticket.calls).toBe(5)
  })
})

describe('a permit', () => {
  const ends: readonly (readonly [string, ApiAnswer, string])[] = [
    ['a result', READY, 'success'],
    ['a 404', answer(404), 'success'],
    ['a fault', FAULT, 'failure DS0abcdef'],
    ['a body over the cap', { kind: 'too-large', status: 200 }, 'success'],
    ['systemic trouble', code(401, 4016), 'credentials main 401/4016'],
    ['a 429', code(429, 4291), 'released'],
    ['a 429 with a long wait', code(429, 4291, '600'), 'rate-limited main 429/4291'],
    ['a daily limit', code(429, 4293), 'daily-quota main 429/4293'],
  ]

  it.each(ends)('is answered exactly once: %s', async (_, given, word) => {
    const world = createWorld({ script: first(given) })
    world.health.pause()
    const end = world.start()
    await world.clock.settle()
    world.health.probe()
    expect(world.health.permits()).toBe(1)
    await world.clock.runUntil(() => world.health.permits() === 0, 1_000)
    expect(world.health.seen).toEqual([word])
    world.health.resume()
    expect(['ready', 'delay', 'dead']).toContain((await world.clock.drive(end)).kind)
    expect(world.health.permits()).toBe(0)
  })

  it.each([
    ['waits for a slot', true],
    ['calls', false],
  ])('is given back when its event is aborted while it %s', async (_, whileWaiting) => {
    const world = createWorld({ script: () => READY })
    let openSlots = () => {}
    if (whileWaiting) {
      world.gateSlots(
        new Promise((resolve) => {
          openSlots = resolve
        }),
      )
    }
    world.health.pause()
    const end = world.start()
    await world.clock.settle()
    world.health.probe()
    await world.clock.settle()
    world.controller.abort()
    openSlots()
    expect(await world.clock.drive(end)).toEqual({ kind: 'aborted' })
    expect(world.health.seen).toEqual(['released'])
  })

  it('is not asked for, and nothing is given back, while the system runs', async () => {
    const world = createWorld({ script: first(code(429, 4291)) })
    expect((await world.clock.drive(world.start())).kind).toBe('ready')
    expect(world.health.seen).toEqual(['success'])
  })
})

describe('an open breaker', () => {
  it('costs no attempt: neither the call that opened it nor failed probes', async () => {
    const world = createWorld({ script: (n) => (n < 12 ? FAULT : READY), limits: { attempts: 2 } })
    world.clock.after(1, () => world.health.success('DS0fresh'))
    world.health.openAfter(1)
    const end = world.start()
    for (let probe = 1; probe <= 12; probe += 1) {
      await world.clock.runUntil(() => world.sentAt.length === probe && world.health.waiters() === 1, 1_000)
      world.health.probe()
    }
    expect((await world.clock.drive(end)).kind).toBe('ready')
  })

  it('lets nobody call who only waited for a slot', async () => {
    const world = createWorld({ script: () => READY })
    let openSlots = () => {}
    world.gateSlots(
      new Promise((resolve) => {
        openSlots = resolve
      }),
    )
    const end = world.start()
    await world.clock.settle()
    world.health.pause()
    openSlots()
    await world.clock.advance(60_000)
    expect(world.sentAt).toEqual([])
    expect(world.slotsHeld()).toBe(0)
    world.health.resume()
    expect((await world.clock.drive(end)).kind).toBe('ready')
  })
})

describe('403 4031', () => {
  it('of five different handshakes in a row is systemic, and the fifth is held', async () => {
    const world = createWorld({ script: (n) => (n < 5 ? code(403, 4031) : READY) })
    for (const id of ['DS0aaaaaa', 'DS0bbbbbb', 'DS0cccccc', 'DS0dddddd']) {
      expect(await world.clock.drive(world.start(id))).toMatchObject({
        kind: 'delay',
        failure: { code: 'handshake-forbidden' },
      })
    }
    const fifth = world.start('DS0eeeeee')
    await world.clock.runUntil(() => world.health.seen.length === 5, 1_000)
    expect(world.health.seen.at(-1)).toBe('credentials main 403/4031')
    world.health.resume()
    expect((await world.clock.drive(fifth)).kind).toBe('ready')
  })

  it('is no proof against a credential while another one is still to be tried', async () => {
    const world = createWorld({ script: () => code(403, 4031) })
    for (let n = 0; n < 20; n += 1) {
      const end = await world.clock.drive(world.start(`DS0abcdef${n}`, { next: true }))
      expect(end).toMatchObject({ kind: 'delay', failure: { code: 'handshake-forbidden' } })
    }
    expect(world.health.seen).not.toContain('credentials main 403/4031')
  })

  it('is forgotten with a 200 of the same credential', async () => {
    const world = createWorld({ script: (n) => (n === 4 ? READY : code(403, 4031)) })
    for (let n = 0; n < 9; n += 1) await world.clock.drive(world.start(`DS0abcdef${n}`))
    expect(world.health.seen).not.toContain('credentials main 403/4031')
  })
})

describe('every wait hears abort', () => {
  const abortedAt = async (world: ReturnType<typeof createWorld>, moment: () => boolean) => {
    const end = world.start()
    await world.clock.runUntil(moment, 120_000)
    world.controller.abort()
    await world.clock.advance(10)
    expect(await end).toEqual({ kind: 'aborted' })
    expect(world.slotsHeld()).toBe(0)
    expect(world.clock.pending()).toBe(0)
  }

  it('during a back-off', async () => {
    const world = createWorld({ script: () => FAULT })
    await abortedAt(world, () => world.health.seen.length === 1)
  })

  it('during a back-off while held without proof', async () => {
    const world = createWorld({ script: () => FAULT, hasRetryTopics: false })
    await abortedAt(world, () => world.health.seen.length === 9)
  })

  it('during the wait of a 429', async () => {
    const world = createWorld({ script: () => code(429, 4291, '9') })
    await abortedAt(world, () => world.sentAt.length === 1 && world.slotsHeld() === 0)
  })

  it('during a systemic pause', async () => {
    const world = createWorld({ script: () => code(401, 4016) })
    await abortedAt(world, () => world.health.seen.length === 1)
  })

  it('during an open breaker', async () => {
    const world = createWorld({ script: () => FAULT })
    world.health.openAfter(1)
    await abortedAt(world, () => world.health.waiters() === 1)
  })

  it('during a wait for a slot', async () => {
    const world = createWorld({ script: () => READY })
    let openSlots = () => {}
    world.gateSlots(
      new Promise((resolve) => {
        openSlots = resolve
      }),
    )
    const end = world.start()
    await world.clock.settle()
    world.controller.abort()
    openSlots()
    expect(await end).toEqual({ kind: 'aborted' })
    expect(world.ticket.calls).toBe(0)
  })

  it('during a call', async () => {
    const world = createWorld({ script: () => READY })
    await abortedAt(world, () => world.slotsHeld() === 1)
  })
})
