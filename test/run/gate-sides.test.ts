/** What one lane, or one kind of lanes, may take from the others. Each rule is shown to be needed by leaving it out. */
import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createRate } from '../../src/core/rate.js'
import { CallTurns } from '../../src/run/call-turns.js'
import type { GateBounds } from '../../src/run/gate.js'
import { Room } from '../../src/run/room.js'
import { type CallPlan, type EventPlan, type LanePlan, Scene, type ScenePlan } from './gate-scene.js'

afterEach(() => vi.restoreAllMocks())

const BOUNDS: GateBounds = {
  concurrency: 8,
  maxHeldEvents: 128,
  maxInFlightBytes: 10_000_000,
  maxResponseBytes: 100_000,
}

const call = (headMs: number, more: Partial<CallPlan> = {}): CallPlan => ({
  ...{ headMs, bodyMs: 1, bodyBytes: 100, knownLength: true, waitMs: 0, ...more },
})
const event = (...calls: CallPlan[]): EventPlan => ({ valueBytes: 10, calls, outputBytes: 50 })
const backlog = (count: number, one: EventPlan): EventPlan[] => Array.from({ length: count }, () => one)
const lane = (events: readonly EventPlan[], fresh = true): LanePlan => ({
  ...{ fresh, events, joinsAtMs: 0, commitMs: 5, lostAtMs: null },
})

interface Count {
  readonly fresh: number
  readonly others: number
}

/** Calls of both sides in so long a time, once all lanes have begun. */
async function runFor(plan: ScenePlan, ms: number): Promise<{ calls: Count; scene: Scene }> {
  const scene = new Scene(plan)
  const called = (fresh: boolean): number =>
    scene.lanes.filter((one) => one.fresh === fresh).reduce((total, one) => total + one.called, 0)
  await scene.clock.advance(BEGIN_MS)
  const begun = { fresh: called(true), others: called(false) }
  await scene.clock.advance(ms)
  return { calls: { fresh: called(true) - begun.fresh, others: called(false) - begun.others }, scene }
}

const BEGIN_MS = 1000

describe('100,000 due messages on a retry topic', () => {
  const due = Array.from({ length: 4 }, () => lane(backlog(25_000, event(call(50))), false))
  const fresh = Array.from({ length: 2 }, () => lane(backlog(5_000, event(call(50)))))
  const slow = due.map((one) => ({ ...one, events: backlog(25_000, event(call(5000))) }))
  const plan = { bounds: BOUNDS, lanes: [...due, ...fresh] }

  it('leave fresh events half of the calls', async () => {
    const { calls } = await runFor(plan, 20_000)
    expect(calls.fresh).toBeGreaterThan(1200)
    expect(calls.fresh / (calls.fresh + calls.others)).toBeGreaterThanOrEqual(0.5)
    expect(calls.others).toBeGreaterThan(1000)
  })

  it('leave them half when each of their calls takes until its time-out', async () => {
    const { calls, scene } = await runFor({ bounds: BOUNDS, lanes: [...slow, ...fresh] }, 20_000)
    // Half of eight slots, less the one kept for oldest events, at 51 ms a call.
    expect(calls.fresh).toBeGreaterThan((20_000 / 51) * 3 * 0.95)
    expect(scene.lanes.every((one) => one.called > 0)).toBe(true)
  })

  it('leave them half of the rate, where the rate is the bound', async () => {
    const pace: ScenePlan['pace'] = (clock) => {
      const rate = createRate({ clock, random: () => 0.5, perSecond: 20, perDay: null })
      rate.share(1)
      return rate
    }
    const { calls } = await runFor({ ...plan, pace }, 30_000)
    expect(calls.fresh + calls.others).toBeGreaterThan(560)
    expect(calls.fresh).toBeGreaterThanOrEqual(calls.others)
    expect(calls.others).toBeGreaterThan(150)
  })

  it('take what the fresh ones do not want', async () => {
    const idle = fresh.map((one) => ({ ...one, events: [] }))
    const { calls } = await runFor({ bounds: BOUNDS, lanes: [...due, ...idle] }, 10_000)
    expect(calls.others).toBeGreaterThan((10_000 / 51) * 7 * 0.95)
  })

  it('would take two thirds if lanes were only served in turn', async () => {
    const { scene } = await runFor(
      { ...plan, lanes: plan.lanes.map((one) => ({ ...one, fresh: true })) },
      20_000,
    )
    const called = scene.lanes.map((one) => one.called)
    const freshCalls = called.slice(due.length).reduce((sum, one) => sum + one, 0)
    expect(freshCalls / called.reduce((sum, one) => sum + one, 0)).toBeLessThan(0.4)
  })

  it('would take nearly all slots with such calls if half of them were not kept', async () => {
    vi.spyOn(CallTurns.prototype, 'mayCall').mockReturnValue(true)
    const { calls } = await runFor({ bounds: BOUNDS, lanes: [...slow, ...fresh] }, 20_000)
    expect(calls.fresh).toBeLessThan((20_000 / 51) * 2)
  })
})

