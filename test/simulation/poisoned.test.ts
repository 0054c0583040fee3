/** Several events that fail by themselves, alone at first: whatever they are refused for, what comes behind them is done. */
import { expect, it } from 'vitest'
import type { Fault } from '../../src/simulator/faults.js'
import { handshakeIdFor } from '../../src/simulator/ids.js'
import { RESULT_SEED } from './content.js'
import { startInstance } from './instance.js'
import { type Arrival, drawPlan, type Plan } from './plan.js'
import { createWorld } from './world.js'

/** A calm world. */
const SEED = 20
const QUIET_MS = 600_000
const SOON_MS = 120_000
const HOUR_MS = 3_600_000

const status = (code: number, attestrCode: number): Fault => ({
  kind: 'status',
  status: code,
  code: attestrCode,
})

const GOOD = 40

const arrivalOf = (n: number, atMs: number): Arrival => {
  const id = handshakeIdFor(RESULT_SEED, n)
  return { atMs, partition: n % 2, how: 'plain', event: { key: id, value: id, expected: null, called: true } }
}

function poisonedPlan(count: number, fault: Fault) {
  const bad = Array.from({ length: count }, (_, n) => handshakeIdFor(RESULT_SEED, n))
  const good = Array.from({ length: GOOD }, (_, n) => handshakeIdFor(RESULT_SEED, count + n))
  const plan: Plan = {
    ...drawPlan(SEED),
    partitions: 2,
    arrivals: [...bad, ...good].map((_, n) => arrivalOf(n, n < count ? 0 : QUIET_MS)),
    retry: [{ topic: 'attestr.retry.1', delayMs: 30_000 }],
    script: { handshakes: Object.fromEntries(bad.map((id) => [id, [{ fault, times: null }]])) },
  }
  return { plan, bad, good }
}

it.each([
  ['500', status(500, 5001), 6],
  ['403 4035', status(403, 4035), 2],
  ['403 4035', status(403, 4035), 5],
  ['403 4031', status(403, 4031), 8],
  ['401 4016', status(401, 4016), 3],
] as const)('answered with %s: %#', async (_, fault, count) => {
  const { plan, bad, good } = poisonedPlan(count, fault)
  const world = createWorld(plan, {})
  const { clock } = world
  const { connector } = startInstance(world.around, 'p0', 1)
  void connector.start()
  for (const arrival of plan.arrivals) clock.after(arrival.atMs, () => world.append(arrival))
  await clock.advance(QUIET_MS + SOON_MS)
  const { outcomes } = world.evidence()
  const verified = new Set(
    outcomes.flatMap(({ outcome, handshakeId }) => (outcome === 'VERIFIED' ? [handshakeId] : [])),
  )
  expect(good.filter((id) => !verified.has(id))).toEqual([])
  await clock.advance(HOUR_MS)
  const dead = world.evidence().deadLetters.map(({ handshakeId }) => handshakeId ?? '')
  expect(dead.filter((id) => !bad.includes(id))).toEqual([])
  await clock.drive(connector.stop())
})
