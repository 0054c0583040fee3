/** Proofs in their short form that need a machine with nothing else to do: `npm run test:quiet`. The long one is `npm run chaos`. */
import { describe, expect, it } from 'vitest'
import { api } from './proofs/api.js'
import { rate, recovery } from './proofs/figures.js'
import { kills } from './proofs/kills.js'
import { links } from './proofs/links.js'
import { shares, slow } from './proofs/shares.js'
import { soak } from './proofs/soak.js'
import { freezes, stops } from './proofs/stops.js'
import { brokerRestarts, joins } from './proofs/storms.js'
import { inTurn, named, prove } from './short.js'

describe('in short, side by side', () => {
  const proofs = [kills, stops, freezes, joins, brokerRestarts, links, api]
  it.concurrent.each(named(proofs))('%s', { timeout: 600_000 }, async (_, proof) => {
    // Its own time begins with its turn.
    expect((await inTurn(() => prove(proof))).join('; ')).toBe('')
  })
})

/** What they measure would be disturbed by company. */
describe('in short, alone', () => {
  it.each(named([slow, shares, recovery, rate, soak]))('%s', async (_, proof) => {
    expect((await prove(proof)).join('; ')).toBe('')
  })
})
