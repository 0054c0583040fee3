import { BUILT_IN } from './built-in.js'
import type { StageSpec } from './model.js'
import { specsWith, type UserTypes } from './user.js'

export interface Catalogue {
  /** In a lasting order: the built-in types, then those of the operator. */
  readonly types: readonly StageSpec[]
  /** Null for a name that no type has. */
  find(name: string): StageSpec | null
}

/**
 * The stage types there are: the built-in ones, with the fields that the operator adds to them, and the operator's own.
 *
 * In:     userTypes   `catalogue.types` of the configuration, without problems (`userTypeProblems`)
 * Source: product.md section 7 (typed output); attestr.md section 3
 */
export function createCatalogue(userTypes: UserTypes = {}): Catalogue {
  const types = specsWith(Object.values(BUILT_IN), userTypes)
  // A map, because names come from the configuration: `constructor` is then a name like any other.
  const byName = new Map(types.map((spec) => [spec.name, spec]))
  return { types, find: (name) => byName.get(name) ?? null }
}
