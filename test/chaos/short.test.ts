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

/** What they do is mostly to wait: several at a time cost little more than one. */
const SIDE_BY_SIDE: readonly Proof[] = [
  ...[kills, repeats, stops, freezes, joins, brokerRestarts, links],
  ...[api, systemic, paused, poison, foreign],
]
/** What they measure would be disturbed by company. */
const ALONE: readonly Proof[] = [slow, shares, recovery, rate, soak]

const AT_ONCE = 3
const waiting: (() => void)[] = []
let running = 0

/** Its turn, of which a few go on at the same time. */
async function inTurn<T>(run: () => Promise<T>): Promise<T> {
  if (running >= AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve))
  running += 1
  try {
    return await run()
  } finally {
    running -= 1
    waiting.shift()?.()
  }
}

async function prove({ name, run }: Proof): Promise<readonly string[]> {
  const report = await run(createGround(name, { seed: SEED, scale: 0 }))
  console.log(lineOf(name, SEED, report))
  return report.wrong
}

const named = (proofs: readonly Proof[]) => proofs.map((proof) => [proof.name, proof] as const)

describe('in short, side by side', () => {
  it.concurrent.each(named(SIDE_BY_SIDE))('%s', { timeout: 600_000 }, async (_, proof) => {
    // Its own time begins with its turn.
    expect(await inTurn(() => prove(proof))).toEqual([])
  })
})

describe('in short, alone', () => {
  it.each(named(ALONE))('%s', async (_, proof) => {
    expect(await prove(proof)).toEqual([])
  })
})
