/** Proofs in their short form: part of the test command, but for those in quiet.test.ts. */
import { describe, expect, it } from 'vitest'
import { isPlantable } from './planted.js'
import { foreign, poison } from './proofs/alone.js'
import { api } from './proofs/api.js'
import { edges } from './proofs/edges.js'
import { PROOFS } from './proofs/index.js'
import { repeats } from './proofs/kills.js'
import { shares, slow } from './proofs/shares.js'
import { soak } from './proofs/soak.js'
import { paused, systemic } from './proofs/systemic.js'
import { inTurn, named, prove } from './short.js'

// Kills exactly once, freezes and storms are in test/kafka/chaos.test.ts, links in test/kafka/links.test.ts.
describe('in short, side by side', () => {
  it.concurrent.each(named([repeats, systemic, edges, paused, poison, foreign]))(
    '%s',
    { timeout: 600_000 },
    async (_, proof) => {
      // Its own time begins with its turn.
      expect((await inTurn(() => prove(proof))).join('; ')).toBe('')
    },
  )
})

/** What they measure would be disturbed by company. */
describe('in short, alone', () => {
  it.each(named([api, slow, shares, soak]))('%s', async (_, proof) => {
    expect((await prove(proof)).join('; ')).toBe('')
  })
})

it.each(PROOFS.flatMap(({ name, plants = [] }) => plants.map((plant) => [name, plant.file, plant] as const)))(
  'the planted fault of %s in %s stands in the build',
  (_, __, plant) => {
    expect(isPlantable(plant)).toBe(true)
  },
)
