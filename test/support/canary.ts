import { BUILT_IN } from '../../src/catalogue/built-in.js'
import { sensitivePathsOf } from '../../src/catalogue/sensitive.js'

/** By stage type, the paths that must not leave as they are. */
export const SENSITIVE_FIELDS: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  Object.values(BUILT_IN).map((spec) => [
    spec.name,
    sensitivePathsOf(spec).flatMap(({ path, action }) => (action === 'keep' ? [] : [path])),
  ]),
)
