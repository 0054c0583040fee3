/** That the benchmarks of single steps still run: they are plain scripts over the build, which no compiler looks at. */
import { execFileSync } from 'node:child_process'
import { expect, it } from 'vitest'

it.each([
  ['privacy.mjs', ['1'], /^no rules +[\d.]+ us/m],
  ['record-forms.mjs', ['1'], /^typed +[\d.]+ us an event/m],
  ['reconcile.mjs', ['10000'], /"violations":0/],
])('bench/%s', (script, args, expected) => {
  const out = execFileSync(process.execPath, [`bench/${script}`, ...args], { encoding: 'utf8' })
  expect(out).toMatch(expected)
})
