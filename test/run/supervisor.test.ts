import { beforeEach, describe, expect, it } from 'vitest'
import type { SystemicReason } from '../../src/core/work.js'
import { createVirtualClock, type VirtualClock } from '../../src/io/memory/clock.js'
import { createMemoryLog, type MemoryLog } from '../../src/io/memory/log.js'
import { createMemoryMetrics, type MemoryMetrics } from '../../src/io/memory/metrics.js'
import { createSupervisor, type Supervisor } from '../../src/run/supervisor.js'

const DETAIL = { handshakeId: 'DS0aaaaaa', credentialId: 'main', httpStatus: 401, attestrCode: 4016 }

let clock: VirtualClock
let log: MemoryLog
let metrics: MemoryMetrics
let supervisor: Supervisor
let told: SystemicReason[]

beforeEach(() => {
  clock = createVirtualClock({ start: 5000 })
  log = createMemoryLog()
  metrics = createMemoryMetrics()
  told = []
  supervisor = createSupervisor({
    ...{ clock, log, metrics, breakerFailures: 10 },
    onSystemic: (reason) => told.push(reason),
  })
  supervisor.enter('running')
})

const running = (): boolean => supervisor.waitUntilRunning(new AbortController().signal) === null

describe('the supervisor', () => {
  it('lets calls through while nothing is wrong', () => {
    expect([running(), supervisor.status()]).toEqual([true, { state: 'running', reason: null, since: 5000 }])
  })

  it('pauses for systemic trouble before it returns, and names the credential', async () => {
    await clock.advance(70)
    supervisor.systemic('credentials', DETAIL)
    expect([running(), supervisor.status()]).toEqual([
      false,
      { state: 'paused', reason: 'credentials', since: 5070 },
    ])
    expect(metrics.value('attestr_paused', { reason: 'credentials' })).toBe(1)
    expect(log.of('state-changed').at(-1)).toEqual({
      level: 'error',
      event: 'state-changed',
      fields: {
        from: 'running',
        to: 'paused',
        reason: 'credentials',
        ...{ credential: 'main', httpStatus: 401, attestrCode: 4016 },
      },
    })
  })

  it('tells trouble once: the first reason stays', () => {
    supervisor.systemic('credentials', DETAIL)
    supervisor.systemic('credit', DETAIL)
    supervisor.trouble('registry-down')
    expect([told, supervisor.status().reason]).toEqual([['credentials'], 'credentials'])
  })

  it('opens the breaker at the tenth failure in a row, which is systemic', () => {
    for (let call = 0; call < 9; call += 1) supervisor.failure(`DS0-${call}`)
    expect(told).toEqual([])
    supervisor.failure('DS0-9')
    expect([told, running()]).toEqual([['api-down'], false])
  })

  it('counts failures anew after a success, and knows when that was', async () => {
    expect(supervisor.lastSuccessAt()).toBe(Number.NEGATIVE_INFINITY)
    await clock.advance(40)
    for (let call = 0; call < 9; call += 1) supervisor.failure(`DS0-${call}`)
    supervisor.success()
    supervisor.failure('DS0-9')
    expect([told, supervisor.lastSuccessAt()]).toEqual([[], 40])
  })

  it('holds whoever waits until it is given up', async () => {
    supervisor.trouble('registry-down')
    const giveUp = new AbortController()
    const ends: (boolean | string)[] = []
    void supervisor.waitUntilRunning(giveUp.signal)?.then((goesOn) => ends.push(goesOn))
    await clock.advance(3_600_000)
    expect(ends).toEqual([])
    giveUp.abort()
    await clock.settle()
    expect(ends).toEqual([false])
    await expect(supervisor.waitUntilRunning(giveUp.signal)).resolves.toBe(false)
  })

  it('does not pause what is being stopped', () => {
    supervisor.enter('draining')
    supervisor.systemic('credit', DETAIL)
    supervisor.enter('stopped')
    supervisor.trouble('registry-down')
    expect([told, supervisor.status().state]).toEqual([[], 'stopped'])
  })

  it('keeps the reason of a pause while it drains, and logs one line a change', () => {
    supervisor.systemic('service', DETAIL)
    supervisor.enter('draining')
    supervisor.enter('draining')
    expect(supervisor.status()).toEqual({ state: 'draining', reason: 'service', since: 5000 })
    expect(log.of('state-changed').map(({ fields }) => `${fields['from']} ${fields['to']}`)).toEqual([
      'starting running',
      'running paused',
      'paused draining',
    ])
  })
})
