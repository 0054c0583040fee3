import { foldedName, nameMatches } from '../core/glob.js'
import { memberPath } from '../core/paths.js'
import {
  AADHAAR_PATHS,
  MEDIA_PATHS,
  type PrivacyDefault,
  type PrivacyRule,
  SECRET_NAMES,
  SECRET_PATHS,
  type TypeRule,
  USUALLY_SHOWN,
} from '../core/privacy-rule.js'
import {
  isPartly,
  type Reach,
  reachItem,
  reachMember,
  reachOf,
  reachTop,
  type StageRule,
  typeStageRules,
  winnerOf,
  withoutItems,
} from './privacy-rules.js'

/** What is done with a value: none is left to the rules about texts, `aadhaar-text` and `media`. */
export type ScopeAction = 'none' | 'drop' | 'mask' | 'hash' | 'encrypt'

/** What the rules say about a place in a stage. It depends on names alone, so it can be kept for the next record. */
export interface Scope {
  /** `drop`: all but a JSON null becomes one null. */
  readonly action: ScopeAction
  /** The rule that says so: `privacy.rules[0]`, or the name of a default; null where none does. */
  readonly rule: string | null
  /** Texts and numbers here and below are those of an Aadhaar field. */
  readonly isAadhaar: boolean
  /** Of `mask`: the characters that stay. */
  readonly shown: number
  /** A rule that goes before this one may say something else below. */
  readonly isPartly: boolean
  /** The path from the stage down, names in lower case, items without their index: `input.items[].reg`. */
  readonly path: string
  readonly reach: Reach
  /** Paths of the stage's type that are dropped as secrets. */
  readonly secrets: ReadonlySet<string>
}

/** The part of the privacy rules that looks at names. */
export interface Scopes {
  /**
   * A stage itself: its members are `input`, `output` and others. The very same scope for stages under the same rules.
   * In: `rulesType`, the type that the catalogue's rules are taken of; the same when left out
   */
  stageOf(stageType: string | null, stageId: string, rulesType?: string | null): Scope
  member(parent: Scope, name: string): Scope
  item(parent: Scope): Scope
}

export interface ScopeConfig {
  readonly defaults: Readonly<Partial<Record<PrivacyDefault, 'keep' | undefined>>>
  /** Of the operator, in order. */
  readonly rules: readonly PrivacyRule[]
  /** By stage type. */
  readonly types?: ReadonlyMap<string, readonly TypeRule[]>
}

/** Scopes of stages that are kept; ids come from outside. */
const MOST_STAGES = 4096

/**
 * Finds the rule of each place in a stage.
 *
 * Source: product.md section 9
 */
export function createScopes(config: ScopeConfig): Scopes {
  const on = (name: PrivacyDefault): boolean => config.defaults[name] !== 'keep'
  const types = config.types ?? new Map<string, readonly TypeRule[]>()
  const secretNames = on('secrets') ? SECRET_NAMES : new Set<string>()
  const secretPaths = new Set(on('secrets') ? SECRET_PATHS : [])
  const mediaPaths = new Set(on('media') ? MEDIA_PATHS : [])
  const ofTypes = [...types.values()].flat().filter(({ isAadhaar }) => isAadhaar)
  const aadhaarPaths = [...AADHAAR_PATHS, ...ofTypes.map(({ path }) => path)].map(barePath)
  const fields = new Set(on('aadhaar-fields') ? aadhaarPaths : [])
  const namedDrop = (scope: Scope, name: string, bare: string): 'secrets' | 'media' | null => {
    if (scope.action === 'drop' && (scope.rule === 'secrets' || scope.rule === 'media')) return scope.rule
    if (secretNames.has(name) || secretPaths.has(bare) || scope.secrets.has(bare)) return 'secrets'
    return mediaPaths.has(bare) ? 'media' : null
  }
  return {
    stageOf: createStages(config, types, on),
    member: (parent, name) => {
      const isTop = parent.path === ''
      const folded = foldedName(name)
      const path = memberPath(parent.path, folded)
      const reach = isTop ? reachTop(parent.reach, name, folded) : reachMember(parent.reach, folded)
      const bare = withoutItems(path)
      const isAadhaar = parent.isAadhaar || fields.has(bare)
      const scope = scopeOf({ path, reach, isAadhaar, secrets: parent.secrets })
      const drop = namedDrop(parent, folded, bare)
      return drop === null ? scope : { ...scope, action: 'drop', rule: drop, isPartly: false }
    },
    item: (parent) => {
      if (parent.rule === 'secrets' || parent.rule === 'media') return { ...parent, path: `${parent.path}[]` }
      const { isAadhaar, secrets } = parent
      return scopeOf({
        ...{ path: `${parent.path}[]`, reach: reachItem(parent.reach), isAadhaar, secrets },
      })
    },
  }
}

