/**
 * Several events that fail by themselves, alone at first: whatever they are refused for, what comes behind them is done, and
 * they come to an end of their own as soon as the API is seen to work.
 */
import { expect, it } from 'vitest'
import type { Clock, ResultApi } from '../../src/core/ports.js'
import { DEVELOPMENT_CREDENTIAL } from '../../src/simulator/credentials.js'
import type { Fault } from '../../src/simulator/faults.js'
import { handshakeIdFor } from '../../src/simulator/ids.js'
import { RESULT_SEED } from './content.js'
import { startInstance } from './instance.js'
import { type Arrival, drawPlan, type Plan } from './plan.js'
import { createWorld, type World } from './world.js'

/** A calm world. */
const SEED = 20
const QUIET_MS = 600_000
const SOON_MS = 120_000
const LONG_MS = 1_500_000

const status = (code: number, attestrCode: number): Fault => ({
  kind: 'status',
  status: code,
  code: attestrCode,
})

/** What comes at once behind the quiet, and then one after another. */
const GOOD = 40
const LATER = 10
const LATER_EVERY_MS = 120_000

const arrivalOf = (n: number, atMs: number): Arrival => {
  const id = handshakeIdFor(RESULT_SEED, n)
  return { atMs, partition: n % 2, how: 'plain', event: { key: id, value: id, expected: null, called: true } }
}

function poisonedPlan(count: number, fault: Fault) {
  const bad = Array.from({ length: count }, (_, n) => handshakeIdFor(RESULT_SEED, n))
  const good = Array.from({ length: GOOD + LATER }, (_, n) => handshakeIdFor(RESULT_SEED, count + n))
  const arrivesAtMs = (n: number): number => {
    if (n < count) return 0
    return QUIET_MS + Math.max(0, n - count - GOOD + 1) * LATER_EVERY_MS
  }
  const plan: Plan = {
    ...drawPlan(SEED),
    partitions: 2,
    arrivals: [...bad, ...good].map((_, n) => arrivalOf(n, arrivesAtMs(n))),
    retry: [{ topic: 'attestr.retry.1', delayMs: 30_000 }],
    script: { handshakes: Object.fromEntries(bad.map((id) => [id, [{ fault, times: null }]])) },
  }
  return { plan, bad, good }
}

/** Answers what a handshake gets with each credential; null: what the API says. */
type Refuses = (isBad: boolean, credentialId: string) => readonly [number, number] | null

const bodyOf = (code: number): Buffer => Buffer.from(JSON.stringify({ code, message: 'refused' }))

const refusing =
  (bad: readonly string[], refuses: Refuses, clock: Clock) =>
  (right: ResultApi): ResultApi => ({
    close: () => right.close(),
    call(request) {
      const refusal = refuses(bad.includes(request.handshakeId), request.credential.id)
      if (refusal === null) return right.call(request)
      request.onSent()
      const [httpStatus, code] = refusal
      const finishedAt = clock.now()
      return Promise.resolve({
        ...{ kind: 'answer', status: httpStatus, body: bodyOf(code), retryAfter: null, finishedAt },
      })
    },
  })

const { authToken, clientSecret } = DEVELOPMENT_CREDENTIAL
/** The second one has no handshakes of its own. */
const TWO = JSON.stringify(['main', 'former'].map((id) => ({ id, authToken, clientSecret })))

it.each([
  ['403 4031 with both', 8, (isBad, id) => (isBad || id === 'former' ? [403, 4031] : null)],
  ['403 4031, then 403 4035', 1, (isBad, id) => (id === 'former' ? [403, 4035] : isBad ? [403, 4031] : null)],
  ['403 4031, then 401 4016', 3, (isBad, id) => (id === 'former' ? [401, 4016] : isBad ? [403, 4031] : null)],
] as readonly (readonly [string, number, Refuses])[])(
  'of two credentials, answered with %s: the others are done',
  async (_, count, refuses) => {
    const { plan, bad, good } = poisonedPlan(count, status(403, 4031))
    const world: World = createWorld(
      { ...plan, script: {}, settings: { ...plan.settings, 'attestr.credentials': TWO } },
      { api: (right) => refusing(bad, refuses, world.clock)(right) },
    )
    const { clock } = world
    const { connector } = startInstance(world.around, 'p0', 1)
    void connector.start()
    for (const arrival of plan.arrivals) clock.after(arrival.atMs, () => world.append(arrival))
    await clock.advance(QUIET_MS + SOON_MS + LONG_MS)
    const { outcomes, deadLetters } = world.evidence()
    const verified = outcomes.filter(({ outcome }) => outcome === 'VERIFIED')
    expect(verified.map(({ handshakeId }) => handshakeId).sort()).toEqual([...good].sort())
    expect(deadLetters.map(({ handshakeId }) => handshakeId).sort()).toEqual([...bad].sort())
    await clock.drive(connector.stop())
  },
)

it.each([
  ['500', status(500, 5001), 6, 'retries-exhausted'],
  ['403 4035', status(403, 4035), 2, 'request-rejected'],
  ['403 4035', status(403, 4035), 5, 'request-rejected'],
  ['403 4031', status(403, 4031), 8, 'handshake-forbidden'],
  ['401 4016', status(401, 4016), 3, 'request-rejected'],
] as const)('answered with %s: %#', async (_, fault, count, code) => {
  const { plan, bad, good } = poisonedPlan(count, fault)
  const world = createWorld(plan, {})
  const { clock } = world
  const { connector } = startInstance(world.around, 'p0', 1)
  void connector.start()
  for (const arrival of plan.arrivals) clock.after(arrival.atMs, () => world.append(arrival))
  const missing = (wanted: readonly string[]): string[] => {
    const { outcomes } = world.evidence()
    const verified = new Set(
      outcomes.flatMap(({ outcome, handshakeId }) => (outcome === 'VERIFIED' ? [handshakeId] : [])),
    )
    return wanted.filter((id) => !verified.has(id))
  }
  await clock.advance(QUIET_MS - 1)
  expect(world.evidence().deadLetters).toEqual([])
  await clock.advance(SOON_MS + 1)
  expect(missing(good.slice(0, GOOD))).toEqual([])
  await clock.advance(LONG_MS)
  expect(missing(good)).toEqual([])
  const dead = world.evidence().deadLetters.map((letter) => [letter.handshakeId, letter.code])
  expect(dead.sort()).toEqual(bad.map((id) => [id, code]).sort())
  expect(connector.status()).toMatchObject({ state: 'running' })
  await clock.drive(connector.stop())
})
