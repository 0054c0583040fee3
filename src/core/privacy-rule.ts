/** Privacy rules as data, shared by what checks them and what applies them. Source: product.md section 9. */
import { foldedName, type NameGlob, nameGlob, type PathGlob, pathGlob } from './glob.js'

/** The rules that hold unless set to `keep` by name. */
export const PRIVACY_DEFAULTS = [
  'secrets',
  'aadhaar-fields',
  'aadhaar-text',
  'tag-digits',
  'media',
  'catalogue',
] as const
export type PrivacyDefault = (typeof PRIVACY_DEFAULTS)[number]

/** Members that hold a secret wherever they are, without letter case. */
export const SECRET_NAMES: ReadonlySet<string> = new Set([
  'otp',
  'secret',
  'password',
  'captcha',
  'token',
  'auth',
])
export const SECRET_PATHS: readonly string[] = ['input.code', 'input.req']
export const MEDIA_PATHS: readonly string[] = ['output.pht', 'output.photo']
/** DIGILOCKER_DOC has its number in `input.params.uid`: attestr.md section 3.5. */
export const AADHAAR_PATHS: readonly string[] = ['input.uuid', 'input.params.uid']

export type RuleAction =
  | { readonly kind: 'keep' | 'drop' | 'hash' | 'encrypt' }
  /** `shown` characters stay at the end, and never more than half of them. */
  | { readonly kind: 'mask'; readonly shown: number }

/** A rule as it is written. */
export interface RuleText {
  readonly stage: string
  readonly path: string
  readonly action: string
}

/** A rule of the operator: for stages by type or id, for a path and all below. */
export interface PrivacyRule {
  readonly stage: NameGlob
  readonly path: PathGlob
  readonly action: RuleAction
}

/** What a stage type asks for one path and all below. */
export interface TypeRule {
  /** In the form of catalogue paths: `input.items[].references`. */
  readonly path: string
  readonly action: RuleAction['kind']
  readonly isSecret: boolean
  /** Holds an Aadhaar number. */
  readonly isAadhaar: boolean
}

const ACTION = /^(keep|drop|mask|hash|encrypt)$|^mask:(\d{1,3})$/
/** Characters that a mask leaves where its rule says nothing. */
export const USUALLY_SHOWN = 4
export const ACTION_FORM = 'must be keep, drop, mask, mask:N (N characters at the end stay), hash or encrypt'

/** Out: null for a text that names no action. */
export function ruleAction(text: string): RuleAction | null {
  const [, word, shown] = ACTION.exec(text) ?? []
  if (shown !== undefined) return { kind: 'mask', shown: Number(shown) }
  return word === undefined ? null : actionOf(word as RuleAction['kind'])
}

/** An action by its name alone. */
export function actionOf(kind: RuleAction['kind']): RuleAction {
  return kind === 'mask' ? { kind, shown: USUALLY_SHOWN } : { kind }
}

/**
 * Reads the operator's rules.
 *
 * Throws: RangeError for a rule of a wrong form; the configuration refuses it before
 */
export function privacyRules(rules: readonly RuleText[]): PrivacyRule[] {
  return rules.map((rule) => {
    const path = pathGlob(rule.path)
    const action = ruleAction(rule.action)
    if (typeof path === 'string') throw new RangeError(`the path of a privacy rule ${path}`)
    if (action === null) throw new RangeError(`the action of a privacy rule ${ACTION_FORM}`)
    return { stage: nameGlob(rule.stage), path, action }
  })
}

/** Whether a place is dropped as a secret or as media by its names alone, and by which default. In: a folded literal path. */
export function namedDrop(path: string): 'secrets' | 'media' | null {
  const names = path.split(/\.|\[\]/)
  if (names.some((name) => SECRET_NAMES.has(foldedName(name)))) return 'secrets'
  const isAt = (place: string): boolean =>
    path === place || path.startsWith(`${place}.`) || path.startsWith(`${place}[`)
  if (SECRET_PATHS.some(isAt)) return 'secrets'
  return MEDIA_PATHS.some(isAt) ? 'media' : null
}