/** A path of the catalogue without letter case and items. */
const barePath = (path: string): string => foldedName(withoutItems(path))

function scopeOf(at: Pick<Scope, 'path' | 'reach' | 'isAadhaar' | 'secrets'>): Scope {
  const rule = winnerOf(at.reach)
  const action = rule?.action ?? { kind: 'keep' }
  return {
    ...at,
    action: action.kind === 'keep' ? 'none' : action.kind,
    rule: rule?.name ?? (at.isAadhaar ? 'aadhaar-fields' : null),
    shown: action.kind === 'mask' ? action.shown : USUALLY_SHOWN,
    isPartly: isPartly(at.reach),
  }
}

interface TypeScopes {
  readonly rules: readonly StageRule[]
  readonly secrets: ReadonlySet<string>
}

/** The scopes of stages: one for all that are under the same rules. */
function createStages(
  config: ScopeConfig,
  types: ReadonlyMap<string, readonly TypeRule[]>,
  on: (name: PrivacyDefault) => boolean,
): Scopes['stageOf'] {
  const isOthers = ({ path, isSecret, isAadhaar }: TypeRule): boolean =>
    isSecret || (isAadhaar && !on('aadhaar-fields')) || MEDIA_PATHS.includes(path)
  /** Made when a stage of the type comes: most types never do. */
  const ofTypes = new Map<string, TypeScopes>()
  const ofType = (type: string): TypeScopes | null => {
    const rules = types.get(type)
    if (rules === undefined) return null
    const made = ofTypes.get(type) ?? {
      rules: typeStageRules(on('catalogue') ? rules : [], isOthers),
      secrets: new Set(
        rules.filter(({ isSecret }) => isSecret && on('secrets')).map(({ path }) => barePath(path)),
      ),
    }
    ofTypes.set(type, made)
    return made
  }
  const own = config.rules.map(({ stage, path, action }, index) => ({
    stage,
    rule: { path, action, name: `privacy.rules[${index}]`, isOfType: false },
  }))
  const shared = new Map<string, Scope>()
  const kept = new Map<string, Scope>()
  return (stageType, stageId, rulesType = stageType) => {
    const place = JSON.stringify([stageType, rulesType, stageId])
    const before = kept.get(place)
    if (before !== undefined) return before
    const names = [stageType, rulesType, stageId].filter((name) => name !== null)
    const matching = own.filter(({ stage }) => names.some((name) => nameMatches(stage, name)))
    const known = rulesType === null ? null : ofType(rulesType)
    const key = `${known === null ? '' : rulesType}\n${matching.map(({ rule }) => rule.name).join()}`
    const rules: StageRule[] = [...matching.map(({ rule }) => rule), ...(known?.rules ?? [])]
    const scope =
      shared.get(key) ??
      scopeOf({ path: '', reach: reachOf(rules), isAadhaar: false, secrets: known?.secrets ?? new Set() })
    if (kept.size >= MOST_STAGES) kept.clear()
    if (shared.size >= MOST_STAGES) shared.clear()
    shared.set(key, scope)
    kept.set(place, scope)
    return scope
  }
}
