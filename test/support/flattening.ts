import { createCatalogue } from '../../src/catalogue/index.js'
import { typeRulesOf } from '../../src/configured-privacy.js'
import { isFault, scanJson } from '../../src/core/json/scan.js'
import { ROOT } from '../../src/core/json/tape.js'
import type { Step } from '../../src/core/outcome.js'
import type { FlatStage } from '../../src/core/records.js'
import { createStageTypeOf, type StageTypeOf } from '../../src/core/stage-type.js'
import { createFlatten } from '../../src/steps/flatten.js'
import { createProtect, PRIVACY_DEFAULTS, type Protect } from '../../src/steps/protect.js'
import type { FlattenLimits } from '../../src/steps/stage-walk.js'
import type { TrustedResult } from '../../src/steps/verify.js'

export const LIMITS: FlattenLimits = { depth: 32, leaves: 2000, stages: 200, keyLength: 512 }
/** The types of the stages in tests. */
export const TYPES: StageTypeOf = createStageTypeOf({
  catalogue: { stages: { FS0pan: 'PAN', FS0uidai: 'UIDAI' }, flows: {} },
  shapeOf: () => null,
  isKnown: () => true,
})
export const NO_RULES: Protect = createProtect({
  defaults: Object.fromEntries(PRIVACY_DEFAULTS.map((name) => [name, 'keep'])),
  rules: [],
})
/** What the types of the catalogue ask for. */
export const TYPE_RULES = typeRulesOf(createCatalogue().types)
export const DEFAULT_RULES: Protect = createProtect({ defaults: {}, rules: [], types: TYPE_RULES })

/** A result as if its signature had been checked. */
export function trusted(text: string): TrustedResult {
  const tape = scanJson(text)
  if (isFault(tape)) throw new Error(`${tape.fault} at ${tape.at}`)
  return {
    handshakeId: 'DS02zfeuv6n4gkq51hvw6',
    requestId: 'c500f555-0dd3-4368-b5e3-c039ddb144ee',
    tape,
    node: ROOT,
    signed: Buffer.from(text),
    verification: {
      algorithm: 'HMAC-SHA256',
      method: 'raw',
      credentialId: 'main',
      signature: '0'.repeat(64),
      signedBytes: text.length,
      verifiedAt: 0,
    },
  }
}

export function flattened(
  text: string,
  protect: Protect = NO_RULES,
  limits: Partial<FlattenLimits> = {},
): Step<readonly FlatStage[]> {
  return createFlatten({ limits: { ...LIMITS, ...limits }, protect, stageTypeOf: TYPES })(trusted(text), null)
}

/** The stages of a result that has some. */
export function stagesOf(text: string, protect: Protect = NO_RULES): readonly FlatStage[] {
  const step = flattened(text, protect)
  if (step.kind !== 'ok') throw new Error(JSON.stringify(step))
  return step.value
}

/** The only stage of a result with these members. */
export function stageOf(members: string, protect: Protect = NO_RULES): FlatStage {
  const [stage] = stagesOf(`{"FS0a":${members}}`, protect)
  if (stage === undefined) throw new Error('no stage')
  return stage
}
