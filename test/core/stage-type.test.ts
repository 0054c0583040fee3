import { expect, it } from 'vitest'
import { createStageTypeOf, type StageNames } from '../../src/core/stage-type.js'

const CATALOGUE = { stages: { FS0a: 'PAN', FS0b: 'DL' }, flows: { FX0x: { FS0a: 'EPAN' } } }
const SIDE = { members: new Set<string>(), inner: new Set<string>() }
const NAMES: StageNames = { input: SIDE, output: SIDE }
const isKnown = (name: string): boolean => name !== 'PAM'
const guessless = createStageTypeOf({ catalogue: CATALOGUE, shapeOf: () => null, isKnown })
const guessing = createStageTypeOf({
  catalogue: CATALOGUE,
  shapeOf: (names) => (names === NAMES ? 'VPA' : null),
  isKnown,
})
const notAsked = (): never => {
  throw new Error('the configuration names the type')
}

it.each([
  [null, 'FS0a', 'PAN'],
  ['FX0x', 'FS0a', 'EPAN'],
  ['FX0x', 'FS0b', 'DL'],
  ['FX0y', 'FS0a', 'PAN'],
])('flow %s, stage %s is of the configured type %s', (flowId, stageId, stageType) => {
  expect(guessing(flowId, stageId, notAsked)).toEqual({
    ...{ stageType, stageTypeSource: 'CATALOGUE', rulesType: stageType },
  })
})

it.each([
  [null, 'FS0c'],
  ['FX0x', '__proto__'],
  ['__proto__', 'toString'],
  ['constructor', 'constructor'],
])('flow %s, stage %s is unknown, or a guess by its shape that says so', (flowId, stageId) => {
  expect(guessing(flowId, stageId, () => NAMES)).toEqual({
    ...{ stageType: 'VPA', stageTypeSource: 'SHAPE', rulesType: 'VPA' },
  })
  expect(guessless(flowId, stageId, () => NAMES)).toEqual({
    ...{ stageType: null, stageTypeSource: 'UNKNOWN', rulesType: null },
  })
})

it('a configured type that nobody knows keeps its name, under the privacy rules of the shape', () => {
  const stageTypeOf = createStageTypeOf({
    catalogue: { stages: { FS0a: 'PAM' }, flows: {} },
    shapeOf: () => 'PAN',
    isKnown,
  })
  expect(stageTypeOf(null, 'FS0a', () => NAMES)).toEqual({
    ...{ stageType: 'PAM', stageTypeSource: 'CATALOGUE', rulesType: 'PAN' },
  })
})
