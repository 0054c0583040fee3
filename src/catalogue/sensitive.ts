import { CLASS_ACTIONS, type PrivacyAction, type SensitiveClass, SIDES, type StageSpec } from './model.js'

/** What a type asks of the privacy rules for one path and all below it. */
export interface SensitivePath {
  /** Within the stage: `input.items[].references`. */
  readonly path: string
  readonly class: SensitiveClass
  readonly action: PrivacyAction
  /** Whether it holds an Aadhaar number: `aadhaar-fields` of product.md section 9. */
  readonly aadhaar: boolean
}

/**
 * The sensitive paths of a type with their default actions, in the order of its fields.
 *
 * Out:    a path within another one stands for itself: the rule with the longer path says what is done
 * Source: product.md section 9; classes from the tables of attestr.md section 3
 */
export function sensitivePathsOf(spec: StageSpec): SensitivePath[] {
  return SIDES.flatMap((side) =>
    Object.entries(spec[side]).flatMap(([path, field]) => {
      if (field.class === undefined) return []
      const action = field.action ?? CLASS_ACTIONS[field.class]
      return [{ path: `${side}.${path}`, class: field.class, action, aadhaar: field.aadhaar === true }]
    }),
  )
}
