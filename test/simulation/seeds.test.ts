import { expect, test } from 'vitest'
import { describeFailure, runSeed } from './run.js'

/** Any number beyond these: `npm run simulate-seeds -- --seeds N`. Fewer on other versions of Node (dev/test-runtimes.mjs). */
const SEEDS = Number(process.env['SIMULATED_SEEDS'] ?? 2000)
const SEEDS_A_TEST = 100

for (let first = 0; first < SEEDS; first += SEEDS_A_TEST) {
  const last = first + SEEDS_A_TEST - 1
  test(`seeds ${first} to ${last}: every event has exactly one outcome, whole and in order, whatever fails`, async () => {
    const failures: string[] = []
    for (let seed = first; seed <= last; seed += 1) {
      const failure = describeFailure(await runSeed(seed))
      if (failure !== null) failures.push(failure)
    }
    expect(failures.slice(0, 3).join('\n\n')).toBe('')
  })
}

test('a seed gives the same run again', async () => {
  const [one, other] = [await runSeed(1234), await runSeed(1234)]
  expect(other.journal).toEqual(one.journal)
  expect([other.calls, other.assignments, other.virtualMs]).toEqual([
    one.calls,
    one.assignments,
    one.virtualMs,
  ])
})
