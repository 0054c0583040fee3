import { expect, it } from 'vitest'
import { createStageTypeOf, type StageNames } from '../../src/core/stage-type.js'

const CATALOGUE = { stages: { FS0a: 'PAN', FS0b: 'DL' }, flows: { FX0x: { FS0a: 'EPAN' } } }
const SIDE = { members: new Set<string>(), inner: new Set<string>() }
const NAMES: StageNames = { input: SIDE, output: SIDE }
const guessless = createStageTypeOf(CATALOGUE, () => null)
const guessing = createStageTypeOf(CATALOGUE, (names) => (names === NAMES ? 'VPA' : null))
const notAsked = (): never => {
  throw new Error('the configuration names the type')
}

it.each([
  [null, 'FS0a', 'PAN'],
  ['FX0x', 'FS0a', 'EPAN'],
  ['FX0x', 'FS0b', 'DL'],
  ['FX0y', 'FS0a', 'PAN'],
])('flow %s, stage %s is of the configured type %s', (flowId, stageId, stageType) => {
  expect(guessing(flowId, stageId, notAsked)).toEqual({ stageType, stageTypeSource: 'CATALOGUE' })
})

it.each([
  [null, 'FS0c'],
  ['FX0x', '__proto__'],
  ['__proto__', 'toString'],
  ['constructor', 'constructor'],
])('flow %s, stage %s is unknown, or a guess by its shape that says so', (flowId, stageId) => {
  expect(guessing(flowId, stageId, () => NAMES)).toEqual({ stageType: 'VPA', stageTypeSource: 'SHAPE' })
  expect(guessless(flowId, stageId, () => NAMES)).toEqual({ stageType: null, stageTypeSource: 'UNKNOWN' })
})
