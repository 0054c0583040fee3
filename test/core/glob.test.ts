import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { foldedName, nameGlob, nameMatches, pathCovers, pathGlob } from '../../src/core/glob.js'
import { memberPath } from '../../src/core/paths.js'

const covers = (pattern: string, path: string): boolean => {
  const glob = pathGlob(pattern)
  if (typeof glob === 'string') throw new Error(glob)
  return pathCovers(glob, path)
}

describe('a pattern for names', () => {
  it('means what the same regular expression means', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '.', '😀'), maxLength: 8 })
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*', '?', '😀'), maxLength: 8 })
    fc.assert(
      fc.property(pattern, text, (glob, name) => {
        const source = [...glob]
          .map((c) => (c === '*' ? '.*' : c === '?' ? '.' : c === '.' ? '\\.' : c))
          .join('')
        expect(nameMatches(nameGlob(glob), name)).toBe(new RegExp(`^${source}$`, 'su').test(name))
      }),
      { numRuns: 5_000 },
    )
  })
})

describe('a pattern for paths', () => {
  it.each([
    ['input.pan', 'input.pan', true],
    ['input.pan', 'input.pan.below[].a', true],
    ['input.PAN', 'input.pan', true],
    ['input.pan', 'input.panel', false],
    ['input.pan', 'output.pan', false],
    ['input', 'input.a.b', true],
    ['input.*', 'input.a', true],
    ['input.*', 'input', false],
    ['*.name', 'output.name', true],
    ['*.name', 'output.a.name', false],
    ['**.name', 'output.a[].name', true],
    ['**.name', 'name', true],
    ['**', 'input', true],
    ['input.**', 'input.a', true],
    ['output.items[].reg', 'output.items[].reg', true],
    ['output.items.reg', 'output.items[].reg', true],
    ['output.items[*].reg', 'output.items[].reg', true],
    ['output.items[].reg', 'output.items.reg', false],
    ['output.items', 'output.items[].reg', true],
    ['output.*.reg', 'output.items[].reg', true],
    ['output.items.*.reg', 'output.items[].reg', true],
    ['output.items.*.reg', 'output.items[].a.reg', true],
    ['output.items.*.reg', 'output.items.reg', false],
    ['output.**.reg', 'output.items[].reg', true],
    ['output.**.a.**.b', 'output.x[].a.y[][].z.b.c', true],
    ['output.**.a.**.b', 'output.x[].a.y[][].z.c', false],
    ['output.m[][]', 'output.m[][]', true],
    ['output.m[][]', 'output.m[]', false],
    ['output.ad?ress.p*n', 'output.address.pin', true],
    ['output.*pin*', 'output.mypincode', true],
  ])('%s over %s: %s', (pattern, path, expected) => {
    expect(covers(pattern, path)).toBe(expected)
  })

  it('takes an escaped name as it reads', () => {
    const odd = 'a.b[]\\*'
    const glob = pathGlob('output.a\\.b\\[\\]\\\\\\*')
    expect(typeof glob === 'string' ? glob : glob.literal).toBe(memberPath('output', odd))
    expect(typeof pathGlob('output.\\e')).toBe('object')
  })

  it('reads every path that the catalogue and the records can have', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 5 }), { minLength: 1, maxLength: 6 }), (names) => {
        const path = names.reduce(memberPath, '')
        const glob = pathGlob(path.replace(/[*?]/g, '\\$&'))
        expect(typeof glob === 'string' ? glob : glob.literal).toBe(
          names.map(foldedName).reduce(memberPath, ''),
        )
      }),
    )
  })

  it.each(['', '.', 'a.', '.a', 'a..b', 'a\\', 'a[0]', 'a[', 'a]b', 'a[]b', 'a.'.repeat(25)])(
    'refuses %s',
    (text) => {
      expect(pathGlob(text)).toBeTypeOf('string')
    },
  )
})
