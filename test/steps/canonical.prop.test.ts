import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isFault, scanJson } from '../../src/core/json/scan.js'
import { type JsonTape, ROOT } from '../../src/core/json/tape.js'
import { compact, sorted } from '../../src/steps/canonical.js'
import { mayBeMisread } from '../support/json-parse.js'
import { jsonText, stringToken } from '../support/json-text.js'

function tapeOf(text: string): JsonTape {
  const tape = scanJson(text)
  if (isFault(tape)) throw new Error(tape.fault)
  return tape
}

/** Names that JavaScript keeps in received order and treats like any other. */
const plainName = stringToken.filter((token) => {
  const name: string = JSON.parse(token)
  return !/^\d+$/.test(name) && name !== '__proto__'
})
const texts = jsonText({ repeats: false, blanks: true, names: plainName })

function sortedValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortedValue)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((name) => [name, sortedValue((value as Record<string, unknown>)[name])]),
  )
}

describe('rewriting', () => {
  it('gives what JSON.stringify gives of the parsed text', () => {
    fc.assert(
      fc.property(texts, (text) => {
        fc.pre(!mayBeMisread(text))
        expect(compact(tapeOf(text), ROOT)).toBe(JSON.stringify(JSON.parse(text)))
      }),
      { numRuns: 10_000 },
    )
  })

  it('sorted gives what JSON.stringify gives when all members are sorted', () => {
    fc.assert(
      fc.property(texts, (text) => {
        fc.pre(!mayBeMisread(text))
        expect(sorted(tapeOf(text), ROOT)).toBe(JSON.stringify(sortedValue(JSON.parse(text))))
      }),
      { numRuns: 10_000 },
    )
  })

  it('changes nothing the second time', () => {
    fc.assert(
      fc.property(jsonText({ repeats: false, blanks: true }), (text) => {
        const once = compact(tapeOf(text), ROOT)
        expect(compact(tapeOf(once), ROOT)).toBe(once)
        const inOrder = sorted(tapeOf(text), ROOT)
        expect(sorted(tapeOf(once), ROOT)).toBe(inOrder)
      }),
      { numRuns: 5_000 },
    )
  })
})

describe('rewriting, case by case', () => {
  it.each([
    ['{"2":1,"1":2,"b":3}', '{"2":1,"1":2,"b":3}', '{"1":2,"2":1,"b":3}'],
    ['{"10":1,"9":2}', '{"10":1,"9":2}', '{"10":1,"9":2}'],
    ['{"__proto__":{"b":1,"a":2}}', '{"__proto__":{"b":1,"a":2}}', '{"__proto__":{"a":2,"b":1}}'],
    ['[1.0, 1e400, -0, 1E2, 12345678901234567890]', '[1,null,0,100,12345678901234567000]', null],
    ['["\\u00e9\\/\\u0000\\u2028"]', '["é/\\u0000\u2028"]', null],
    ['["\\ud83d\\ude00"]', '["😀"]', null],
    ['{"\\u0061" : {} , "c" : [ ]}', '{"a":{},"c":[]}', null],
    ['{"\uffff":1,"😀":2}', '{"\uffff":1,"😀":2}', '{"😀":2,"\uffff":1}'],
    ['"\\u0041"', '"A"', null],
    [' true ', 'true', null],
  ])('%s', (text, asCompact, asSorted) => {
    expect(compact(tapeOf(text), ROOT)).toBe(asCompact)
    expect(sorted(tapeOf(text), ROOT)).toBe(asSorted ?? asCompact)
  })

  it('writes texts of many pieces whole', () => {
    const text = JSON.stringify(Array.from({ length: 20_000 }, (_, i) => ({ [`n${i}`]: i })))
    expect(compact(tapeOf(text), ROOT)).toBe(text)
  })
})
