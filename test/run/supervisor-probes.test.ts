/** When and by whom the API is probed in a pause, how calls begin again after it, and who is let go. */
import { beforeEach, describe, expect, it } from 'vitest'
import { ANSWER_MS, createScene, detailOf, type Scene, START } from './supervisor-scene.js'

let scene: Scene
beforeEach(() => {
  scene = createScene()
})

/** Pauses; the events wait. */
function pauseWith(...names: string[]): void {
  scene.supervisor.systemic('credentials', detailOf(names[0] ?? 'DS0a'))
  for (const name of names) void scene.ask(name)
}

/** The next probe: its event is refused again. */
async function refuseNext(): Promise<{ readonly by: string; readonly at: number }> {
  const { clock, permits, supervisor, ask, given } = scene
  await clock.runUntil(() => permits.length > 0, 3_600_000)
  const [by = 'nobody'] = given()
  supervisor.systemic('credentials', detailOf(by))
  void ask(by)
  return { by, at: clock.monotonic() }
}

describe('a probe', () => {
  it('is one call at a time, each by another held event', async () => {
    pauseWith('a', 'b', 'c')
    const probers = []
    for (let probe = 0; probe < 6; probe += 1) probers.push((await refuseNext()).by)
    expect(probers).toEqual(['a', 'b', 'c', 'a', 'b', 'c'])
    expect(scene.metrics.value('attestr_probes_total', { reason: 'credentials' })).toBe(6)
  })

  it('comes after a tenth of the outage so far, within the bounds', async () => {
    pauseWith('a', 'b')
    const at: number[] = []
    for (let probe = 0; probe < 90; probe += 1) at.push((await refuseNext()).at)
    const gaps = at.map((time, index) => time - (at[index - 1] ?? 0))
    expect(gaps.slice(0, 10).every((gap) => gap === 1000)).toBe(true)
    for (const [index, gap] of gaps.entries()) {
      expect(gap).toBeCloseTo(Math.min(Math.max((at[index - 1] ?? 0) / 10, 1000), 60_000), 3)
    }
    expect(gaps.at(-1)).toBe(60_000)
  })

  it('of a daily quota comes once a minute at most', async () => {
    const { supervisor, clock, ask, given } = scene
    supervisor.systemic('daily-quota', detailOf('DS0a', { httpStatus: 429, attestrCode: 4293 }))
    void ask('a')
    await clock.advance(59_999)
    expect(given()).toEqual([])
    expect(supervisor.status().nextProbe).toBe(START + 60_000)
    await clock.advance(1)
    expect(given()).toEqual(['a'])
  })

  it('is not sent before calls may go out at all: a Retry-After is kept', async () => {
    const { supervisor, clock, ask, given, holdUntil } = scene
    holdUntil(31_000)
    supervisor.systemic('rate-limited', detailOf('DS0a', { httpStatus: 429, attestrCode: 4291 }))
    for (const name of ['a', 'b']) void ask(name)
    expect(supervisor.status().nextProbe).toBe(START + 31_000)
    await clock.advance(30_999)
    expect(given()).toEqual([])
    await clock.advance(1)
    expect(given()).toEqual(['a'])
  })

  it('is sent soon after calls are let go sooner than it was said', async () => {
    const { supervisor, clock, ask, given, holdUntil } = scene
    holdUntil(Number.POSITIVE_INFINITY)
    supervisor.trouble('daily-quota')
    void ask('a')
    expect(supervisor.status().nextProbe).toBe(START + 60_000)
    await clock.advance(130_000)
    holdUntil(0)
    expect(given()).toEqual([])
    await clock.advance(50_000)
    expect(given()).toEqual(['a'])
  })

  it('is put off when a daily quota turns out to be the reason', async () => {
    const { supervisor, clock, given } = scene
    pauseWith('a')
    await clock.advance(500)
    supervisor.systemic('daily-quota', detailOf('DS0b', { httpStatus: 429, attestrCode: 4293 }))
    await clock.advance(59_999)
    expect(given()).toEqual([])
    await clock.advance(1)
    expect(given()).toEqual(['a'])
  })

  it.each([
    ['a failed call', (s: Scene) => s.supervisor.failure('a')],
    ['a 429, or one that was given up', (s: Scene) => s.supervisor.released()],
  ])('that ends with %s is a failed one', async (_, end) => {
    const { clock, given, supervisor } = scene
    pauseWith('a', 'b')
    await clock.advance(1000)
    expect(given()).toEqual(['a'])
    end(scene)
    expect(supervisor.status()).toMatchObject({ state: 'paused', nextProbe: START + 2000 })
    await clock.advance(1000)
    expect(given()).toEqual(['b'])
  })

  it('that hangs does not block: after its time the next one goes', async () => {
    const { clock, given } = scene
    pauseWith('a', 'b')
    await clock.advance(1000)
    expect(given()).toEqual(['a'])
    await clock.advance(ANSWER_MS - 1)
    expect(given()).toEqual([])
    await clock.advance(10_000)
    expect(given()).toEqual(['b'])
  })

  it('prefers the events that others wait behind, once each', async () => {
    const { heads, controllers } = scene
    pauseWith('a', 'b', 'c', 'd')
    for (const name of ['c', 'd']) heads.add(controllers.get(name)?.signal as AbortSignal)
    const probers = []
    for (let probe = 0; probe < 5; probe += 1) probers.push((await refuseNext()).by)
    expect(probers).toEqual(['c', 'd', 'a', 'b', 'c'])
  })

  it('wants a fresh event when nobody is held, and takes it when it comes', async () => {
    const { clock, notes, given, ask, onAdmit } = scene
    onAdmit(() => {
      void ask('fresh')
      return true
    })
    pauseWith()
    await clock.advance(999)
    expect(notes).toEqual(['pause systemic'])
    await clock.advance(1)
    expect([notes.slice(1), given()]).toEqual([['admit 0'], ['fresh']])
  })

  it('wants a fresh event too when only the last prober is held, and takes that one when nobody comes', async () => {
    const { clock, notes, given, supervisor, ask, onAdmit } = scene
    pauseWith('a')
    expect((await refuseNext()).by).toBe('a')
    await clock.advance(1000)
    expect([notes.at(-1), given()]).toEqual(['admit 1', ['a']])
    supervisor.systemic('credentials', detailOf('a'))
    void ask('a')
    onAdmit(() => true)
    await clock.advance(1000)
    expect(given()).toEqual([])
    void ask('b')
    await clock.settle()
    expect(given()).toEqual(['b'])
  })

  it('goes to the first who asks when it is due and nobody is there', async () => {
    const { clock, given, ask, supervisor } = scene
    pauseWith()
    await clock.advance(30_000)
    expect([given(), supervisor.status().nextProbe]).toEqual([[], START + 30_000])
    void ask('late')
    void ask('later')
    await clock.settle()
    expect(given()).toEqual(['late'])
  })

  it('is of nobody who was given up', async () => {
    const { clock, given, controllers } = scene
    pauseWith('a', 'b')
    controllers.get('a')?.abort()
    await clock.advance(1000)
    expect(given()).toEqual(['b'])
  })
})