it('fresh lanes have half of the calls, whatever the lanes and bounds', async () => {
  const shape = fc.record({
    concurrency: fc.integer({ min: 2, max: 12 }),
    freshLanes: fc.integer({ min: 2, max: 4 }),
    otherLanes: fc.integer({ min: 1, max: 9 }),
    callMs: fc.integer({ min: 5, max: 60 }),
    bodyBytes: fc.integer({ min: 0, max: 20_000 }),
  })
  await fc.assert(
    fc.asyncProperty(shape, async ({ concurrency, freshLanes, otherLanes, callMs, bodyBytes }) => {
      const one = event(call(callMs, { bodyBytes }))
      const lanes = [
        ...Array.from({ length: otherLanes }, () => lane(backlog(3000, one), false)),
        ...Array.from({ length: freshLanes }, () => lane(backlog(3000, one))),
      ]
      const { calls } = await runFor({ bounds: { ...BOUNDS, concurrency }, lanes }, 3000)
      expect(calls.fresh).toBeGreaterThanOrEqual((calls.fresh + calls.others) / 2 - concurrency)
      expect(calls.others).toBeGreaterThan(0)
    }),
    { numRuns: 60 },
  )
})

describe('one event slow for 15 s in one partition', () => {
  const SLOW = event(...Array.from({ length: 3 }, () => call(4900, { waitMs: 100 })))
  const quick = backlog(2000, event(call(50)))
  const others = Array.from({ length: 11 }, () => lane(quick))

  /** Commits of the other eleven while the slow one is held. */
  async function ofTheOthers(first: EventPlan, bounds = BOUNDS): Promise<number> {
    const scene = new Scene({ bounds, lanes: [lane([first, ...quick]), ...others] })
    await scene.clock.advance(15_000)
    return scene.lanes.slice(1).reduce((sum, one) => sum + one.committed, 0)
  }

  it('leaves the other eleven 90 % of their rate', async () => {
    const usual = await ofTheOthers(event(call(50)))
    expect(usual).toBeGreaterThan(2000)
    expect(await ofTheOthers(SLOW)).toBeGreaterThanOrEqual(0.9 * usual)
  })

  it('leaves them 90 % where bytes are the bound', async () => {
    const bounds = { ...BOUNDS, maxInFlightBytes: 200_000, maxResponseBytes: 20_000 }
    const usual = await ofTheOthers(event(call(50)), bounds)
    expect(await ofTheOthers(SLOW, bounds)).toBeGreaterThanOrEqual(0.9 * usual)
  })

  it('would take all held events if its lane could', async () => {
    vi.spyOn(Room.prototype, 'forEvent').mockReturnValue(true)
    const usual = await ofTheOthers(event(call(50)))
    expect(await ofTheOthers(SLOW)).toBeLessThan(0.9 * usual)
  })
})
