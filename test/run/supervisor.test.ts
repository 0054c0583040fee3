import { beforeEach, describe, expect, it } from 'vitest'
import { createScene, detailOf, type Scene, START } from './supervisor-scene.js'

let scene: Scene
beforeEach(() => {
  scene = createScene()
})

const RUNNING = {
  ...{ state: 'running', reason: null, reasons: [], credential: null },
  ...{ since: START, nextProbe: null },
}

describe('the supervisor', () => {
  it('lets calls through while nothing is wrong', () => {
    const { supervisor, isOpen } = scene
    expect([isOpen(), supervisor.status()]).toEqual([true, RUNNING])
  })

  it('pauses for systemic trouble before it returns, and names the credential and the next probe', async () => {
    const { supervisor, clock, isOpen, metrics, log, notes } = scene
    await clock.advance(70)
    expect(supervisor.systemic('credentials', detailOf('DS0a'))).toBe('hold')
    expect([isOpen(), supervisor.status()]).toEqual([
      false,
      {
        ...{ state: 'paused', reason: 'credentials', reasons: ['credentials'], credential: 'main' },
        ...{ since: START + 70, nextProbe: START + 1070 },
      },
    ])
    expect(notes).toEqual(['pause systemic'])
    expect(metrics.value('attestr_paused', { reason: 'credentials' })).toBe(1)
    expect(log.of('state-changed').at(-1)).toEqual({
      level: 'error',
      event: 'state-changed',
      fields: {
        ...{ from: 'running', to: 'paused', reason: 'credentials' },
        ...{ credential: 'main', httpStatus: 401, attestrCode: 4016 },
        ...{ since: START + 70, nextProbe: START + 1070 },
      },
    })
  })

  it('shows the latest reason, since the beginning, and logs one line a change', async () => {
    const { supervisor, clock, metrics, changes } = scene
    supervisor.systemic('credentials', detailOf('DS0a'))
    await clock.advance(500)
    supervisor.systemic('credentials', detailOf('DS0b'))
    supervisor.systemic('credit', detailOf('DS0b'))
    expect(supervisor.status()).toMatchObject({ reason: 'credit', reasons: ['credit'], since: START })
    expect(metrics.value('attestr_paused', { reason: 'credentials' })).toBe(0)
    expect(metrics.value('attestr_paused', { reason: 'credit' })).toBe(1)
    expect(changes()).toEqual(['starting running ', 'running paused credentials', 'paused paused credit'])
  })

  it('opens the breaker at the tenth failure in a row, which is systemic', () => {
    const { supervisor, isOpen } = scene
    for (let call = 0; call < 9; call += 1) supervisor.failure(`DS0-${call}`)
    expect(isOpen()).toBe(true)
    supervisor.failure('DS0-9')
    expect([supervisor.status().reason, isOpen()]).toEqual(['api-down', false])
  })

  it('says that a call which fails in a pause uses no attempt, but for one in the slow start after it', async () => {
    const { supervisor, clock, ask } = scene
    expect(supervisor.paused()).toBe(false)
    supervisor.trouble('daily-quota')
    expect([supervisor.paused(), supervisor.status().credential]).toEqual([true, null])
    void ask('a')
    await clock.advance(60_000)
    supervisor.success('DS0fresh')
    expect([supervisor.paused(), scene.isOpen()]).toEqual([false, false])
  })

  it('counts failures anew after a success, and knows when that was', async () => {
    const { supervisor, clock, isOpen } = scene
    expect(supervisor.lastSuccessAt()).toBe(Number.NEGATIVE_INFINITY)
    await clock.advance(40)
    for (let call = 0; call < 9; call += 1) supervisor.failure(`DS0-${call}`)
    supervisor.success('DS0fresh')
    supervisor.failure('DS0-9')
    expect([isOpen(), supervisor.lastSuccessAt()]).toEqual([true, 40])
  })

  it('ends a pause by the success of a probe, and all of it is over: lanes, metric, reason', async () => {
    const { supervisor, clock, ask, given, metrics, notes, changes } = scene
    supervisor.systemic('ip', detailOf('DS0a'))
    void ask('a')
    await clock.advance(1000)
    expect(given()).toEqual(['a'])
    supervisor.success('DS0fresh')
    expect(supervisor.status()).toEqual({ ...RUNNING, since: START + 1000 })
    expect(metrics.value('attestr_paused', { reason: 'ip' })).toBe(0)
    expect(notes).toEqual(['pause systemic', 'resume systemic'])
    expect(changes().at(-1)).toBe('paused running ')
  })

  it('takes the success of a call that began before the trouble for no proof', async () => {
    const { supervisor } = scene
    supervisor.systemic('ip', detailOf('DS0a'))
    supervisor.success('DS0fresh')
    expect(supervisor.status().state).toBe('paused')
  })

  it('gives up at once who waits when the system drains: held events never use the drain time', async () => {
    const { supervisor, ask } = scene
    supervisor.systemic('service', detailOf('DS0a'))
    const waits = ask('a')
    supervisor.enter('draining')
    await expect(waits).resolves.toBe(false)
    await expect(ask('b')).resolves.toBe(false)
    expect(scene.clock.pending()).toBe(0)
  })

  it('does not pause what is being stopped', () => {
    const { supervisor } = scene
    supervisor.enter('draining')
    supervisor.systemic('credit', detailOf('DS0a'))
    supervisor.setFlood(true)
    supervisor.setDown('broker', true)
    supervisor.enter('stopped')
    supervisor.failure('DS0b')
    expect([supervisor.status().state, supervisor.status().reason]).toEqual(['stopped', null])
  })

  it('keeps the reason of a pause while it drains', () => {
    const { supervisor, changes } = scene
    supervisor.systemic('service', detailOf('DS0a'))
    supervisor.enter('draining')
    supervisor.enter('draining')
    expect(supervisor.status()).toMatchObject({ state: 'draining', reason: 'service', since: START })
    expect(changes()).toEqual(['starting running ', 'running paused service', 'paused draining service'])
  })
})

