import { expect, it } from 'vitest'
import { createStageTypeOf } from '../../src/core/stage-type.js'

const stageTypeOf = createStageTypeOf({
  stages: { FS0a: 'PAN', FS0b: 'DL' },
  flows: { FX0x: { FS0a: 'EPAN' } },
})

it.each([
  [null, 'FS0a', 'PAN'],
  ['FX0x', 'FS0a', 'EPAN'],
  ['FX0x', 'FS0b', 'DL'],
  ['FX0y', 'FS0a', 'PAN'],
])('flow %s, stage %s is of the configured type %s', (flowId, stageId, stageType) => {
  expect(stageTypeOf(flowId, stageId)).toEqual({ stageType, stageTypeSource: 'CATALOGUE' })
})

it.each([
  [null, 'FS0c'],
  ['FX0x', '__proto__'],
  ['__proto__', 'toString'],
  ['constructor', 'constructor'],
])('flow %s, stage %s is unknown and not guessed', (flowId, stageId) => {
  expect(stageTypeOf(flowId, stageId)).toEqual({ stageType: null, stageTypeSource: 'UNKNOWN' })
})