describe('after a pause', () => {
  async function endPause(...names: string[]): Promise<void> {
    pauseWith('prober', ...names)
    await scene.clock.advance(1000)
    expect(scene.given()).toEqual(['prober'])
    scene.supervisor.success('DS0fresh')
    await scene.clock.settle()
  }

  it('calls in flight start at one and double with each success, until all may call', async () => {
    const { supervisor, clock, given, isOpen } = scene
    await endPause(...'abcdefghij')
    expect(given()).toEqual(['a'])
    supervisor.success('DS0fresh')
    await clock.settle()
    expect(given()).toEqual(['b', 'c'])
    supervisor.success('DS0fresh')
    await clock.settle()
    expect(given()).toEqual(['d', 'e', 'f'])
    expect(isOpen()).toBe(false)
    supervisor.success('DS0fresh')
    await clock.settle()
    expect([given(), isOpen()]).toEqual([['g', 'h', 'i', 'j'], true])
    expect(clock.pending()).toBe(0)
  })

  it('a failed call keeps its permit for a while: an event alone that fails does not call without a pause', async () => {
    const { supervisor, clock, given, ask } = scene
    await endPause('a')
    expect(given()).toEqual(['a'])
    supervisor.failure('a')
    void ask('a')
    await clock.advance(999)
    expect(given()).toEqual([])
    await clock.advance(1)
    expect(given()).toEqual(['a'])
  })

  it('a permit that nobody answers for is given to the next', async () => {
    const { clock, given } = scene
    await endPause('a', 'b')
    expect(given()).toEqual(['a'])
    await clock.advance(ANSWER_MS)
    expect(given()).toEqual(['b'])
  })

  it('a permit that was not used is given to the next at once', async () => {
    const { supervisor, clock, given } = scene
    await endPause('a', 'b')
    given()
    supervisor.released()
    await clock.settle()
    expect(given()).toEqual(['b'])
  })

  it('new trouble in the slow start pauses again', async () => {
    const { supervisor, given, clock } = scene
    await endPause('a', 'b')
    given()
    supervisor.systemic('credit', detailOf('a'))
    expect(supervisor.status()).toMatchObject({ state: 'paused', reason: 'credit', since: START + 1000 })
    await clock.advance(1000)
    expect(given()).toEqual(['b'])
  })

  it('with a concurrency of one everybody may call at once: the gate bounds it', async () => {
    scene = createScene({ concurrency: 1 })
    await endPause('a', 'b')
    expect([scene.given(), scene.isOpen()]).toEqual([['a', 'b'], true])
  })
})

