import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { PROOFS } from '../chaos/proofs/index.js'
import { type Defined, type KeptResult, keepControls, pageOf } from '../chaos/results.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

const PAGE = `${ROOT}bench/CHAOS.md`

/** What is of the machine that ran the proofs, which need not be this one. */
const MACHINE = /^(?:Machine|Versions): .*$/gm

it('the page of long proofs is what the file of their results gives, row by row', async () => {
  const results = JSON.parse(readFileSync(`${ROOT}bench/CHAOS.json`, 'utf8')) as KeptResult[]
  const machine = readFileSync(PAGE, 'utf8').match(MACHINE) ?? []
  expect(results.length).toBeGreaterThan(0)
  expect(machine).toHaveLength(2)
  const page = pageOf(results, PROOFS, ROOT).replace(MACHINE, () => machine.shift() ?? '')
  await expect(page).toMatchFileSnapshot(PAGE)
})

const AT = '2026-01-02T03:04:05.678Z'
const none = async () => ({ did: [], figures: [], wrong: [] })
const proofs: readonly Defined[] = [
  { name: 'kills', controls: { 'an early offset': none, 'a late offset': none, 'no offset': none } },
  { name: 'soak', controls: {} },
]
const kept = (given: Partial<KeptResult> = {}): KeptResult => ({
  ...{ name: 'kills', claim: 'kills lose nothing', isAsPromised: true, line: 'chaos kills: lost 0' },
  ...{ minutes: 1, startedAt: AT, controls: [] },
  ...given,
})
const rowOf = (result: KeptResult): string[] =>
  (
    pageOf([result], proofs, ROOT)
      .split('\n')
      .find((line) => line.startsWith(`| ${result.name} |`)) ?? ''
  )
    .split('|')
    .map((cell) => cell.trim())

it('the page counts what was found against all the planted faults that a proof has', () => {
  const controls = [
    { name: 'an early offset', found: true, at: AT },
    { name: 'a late offset', found: false, at: AT },
    { name: 'a fault of a former version', found: true, at: AT },
  ]
  expect(rowOf(kept({ controls }))[4]).toBe('1 of 3')
  expect(rowOf(kept({ name: 'soak' }))[4]).toBe('0 of 0')
  const ends = pageOf([kept({ controls })], proofs, ROOT)
    .split('\n')
    .filter((line) => line.startsWith('- kills, '))
  expect(ends).toEqual([
    '- kills, an early offset: found (2026-01-02 03:04 UTC)',
    '- kills, a late offset: **not found** (2026-01-02 03:04 UTC)',
    '- kills, no offset: no trial kept',
  ])
})

it('the page says of a proof that did not hold that it did not hold', () => {
  expect(rowOf(kept())[3]).toBe('yes')
  expect(rowOf(kept({ isAsPromised: false }))[3]).toBe('**did not hold**')
})

it('planted faults that were tried alone are kept beside a run of their proof, and never dropped unsaid', () => {
  const folder = mkdtempSync(join(tmpdir(), 'attestr-chaos-page-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'CHAOS.json')
  const controls = [{ name: 'an early offset', found: true, at: AT }]
  expect(keepControls(file, 'kills', controls)).toBeNull()
  expect(existsSync(file)).toBe(false)
  writeFileSync(file, JSON.stringify([kept()]))
  expect(keepControls(file, 'soak', controls)).toBeNull()
  expect(keepControls(file, 'kills', controls)).toEqual([kept({ controls })])
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual([kept({ controls })])
})
