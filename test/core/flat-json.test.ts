import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { columnJson } from '../../src/core/flat-json.js'
import { fullPath, memberPath, stepsOf } from '../../src/core/paths.js'
import { stageOf } from '../support/flattening.js'
import { referenceTree } from '../support/reference-tree.js'
import { anyName, sameTree, textOf, tree } from '../support/result-tree.js'

describe('a flat column as JSON text', () => {
  it('is the value that was flattened, numbers by their exact characters', () => {
    fc.assert(
      fc.property(tree(), (value) => {
        const text = textOf(value)
        const { output, kinds } = stageOf(`{"output":${text}}`)
        const json = columnJson(output, (path) => kinds[fullPath('output', path)])
        // `JSON.parse` would lose the characters of numbers, and misreads names on some engines (support/json-parse.ts).
        expect(sameTree(referenceTree(json ?? '')?.value, value)).toBe(true)
      }),
      { numRuns: 5000 },
    )
  })

  it('is null where the stage has no such member', () => {
    expect(columnJson(stageOf('{"input":1}').output, () => undefined)).toBeNull()
  })
})

describe('a path', () => {
  it('comes apart into what it was made of', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(anyName, fc.nat(99)), { maxLength: 6 }), (steps) => {
        const path = steps.reduce<string>(
          (before, step) => (typeof step === 'number' ? `${before}[${step}]` : memberPath(before, step)),
          '',
        )
        expect(stepsOf(path)).toEqual(steps)
      }),
    )
  })
})
