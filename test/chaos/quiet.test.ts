/**
 * Proofs in their short form that the test command has in another form, and figures that need a machine with nothing else to
 * do: `npm run test:quiet`. The long form is `npm run chaos`.
 */
import { describe, expect, it } from 'vitest'
import { rate, recovery } from './proofs/figures.js'
import { kills } from './proofs/kills.js'
import { links } from './proofs/links.js'
import { freezes, stops } from './proofs/stops.js'
import { brokerRestarts, joins } from './proofs/storms.js'
import { inTurn, named, prove } from './short.js'

describe('in short, side by side', () => {
  const proofs = [kills, stops, freezes, joins, brokerRestarts, links]
  it.concurrent.each(named(proofs))('%s', { timeout: 600_000 }, async (_, proof) => {
    // Its own time begins with its turn.
    expect((await inTurn(() => prove(proof))).join('; ')).toBe('')
  })
})

/** What they measure would be disturbed by company. */
describe('in short, alone', () => {
  it.each(named([recovery, rate]))('%s', async (_, proof) => {
    expect((await prove(proof)).join('; ')).toBe('')
  })
})
