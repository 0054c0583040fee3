/** That the proofs can fail: planted faults that cost little time. `npm run chaos` tries all of them. */
import { expect, it } from 'vitest'
import { tryControl } from './planted.js'
import type { Proof } from './proof.js'
import { api } from './proofs/api.js'
import { rate } from './proofs/figures.js'
import { kills } from './proofs/kills.js'
import { memoryFaults, memoryOf } from './proofs/soak.js'

const SEED = Number(process.env['SEED'] ?? Math.floor(Math.random() * 1e9))

const PLANTED: readonly (readonly [Proof, string])[] = [
  [kills, 'an offset committed before its outputs'],
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
/** Memory as it is: it comes and goes with each collection of garbage. */
const readings = (mbAnHour: number, handlesAnHour: number) =>
  Array.from({ length: 720 }, (_, n) => {
    const hours = n / 720
    const saw = (n % 12) * 0.8
    return {
      atMs: hours * HOUR_MS,
      rssMb: 180 + saw + mbAnHour * hours,
      handles: 40 + Math.floor(handlesAnHour * hours),
    }
  })

it.each([
  ['none', 0, 0, 0],
  ['memory', 2, 0, 1],
  ['handles', 0, 60, 1],
])('the proof soak finds a leak: %s', (_, mbAnHour, handlesAnHour, faults) => {
  expect(memoryFaults(memoryOf(readings(mbAnHour, handlesAnHour)), HOUR_MS)).toHaveLength(faults)
})