describe('several troubles', () => {
  it('hold at once, the most telling is shown, and the pause is over with the last', async () => {
    const { supervisor, clock, notes, metrics, isOpen } = scene
    supervisor.setDown('broker', true)
    expect(supervisor.status().reason).toBe('broker-down')
    supervisor.setFlood(true)
    expect(supervisor.status().reason).toBe('flood')
    void supervisor.waitForRegistry(new AbortController().signal)
    expect(supervisor.status().reason).toBe('registry-down')
    supervisor.systemic('credentials', detailOf('DS0a'))
    expect(supervisor.status().reasons).toEqual(['credentials', 'registry-down', 'flood', 'broker-down'])
    void scene.ask('a')
    await clock.advance(1000)
    supervisor.success('DS0fresh')
    expect(supervisor.status().reasons).toEqual(['registry-down', 'flood', 'broker-down'])
    expect(notes).not.toContain('resume systemic')
    supervisor.registryWorks()
    expect(notes).toContain('resume systemic')
    supervisor.setDown('broker', false)
    expect([supervisor.status().reasons, isOpen()]).toEqual([['flood'], false])
    supervisor.setFlood(false)
    expect(supervisor.status().reasons).toEqual([])
    for (const reason of ['credentials', 'registry-down', 'flood', 'broker-down'])
      expect(metrics.value('attestr_paused', { reason })).toBe(0)
  })

  it('of the broker alone stop no call and pause no lane: nothing is read anyway', () => {
    const { supervisor, isOpen, notes } = scene
    supervisor.setDown('broker', true)
    expect([isOpen(), notes, supervisor.status().state]).toEqual([true, [], 'paused'])
    expect(supervisor.paused()).toBe(false)
    supervisor.setDown('broker', false)
    expect(supervisor.status().state).toBe('running')
  })

  it('a flood holds calls without a probe until it is accepted', async () => {
    const { supervisor, clock, ask, given, notes } = scene
    supervisor.setFlood(true)
    void ask('a')
    await clock.advance(3_600_000)
    expect([given(), supervisor.status().nextProbe]).toEqual([[], null])
    supervisor.setFlood(false)
    await clock.settle()
    expect([given(), notes]).toEqual([['a'], ['pause flood', 'resume flood']])
  })
})

