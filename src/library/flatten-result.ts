import { createCatalogue } from '../catalogue/index.js'
import { createShapeOf } from '../catalogue/shape.js'
import { typeRulesOf } from '../configured-privacy.js'
import type { Step } from '../core/outcome.js'
import type { FlatStage } from '../core/records.js'
import { createStageTypeOf } from '../core/stage-type.js'
import { createFlatten } from '../steps/flatten.js'
import { createProtect, type PrivacyDefault } from '../steps/protect.js'
import type { FlattenLimits } from '../steps/stage-walk.js'
import type { TrustedResult } from '../steps/verify.js'

export interface FlattenSettings {
  /** Privacy rules to turn off by name; all hold when left out. */
  readonly keep?: readonly PrivacyDefault[]
  /** Those of the configuration's defaults when left out. */
  readonly limits?: Partial<FlattenLimits>
  /** Stage id to stage type, else it is guessed by shape: what a type asks of the privacy rules is done. */
  readonly stages?: Readonly<Record<string, string>>
}

const CATALOGUE = createCatalogue()
const TYPE_RULES = typeRulesOf(CATALOGUE.types)
const SHAPE_OF = createShapeOf(CATALOGUE.types)
const LIMITS: FlattenLimits = { depth: 32, leaves: 2000, stages: 200, keyLength: 512 }

/**
 * Makes one flat stage of each stage of a verified result, privacy rules applied.
 *
 * In:     trusted   what `verifyResult` or a result client gives
 * Out:    the stages in received order, maps from path to text, null where a rule dropped the value; or why there are none
 * Fails:  no-stages (a skip), result-unexpected-shape, result-over-limits
 * Source: product.md sections 6, 9 and 12
 */
export function flattenResult(
  trusted: TrustedResult,
  settings: FlattenSettings = {},
): Step<readonly FlatStage[]> {
  const { keep = [], limits, stages = {} } = settings
  const defaults = Object.fromEntries(keep.map((name) => [name, 'keep' as const]))
  return createFlatten({
    limits: { ...LIMITS, ...limits },
    protect: createProtect({ defaults, rules: [], types: TYPE_RULES }),
    stageTypeOf: createStageTypeOf({
      catalogue: { stages, flows: {} },
      shapeOf: SHAPE_OF,
      isKnown: (name) => CATALOGUE.find(name) !== null,
    }),
  })(trusted, null)
}
