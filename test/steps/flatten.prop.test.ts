import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createProtect } from '../../src/steps/protect.js'
import { aadhaar, grouped, vid } from '../support/aadhaar.js'
import { DEFAULT_RULES, stagesOf } from '../support/flattening.js'
import { type Rebuilt, rebuild } from '../support/rebuild.js'
import { anyName, resultTree, sameTree, textOf, tree } from '../support/result-tree.js'

const MARKER = 'Q7marker'
const SECRETS = ['otp', 'Secret', 'PASSWORD', 'captcha', 'toKen', 'auth']

describe('flattening, for any result', () => {
  it('loses nothing: the signed result is rebuilt from its records', () => {
    fc.assert(
      fc.property(resultTree(), (result) => {
        expect(sameTree(rebuild(stagesOf(textOf(result))), result)).toBe(true)
      }),
      { numRuns: 75_000 },
    )
  })

  it('changes no value that no rule is for', () => {
    const harmless = anyName.filter((name) => !['input', 'output'].includes(name))
    const rules = createProtect({ defaults: {}, rules: [] })
    fc.assert(
      fc.property(resultTree(tree(harmless)), (result) => {
        expect(sameTree(rebuild(stagesOf(textOf(result), rules)), result)).toBe(true)
      }),
      { numRuns: 10_000 },
    )
  })

  it('lets nothing out that stands under the name of a secret', () => {
    const marked = tree(anyName, fc.constantFrom<Rebuilt[]>(MARKER, `a ${MARKER}`))
    const secret = fc
      .tuple(fc.constantFrom(...SECRETS), marked)
      .map(([name, value]) => new Map([[name, value]]))
    const holder = tree(anyName, fc.oneof(secret, fc.constant<Rebuilt>('plain')))
    fc.assert(
      fc.property(resultTree(holder), (result) => {
        const records = stagesOf(textOf(result), DEFAULT_RULES)
        expect(JSON.stringify(records)).not.toContain(MARKER)
      }),
      { numRuns: 10_000 },
    )
  })

  it('lets no number of Aadhaar out, from values, texts, numbers, member names and stage ids', () => {
    const number = fc.oneof(aadhaar, vid)
    fc.assert(
      fc.property(
        number,
        fc.constantFrom('', ' ', '-'),
        tree(anyName, fc.constant<Rebuilt>('@')),
        (digits, separator, shape) => {
          const written = grouped(digits, separator)
          const spots = textOf(shape)
            .replaceAll('\\u0040', '@')
            .replaceAll('"@"', (_, at: number) => spot(at, digits, written))
          const text = `{"${digits}":{"input":${spots},"output":{"${written}":{"x ${digits}":[${asNumber(digits)}]}},"${digits}":1}}`
          const hidden = digits.slice(0, -4)
          const shown = JSON.stringify(stagesOf(text, DEFAULT_RULES))
          expect(shown).not.toContain(hidden)
          expect(shown).not.toContain(written.slice(0, -5))
        },
      ),
      { numRuns: 5_000 },
    )
  })
})

/** One of the ways in which a value can hold a number. */
function spot(at: number, digits: string, written: string): string {
  const ways = [`"${written}"`, asNumber(digits), `"no. ${written}, old"`, `["${digits}"]`]
  return ways[at % ways.length] ?? ''
}

/** JSON has no number that starts with 0. */
function asNumber(digits: string): string {
  return digits.startsWith('0') ? `"${digits}"` : digits
}
