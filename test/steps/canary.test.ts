/** P4 over the catalogue: a marker in every sensitive field of every type, each through flattening under the default rules. */
import { describe, expect, it } from 'vitest'
import { createCatalogue } from '../../src/catalogue/index.js'
import { typeRulesOf } from '../../src/configured-privacy.js'
import { createStageTypeOf } from '../../src/core/stage-type.js'
import { planted } from '../../src/simulator/plant.js'
import type { StageType } from '../../src/simulator/stages/model.js'
import { createFlatten } from '../../src/steps/flatten.js'
import { createProtect, type PrivacyDefault } from '../../src/steps/protect.js'
import { SENSITIVE_FIELDS } from '../support/canary.js'
import { LIMITS, trusted } from '../support/flattening.js'

const MARKER = 'Zq7canaryMarker'
const TYPES = createCatalogue().types
const CASES = Object.entries(SENSITIVE_FIELDS).flatMap(([type, paths]) =>
  paths.map((path) => ({ type, path })),
)

function leaks(type: string, path: string, off: readonly PrivacyDefault[] = []): boolean {
  const canary = { secret: MARKER, aadhaar: '', fields: { [type]: [path] } }
  const stage = { stageId: 'FS0a', stageType: type as StageType, variant: '' }
  const result = planted({ FS0a: { input: {}, output: {} } }, [stage], canary)
  const protect = createProtect({
    defaults: Object.fromEntries(off.map((name) => [name, 'keep'])),
    ...{ rules: [], types: typeRulesOf(TYPES) },
  })
  const stageTypeOf = createStageTypeOf({
    catalogue: { stages: { FS0a: type }, flows: {} },
    shapeOf: () => null,
    isKnown: () => true,
  })
  const step = createFlatten({ limits: LIMITS, protect, stageTypeOf })(trusted(JSON.stringify(result)), null)
  if (step.kind !== 'ok') throw new Error(step.kind)
  return JSON.stringify(step.value).includes(MARKER)
}

describe('a sensitive field', () => {
  it('is in each type of which one is known', () => {
    expect(CASES.length).toBeGreaterThan(25)
    expect(new Set(CASES.map(({ type }) => type)).size).toBeGreaterThan(12)
  })

  it.each(CASES)('$path of $type does not come out, and would without its rule', ({ type, path }) => {
    expect(leaks(type, path)).toBe(false)
    expect(leaks(type, path, ['secrets', 'aadhaar-fields', 'media', 'catalogue'])).toBe(true)
  })
})
