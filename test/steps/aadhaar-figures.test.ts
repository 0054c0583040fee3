/** The default rules measured on generated data: what they miss, and what they touch that is none of theirs. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { passesVerhoeff } from '../../src/core/digits.js'
import { handshakeIdFor } from '../../src/simulator/ids.js'
import { createResultSource } from '../../src/simulator/results.js'
import { aadhaar, grouped, inScript, vid } from '../support/aadhaar.js'
import { DEFAULT_RULES, stageOf, stagesOf } from '../support/flattening.js'

const SEED = 20_261_123
const sampled = <T>(arbitrary: fc.Arbitrary<T>, count: number): T[] =>
  fc.sample(arbitrary, { seed: SEED, numRuns: count })

/** Runs of 12 or 16 digits that pass the check, found by another way than the rules take. */
function numbersIn(text: string): string[] {
  return [...text.matchAll(/(?<!\p{Nd})(?:\p{Nd}{4}([ -]?)\p{Nd}{4}\1\p{Nd}{4}(?:\1\p{Nd}{4})?)(?!\p{Nd})/gu)]
    .map(([found]) => found.replace(/[ -]/g, ''))
    .filter((digits) => /^(?:[2-9]\d{11}|\d{16})$/.test(digits) && passesVerhoeff([...digits].map(Number)))
}

describe('numbers that must not pass', () => {
  it('do not, in any of 10,000 places: as a value, a number, in a text, a name, in groups, in other scripts', () => {
    const place = fc.constantFrom('value', 'number', 'text', 'name', 'list')
    const written = fc
      .tuple(
        fc.oneof(aadhaar, vid),
        fc.constantFrom('', ' ', '-'),
        fc.constantFrom(0x30, 0x966, 0xff10),
        place,
      )
      .map(([number, separator, zero, where]) => ({ number, separator, zero, where }))
    for (const { number, separator, zero, where } of sampled(written, 10_000)) {
      const text = inScript(grouped(number, separator), zero)
      const members = {
        value: { a: text },
        number: { a: 0 },
        text: { a: `UID ${text}, of Asha` },
        name: { [text]: 1 },
        list: { a: [{ b: [text] }] },
      }[where]
      const output = where === 'number' ? `{"a":${number.replace(/^0/, '1')}}` : JSON.stringify(members)
      const stage = stageOf(`{"output":${output}}`, DEFAULT_RULES)
      const shown = JSON.stringify(stage.output)
      expect(shown).not.toContain(text)
      if (!number.startsWith('0')) expect(shown).not.toContain(number)
    }
  })

  it('are in none of the records of 500 generated results', () => {
    const source = createResultSource({
      seed: 5,
      clientSecret: 's',
      canary: { secret: 'SECRET', aadhaar: sampled(aadhaar, 1)[0] ?? '' },
    })
    let found = 0
    let before = 0
    for (let n = 0; n < 500; n += 1) {
      const text = source.resultFor(handshakeIdFor(5, n)).resultBytes.toString()
      before += numbersIn(text).length
      const leaves = stagesOf(text, DEFAULT_RULES).flatMap(({ input, output, extra }) =>
        [input, output, extra].flatMap((map) => [...Object.keys(map), ...Object.values(map)]),
      )
      found += leaves.flatMap((leaf) => numbersIn(leaf ?? '')).length
    }
    expect(before).toBeGreaterThan(50)
    expect(found).toBe(0)
  })
})

describe('honest numbers of 12 digits', () => {
  it('are touched one time in ten at most', () => {
    const digits = sampled(
      fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 12, maxLength: 12 }),
      100_000,
    )
    const texts = digits.map((one) => one.join(''))
    const touched = texts.filter((text) => DEFAULT_RULES.matches(text)).length / texts.length
    expect(touched).toBeLessThan(0.1)
    // One in ten of those that begin as an Aadhaar number does: the check digit can do no better.
    expect(touched).toBeGreaterThan(0.06)
  })

  it('are not touched at all with eleven or thirteen digits', () => {
    for (const length of [11, 13]) {
      const digits = sampled(
        fc.array(fc.integer({ min: 0, max: 9 }), { minLength: length, maxLength: length }),
        5_000,
      )
      expect(digits.filter((one) => DEFAULT_RULES.matches(one.join('')))).toEqual([])
    }
  })
})
