import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type BodyForm,
  exactNumber,
  orderedObject,
  type Tree,
  writeCanonical,
  writeJson,
} from '../../src/simulator/json.js'
import { mayBeMisread } from '../support/json-parse.js'

const FORMS: readonly BodyForm[] = ['compact', 'spaced', 'pretty', 'escaped']
// `-0` is written as `0` by every form, and `__proto__` cannot be a member of a plain object.
const tree = fc
  .jsonValue({ stringUnit: 'binary' })
  .filter((value) => !JSON.stringify(value).includes('__proto__'))
  .map((value) => JSON.parse(JSON.stringify(value)) as Tree)

describe('the writer', () => {
  it('writes the same value in every form, and blanks in those that have them', () => {
    fc.assert(
      fc.property(tree, fc.constantFrom(...FORMS), (value, form) => {
        const node = orderedObject([['node', [value, exactNumber('1.0')]]])
        const text = writeJson(node, form)
        fc.pre(!mayBeMisread(text))
        expect(JSON.parse(text)).toEqual({ node: [value, 1] })
      }),
    )
    const value = { a: ['x/é'], b: {} }
    expect(writeJson(value, 'spaced')).toBe('{"a" : ["x/é"] ,\t"b" : {}}')
    expect(writeJson(value, 'pretty')).toBe('{\n  "a": [\n    "x/é"\n  ],\n  "b": {}\n}')
    expect(writeJson(value, 'escaped')).toBe('{"a":["x\\/\\u00e9"],"b":{}}')
  })

  it('writes plain trees as JSON.stringify does', () => {
    fc.assert(
      fc.property(tree, (value) => {
        expect(writeJson(value, 'compact')).toBe(JSON.stringify(value))
        expect(writeCanonical(value, 'compact')).toBe(JSON.stringify(value))
      }),
    )
  })

  it('keeps the text of numbers and the order of members, until the form is canonical', () => {
    const value = orderedObject([
      ['10', exactNumber('1.50')],
      ['2', exactNumber('12345678901234567890')],
      ['a', exactNumber('1e400')],
    ])
    expect(writeJson(value, 'compact')).toBe('{"10":1.50,"2":12345678901234567890,"a":1e400}')
    expect(writeCanonical(value, 'compact')).toBe('{"10":1.5,"2":12345678901234567000,"a":null}')
  })

  it('sorts members by UTF-16 code unit at every level', () => {
    const names = ['b', 'B', 'a', '_', '10', '9', 'é', '\u{1f600}', '\uffee', '']
    const value = { list: [orderedObject(names.map((name) => [name, null]))], A: 1 }
    expect(writeCanonical(value, 'sorted')).toBe(
      '{"A":1,"list":[{"":null,"10":null,"9":null,"B":null,"_":null,"a":null,"b":null,"é":null,"\u{1f600}":null,"\uffee":null}]}',
    )
  })
})
