import { expect, it } from 'vitest'
import { startInstance } from './instance.js'
import { drawPlan } from './plan.js'
import { createWorld } from './world.js'

/** A calm world. */
const SEED = 20
const SESSION_MS = 6000

it('a broker that is silent for longer than a session is a pause, and ends with the next heartbeat', async () => {
  const world = createWorld(drawPlan(SEED), {})
  const { clock, around, log } = world
  const { connector } = startInstance(around, 'p0', 1)
  void connector.start()
  const isReady = (): boolean => connector.status().ready
  expect(await clock.runUntil(isReady, 20_000)).toBe(true)
  around.broker.setAvailable(false)
  await clock.advance(SESSION_MS - 1500)
  expect(connector.status().state).toBe('running')
  await clock.advance(4500)
  expect(connector.status()).toMatchObject({
    ready: false,
    state: 'paused',
    reason: 'broker-down',
    nextProbe: null,
  })
  around.broker.setAvailable(true)
  expect(await clock.runUntil(isReady, 20_000)).toBe(true)
  const reasons = log.of('state-changed').map(({ fields }) => fields['reason'] ?? fields['to'])
  expect(reasons).toEqual(['running', 'broker-down', 'running'])
  await clock.drive(connector.stop())
})
