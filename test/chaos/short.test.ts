/** The proofs in their short form. The long one is `npm run chaos`. */
import { describe, expect, it } from 'vitest'
import { createGround, lineOf, type Proof } from './proof.js'
import { foreign, poison } from './proofs/alone.js'
import { api } from './proofs/api.js'
import { rate, recovery } from './proofs/figures.js'
import { kills, repeats } from './proofs/kills.js'
import { links } from './proofs/links.js'
import { shares, slow } from './proofs/shares.js'
import { soak } from './proofs/soak.js'
import { freezes, stops } from './proofs/stops.js'
import { brokerRestarts, joins } from './proofs/storms.js'
import { paused, systemic } from './proofs/systemic.js'

const SEED = Number(process.env['SEED'] ?? Math.floor(Math.random() * 1e9))

/** Those that are tests of their own already are not run again here. */
const SHORT: readonly Proof[] = [
  ...[kills, repeats, stops, freezes, joins, brokerRestarts, links],
  ...[api, systemic, paused, poison, foreign],
  ...[slow, shares, recovery, rate, soak],
]

describe('in short', () => {
  it.each(SHORT.map((proof) => [proof.name, proof] as const))('%s', async (name, { run }) => {
    const report = await run(createGround(name, { seed: SEED, scale: 0 }))
    console.log(lineOf(name, SEED, report))
    expect(report.wrong).toEqual([])
  })
})
