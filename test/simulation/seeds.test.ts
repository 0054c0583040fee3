import { expect, test } from 'vitest'
import { describeFailure, runSeed } from './run.js'

const SEEDS = 100
const A_TEST = 100

for (let first = 0; first < SEEDS; first += A_TEST) {
  test(`seeds ${first} to ${first + A_TEST - 1}: each event has exactly one outcome, whole and in order`, async () => {
    const failures: string[] = []
    for (let seed = first; seed < first + A_TEST; seed += 1) {
      const failure = describeFailure(await runSeed(seed))
      if (failure !== null) failures.push(failure)
    }
    expect(failures.slice(0, 3).join('\n\n')).toBe('')
  })
}
