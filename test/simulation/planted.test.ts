import { expect, test } from 'vitest'
import { PLANTED } from './planted.js'
import { runSeed } from './run.js'

/** So many worlds must be enough to see a fault; the rare ones take some dozens. */
const SEEDS = 400

test.each(Object.entries(PLANTED))('the simulation turns red for %s', async (_, { doubles, shows }) => {
  const found = new Set<string>()
  for (let seed = 0; seed < SEEDS && !shows.every((kind) => found.has(kind)); seed += 1) {
    const { violations } = await runSeed(seed, doubles)
    for (const { kind } of violations) found.add(kind)
  }
  expect([...found]).toEqual(expect.arrayContaining([...shows]))
})
