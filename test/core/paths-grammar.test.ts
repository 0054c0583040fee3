/** docs/paths.md says how paths read; a reader made from that page alone finds its way back. */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fullPath, itemPath, memberPath } from '../../src/core/paths.js'
import { page } from '../support/pages.js'
import { anyName } from '../support/result-tree.js'

const text = readFileSync(page('docs/paths.md'), 'utf8')
const pattern = /```text\n(.*)\n```/.exec(text)?.[1] ?? ''

type Step = string | number

const written = (steps: readonly Step[]): string =>
  steps.reduce<string>(
    (path, step) => (typeof step === 'number' ? itemPath(path, step) : memberPath(path, step)),
    '',
  )

/** As the page tells it. Throws where the matches do not cover the path. */
function read(path: string): Step[] {
  const matches = [...path.matchAll(new RegExp(pattern, 'g'))]
  expect(matches.map(([whole]) => whole).join('')).toBe(path)
  return matches.map(([, index, name = '']) => {
    if (index !== undefined) return Number(index)
    return name === '\\e' ? '' : name.replace(/\\(.)/gs, '$1')
  })
}

const names = fc.oneof(anyName, fc.string({ unit: 'binary', maxLength: 6 }))
const steps = fc.array(fc.oneof(names, fc.nat({ max: 20_000 })), { maxLength: 6 })

describe('a path', () => {
  it('is read back by the pattern of the page, to the same places', () => {
    expect(pattern).not.toBe('')
    fc.assert(
      fc.property(steps, (place) => {
        expect(read(written(place))).toEqual(place)
      }),
      { numRuns: 20_000 },
    )
  })

  it('is another one for another place', () => {
    fc.assert(
      fc.property(steps, steps, (one, other) => {
        expect(written(one) === written(other)).toBe(JSON.stringify(one) === JSON.stringify(other))
      }),
      { numRuns: 20_000 },
    )
  })

  it.each([
    [['age'], 'age'],
    [['a', 'b', 0, 'c'], 'a.b[0].c'],
    [['a.b'], 'a\\.b'],
    [['k[0]'], 'k\\[0\\]'],
    [['', 1], '\\e[1]'],
    [[], ''],
    [[0], '[0]'],
  ])('of %j is the one in the table of the page', (place, path) => {
    expect(written(place)).toBe(path)
    if (path !== '') expect(text).toContain(`\`${path}\``)
  })

  it('begins with its column where it is a full one', () => {
    expect(['age', '', '[0]'].map((path) => fullPath('output', path))).toEqual([
      'output.age',
      'output',
      'output[0]',
    ])
  })
})