describe('an event that causes pauses by itself', () => {
  /** A pause by these events, ended by the success of another. */
  async function pauseBy(...handshakes: string[]): Promise<string> {
    return pauseUntil('DS0fresh', handshakes)
  }

  async function pauseUntil(answered: string, handshakes: readonly string[]): Promise<string> {
    const { supervisor, clock, ask } = scene
    let end = ''
    for (const handshake of handshakes) end = supervisor.systemic('credentials', detailOf(handshake))
    if (end === 'let-go') return end
    void ask(`other ${clock.monotonic()}`)
    await clock.advance(1000)
    supervisor.success(answered)
    return end
  }

  it('is let go at its fourth systemic answer, without a pause', async () => {
    for (let pause = 0; pause < 3; pause += 1) expect(await pauseBy('DS0poison')).toBe('hold')
    expect(await pauseBy('DS0poison')).toBe('let-go')
    expect(scene.supervisor.status().state).toBe('running')
    expect(await pauseBy('DS0other')).toBe('hold')
  })

  it('is let go also where others do so with it', async () => {
    for (let pause = 0; pause < 3; pause += 1) expect(await pauseBy('DS0one', 'DS0two')).toBe('hold')
    expect(await pauseBy('DS0one')).toBe('let-go')
    expect(await pauseBy('DS0two')).toBe('let-go')
  })

  it('is not to blame for an outage that ended for one that was refused in it', async () => {
    for (let pause = 0; pause < 6; pause += 1)
      expect(await pauseUntil('DS0two', ['DS0one', 'DS0two'])).toBe('hold')
  })

  it.each(['daily-quota', 'rate-limited'] as const)('is not to blame for %s', async (reason) => {
    const { supervisor, clock, ask } = scene
    for (let pause = 0; pause < 6; pause += 1) {
      expect(supervisor.systemic(reason, detailOf('DS0one'))).toBe('hold')
      void ask(`other ${clock.monotonic()}`)
      await clock.advance(60_000)
      supervisor.success('DS0fresh')
    }
  })

  it('is cleared by an answer of its own', async () => {
    for (let pause = 0; pause < 6; pause += 1) {
      expect(await pauseBy('DS0one')).toBe('hold')
      scene.supervisor.success('DS0one')
    }
  })

  it('is held while there is other trouble', async () => {
    for (let pause = 0; pause < 3; pause += 1) expect(await pauseBy('DS0one')).toBe('hold')
    scene.supervisor.systemic('credit', detailOf('DS0two'))
    expect(scene.supervisor.systemic('credentials', detailOf('DS0one'))).toBe('hold')
  })

  it('is not to blame for a breaker that opened', async () => {
    const { supervisor } = scene
    for (let pause = 0; pause < 6; pause += 1) {
      for (let call = 0; call < 10; call += 1) supervisor.failure(`DS0-${call}`)
      expect(await pauseBy('DS0one')).toBe('hold')
    }
  })

  it('counts a pause once, however often it is refused in it', async () => {
    const { supervisor, clock, ask } = scene
    supervisor.systemic('credentials', detailOf('DS0poison'))
    void ask('poison')
    for (let probe = 0; probe < 8; probe += 1) {
      await clock.advance(2000)
      supervisor.systemic('credentials', detailOf('DS0poison'))
      void ask('poison')
    }
    expect(supervisor.systemic('credentials', detailOf('DS0poison'))).toBe('hold')
  })
})
