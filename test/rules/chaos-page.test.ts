import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import type { KeptResult } from '../chaos/results.js'

const read = (name: string): string => readFileSync(new URL(`../../bench/${name}`, import.meta.url), 'utf8')

it('the page of long proofs tells what the file of their results holds', () => {
  const results = JSON.parse(read('CHAOS.json')) as KeptResult[]
  const page = read('CHAOS.md')
  const missing = /^Not run in full yet: (.*)\.$/m.exec(page)?.[1]?.split(', ') ?? []
  for (const { name, line, controls } of results) {
    expect(missing).not.toContain(name)
    expect(page).toContain(`- ${line}\n`)
    for (const control of controls) expect(page).toContain(`- ${name}, ${control.name}: `)
  }
})
