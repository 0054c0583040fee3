import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type EventPlan, type LanePlan, Scene, type ScenePlan } from './gate-scene.js'

const MAX_RESPONSE_BYTES = 40_000
const MAX_VALUE_BYTES = 4000

const call = fc.record({
  headMs: fc.integer({ min: 1, max: 40 }),
  bodyMs: fc.integer({ min: 1, max: 20 }),
  bodyBytes: fc.oneof(
    fc.nat(2000),
    fc.nat(MAX_RESPONSE_BYTES),
    fc.integer({ min: MAX_RESPONSE_BYTES / 2, max: MAX_RESPONSE_BYTES }),
  ),
  knownLength: fc.boolean(),
  waitMs: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 300 })),
})

const event: fc.Arbitrary<EventPlan> = fc
  .record({
    valueBytes: fc.nat(MAX_VALUE_BYTES),
    calls: fc.array(call, { maxLength: 3 }),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .map(({ valueBytes, calls, share }) => ({
    valueBytes,
    calls,
    // No larger than what the event held before: records are made of the response.
    outputBytes: Math.floor(share * (valueBytes + (calls.at(-1)?.bodyBytes ?? 0))),
  }))

const lane: fc.Arbitrary<LanePlan> = fc.record({
  fresh: fc.boolean(),
  joinsAtMs: fc.oneof(fc.constant(0), fc.nat(400)),
  commitMs: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constant(2000)),
  events: fc.array(event, { maxLength: 24, size: 'max' }),
  lostAtMs: fc.option(fc.nat(600), { freq: 3 }),
})

const scene: fc.Arbitrary<ScenePlan> = fc.record({
  bounds: fc.record({
    concurrency: fc.integer({ min: 1, max: 6 }),
    maxHeldEvents: fc.integer({ min: 1, max: 20 }),
    maxInFlightBytes: fc.integer({ min: MAX_RESPONSE_BYTES, max: 2 * MAX_RESPONSE_BYTES }),
    maxResponseBytes: fc.constant(MAX_RESPONSE_BYTES),
  }),
  lanes: fc.array(lane, { minLength: 1, maxLength: 8, size: 'max' }),
})

/** More than this above its bound would be more than one event in passing and one that waits for its commit. */
const PASSING_BYTES = 2 * (MAX_RESPONSE_BYTES + MAX_VALUE_BYTES)

it('ends every event within the bounds, and holds nothing afterwards', async () => {
  await fc.assert(
    fc.asyncProperty(scene, async (plan) => {
      const run = new Scene(plan)
      const { concurrency, maxHeldEvents, maxInFlightBytes } = plan.bounds
      const wrong: string[] = []
      const isOver = (): boolean => {
        const { calls, events, bytes } = run.gate.figures()
        const counted = run.counted()
        if (calls !== counted.calls) wrong.push(`${counted.calls} calls counted as ${calls}`)
        if (events !== counted.events) wrong.push(`${counted.events} events counted as ${events}`)
        if (calls > concurrency) wrong.push(`${calls} calls`)
        if (events > maxHeldEvents) wrong.push(`${events} events`)
        if (bytes > maxInFlightBytes + PASSING_BYTES + counted.unannounced) wrong.push(`${bytes} bytes`)
        if (calls === concurrency && !run.lanes.some((one) => one.oldest()?.calling === true))
          wrong.push('no slot kept for an oldest event')
        return wrong.length > 0 || run.ended() === run.wanted()
      }
      await run.clock.runUntil(isOver, 3_600_000)
      expect(wrong).toEqual([])
      expect(`${run.ended()} of ${run.wanted()} ended`).toBe(`${run.wanted()} of ${run.wanted()} ended`)
      expect(run.gate.figures()).toEqual({ calls: 0, events: 0, bytes: 0 })
    }),
    // Shrinking a failure may take long: what was found by then is good enough.
    { numRuns: 600, interruptAfterTimeLimit: 20_000 },
  )
})
