/** That the proofs can fail: planted faults that cost little time. `npm run chaos` tries all of them. */
import { expect, it } from 'vitest'
import { memoryFaults, memoryOf } from './memory.js'
import { tryControl } from './planted.js'
import type { Proof } from './proof.js'
import { api } from './proofs/api.js'
import { rate } from './proofs/figures.js'
import { kills } from './proofs/kills.js'
import { stops } from './proofs/stops.js'

const SEED = Number(process.env['SEED'] ?? Math.floor(Math.random() * 1e9))

const PLANTED: readonly (readonly [Proof, string])[] = [
  [kills, 'an offset committed before its outputs'],
  [stops, 'a process that does not end'],
  [api, 'a signature that is not checked'],
  [rate, 'no rate at all'],
]

it.each(PLANTED.map(([proof, fault]) => [proof.name, fault, proof] as const))(
  'the proof %s turns red for %s',
  async (name, fault, { controls }) => {
    const run = controls[fault]
    if (run === undefined) throw new Error('no such control')
    expect(await tryControl(run, `${name} ${fault}`, SEED)).toMatchObject({ found: true })
  },
)

const HOUR_MS = 3_600_000
/** Readings of an hour: what is left after a collection differs a little each time. */
const readings = (grows: { rss?: number; live?: number; handles?: number }) =>
  Array.from({ length: 60 }, (_, n) => {
    const hours = n / 60
    const noise = (n % 12) * 0.1
    return {
      atMs: hours * HOUR_MS,
      rssMb: 180 + noise + (grows.rss ?? 0) * hours,
      liveMb: 60 + noise + (grows.live ?? 0) * hours,
      handles: 40 + (n % 30) + Math.floor((grows.handles ?? 0) * hours),
    }
  })

it.each([
  ['none', {}, []],
  ['of memory outside of the heap', { rss: 2 }, ['RSS grows by']],
  ['of the heap that the process still has room for', { live: 2 }, ['live memory grows by']],
  ['of handles', { handles: 60 }, ['handles went from']],
] as const)('the proof soak finds a leak: %s', (_, grows, starts) => {
  const faults = memoryFaults(memoryOf(readings(grows)), HOUR_MS)
  expect(faults).toEqual(starts.map((start) => expect.stringContaining(start)))
})
