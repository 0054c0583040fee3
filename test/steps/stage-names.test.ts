import { describe, expect, it } from 'vitest'
import { namesIn } from '../../src/catalogue/shape.js'
import { isFault, scanJson } from '../../src/core/json/scan.js'
import { ROOT } from '../../src/core/json/tape.js'
import { stageNames } from '../../src/steps/stage-names.js'
import { stageOf } from '../support/flattening.js'

function namesOf(stage: string) {
  const tape = scanJson(stage)
  if (isFault(tape)) throw new Error(tape.fault)
  return stageNames(tape, ROOT)
}

describe('the names of a stage', () => {
  it.each([
    '{"input":{"pan":"A","address":{"city":null,"geo":{"lat":1}}},"output":{"valid":true,"items":[{"employer":"x"}]}}',
    '{"input":null,"output":{"a":[1,2],"b":[[{"c":1}]],"d":[]}}',
    '{"output":[{"a":1}]}',
    '{"input":"text","extra":{"z":1}}',
    '{}',
  ])('%s: those that its flattened columns have', (text) => {
    const flat = stageOf(text)
    const names = namesOf(text)
    expect(names.input).toEqual(namesIn(Object.keys(flat.input)))
    // What lies in a list within a list is no member of an item.
    const output = namesIn(Object.keys(flat.output).filter((path) => !path.includes('][')))
    expect(names.output.inner).toEqual(output.inner)
    expect([...names.output.members].sort()).toEqual([...namesIn(Object.keys(flat.output)).members].sort())
  })

  it('are bounded, however many there are', () => {
    const many = Array.from({ length: 5000 }, (_, index) => `"n${index}":{"m":1}`).join(',')
    const { input } = namesOf(`{"input":{${many}}}`)
    expect(input.members.size + input.inner.size).toBeLessThan(1100)
  })
})