describe('a registry that is down', () => {
  it('is asked again at intervals, one question at a time, and all go on when it answers', async () => {
    const { supervisor, clock } = scene
    const asked: string[] = []
    const need = (name: string): void => {
      void supervisor.waitForRegistry(new AbortController().signal).then((goOn) => goOn && asked.push(name))
    }
    for (const name of ['a', 'b', 'c']) need(name)
    expect(supervisor.status()).toMatchObject({ reason: 'registry-down', nextProbe: START + 1000 })
    await clock.advance(1000)
    expect(asked.splice(0)).toEqual(['a'])
    need('a')
    await clock.advance(1000)
    expect(asked.splice(0)).toEqual(['b'])
    supervisor.registryWorks()
    await clock.settle()
    expect([asked.splice(0), supervisor.status().state]).toEqual([['c', 'a'], 'running'])
  })

  it('holds the calls of the API too', async () => {
    const { supervisor, clock, ask, given } = scene
    void supervisor.waitForRegistry(new AbortController().signal)
    void ask('x')
    await clock.advance(5000)
    expect(given()).toEqual([])
    supervisor.registryWorks()
    await clock.settle()
    expect(given()).toEqual(['x'])
  })

  it('is no trouble any more when nobody needs it', async () => {
    const { supervisor, clock } = scene
    const [one, other] = [new AbortController(), new AbortController()]
    const first = supervisor.waitForRegistry(one.signal)
    void supervisor.waitForRegistry(other.signal)
    await clock.advance(1000)
    await expect(first).resolves.toBe(true)
    // Whoever was to ask is given up without a word, and so is the last one who waits.
    other.abort()
    expect(supervisor.status().state).toBe('running')
  })

  it('ends also when the only one who asked never comes back', async () => {
    const { supervisor, clock } = scene
    void supervisor.waitForRegistry(new AbortController().signal)
    await clock.advance(60_000)
    expect(supervisor.status().state).toBe('running')
  })

  it('gives up who needs it while the system stops', async () => {
    const { supervisor } = scene
    supervisor.enter('draining')
    await expect(supervisor.waitForRegistry(new AbortController().signal)).resolves.toBe(false)
  })
})

describe('a start', () => {
  it('says what it waits for, and what is waited for no more is forgotten', () => {
    const { supervisor, metrics, changes } = createScene({ starts: true })
    supervisor.waitFor('broker-down')
    supervisor.waitFor('broker-down')
    expect(supervisor.status()).toMatchObject({ state: 'starting', reason: 'broker-down' })
    expect(metrics.value('attestr_paused', { reason: 'broker-down' })).toBe(1)
    supervisor.waitFor(null)
    supervisor.waitFor('registry-down')
    expect(supervisor.status().reasons).toEqual(['registry-down'])
    supervisor.enter('running')
    expect([supervisor.status().reason, changes()]).toEqual([null, ['starting running ']])
    expect(metrics.value('attestr_paused', { reason: 'registry-down' })).toBe(0)
    supervisor.waitFor('broker-down')
    expect(supervisor.status().reason).toBeNull()
  })
})

describe('onSystemic: exit', () => {
  it('is told once, with the first reason, and nothing is probed', async () => {
    const { supervisor, clock, exits, ask, given, changes } = createScene({ exits: true })
    supervisor.systemic('credentials', detailOf('DS0a'))
    supervisor.systemic('credit', detailOf('DS0b'))
    void supervisor.waitForRegistry(new AbortController().signal)
    void ask('a')
    await clock.advance(3_600_000)
    expect([exits, given(), supervisor.status()]).toMatchObject([
      ['credentials'],
      [],
      { reason: 'credentials', nextProbe: null },
    ])
    expect(changes()).toHaveLength(2)
  })

  it('is not for a flood, which waits for an operator, nor for a broker that is down', () => {
    const { supervisor, exits } = createScene({ exits: true })
    supervisor.setFlood(true)
    supervisor.setDown('broker', true)
    expect([exits, supervisor.status().reasons]).toEqual([[], ['flood', 'broker-down']])
  })
})
