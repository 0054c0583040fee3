import { PRIVACY_DEFAULTS, type PrivacyDefault, USUALLY_SHOWN } from '../core/privacy-rule.js'
import { maskField, maskFieldNumber, maskInNumber, maskNumbers } from './aadhaar.js'
import {
  createScopes,
  type Scope,
  type ScopeAction,
  type ScopeConfig,
  type Scopes,
} from './privacy-scopes.js'
import { type HashKey, hashText, MASKED_LITERAL, maskStart } from './privacy-values.js'
import type { SealedPlace, Sealer } from './seal.js'

export { PRIVACY_DEFAULTS, type PrivacyDefault, type Scope }

export interface PrivacyConfig extends ScopeConfig {
  /** Needed by rules that hash, and by those that encrypt. */
  readonly hashKey?: HashKey
  readonly sealer?: Sealer
  readonly allowAadhaarHash?: boolean
}

export type LeafKind = 'text' | 'number' | 'literal'

/** A leaf as it may leave the process: null when dropped. */
export interface Reshaped {
  readonly action: Exclude<ScopeAction, 'none'>
  readonly text: string | null
}

export interface Protect extends Scopes {
  /** A member name as it may leave the process; the very same one in all but rare cases. */
  name(name: string): string
  /** A text as it may leave the process, null when it is dropped. For scopes of action `none`. */
  text(scope: Scope, text: string): string | null
  /** A JSON number as it may leave the process; another text than the one given is no number any more. Likewise. */
  number(scope: Scope, text: string): string
  /** A leaf under `mask`, `hash` or `encrypt`. In: text  the value's own text, that of a number or literal as received. */
  reshape(
    scope: Scope,
    leaf: { readonly kind: LeafKind; readonly text: string },
    place: SealedPlace,
  ): Reshaped
  /** Texts from outside a result: event keys, wrong ids. */
  maskText(text: string): string
  maskTag(tag: string): string
  /** Whether a rule would change this text. */
  matches(text: string): boolean
}

const LONG_TEXT = 8192
const BASE64 = /^(?:data:[^,]{0,255},)?[A-Za-z0-9+/=_\r\n-]+$/i
/** Shorter texts hold no number of 12 digits. */
const SHORTEST_NUMBER = 12

/**
 * Builds the privacy rules.
 *
 * In:     config   defaults kept by name, the operator's rules, and what stage types ask for
 * Out:    what flattening asks while it walks. `secrets` and `media` go before the operator's rules, these before the rules of a
 *         type. `aadhaar-text` stays at work where a rule keeps or masks; Aadhaar fields that are kept by name are under it too
 * Throws: RangeError for the name of a default that does not exist, and for a rule that needs a key which is not there
 * Source: product.md section 9
 */
export function createProtect(config: PrivacyConfig): Protect {
  checkConfig(config)
  const on = (name: PrivacyDefault): boolean => config.defaults[name] !== 'keep'
  const masksText = on('aadhaar-text')
  const maskText = (text: string): string => (masksText ? maskNumbers(text) : text)
  const text = (scope: Scope, value: string): string | null => {
    if (value.length < SHORTEST_NUMBER) return value
    if (on('media') && isMedia(value)) return null
    return scope.isAadhaar ? maskField(value) : maskText(value)
  }
  const number = (scope: Scope, value: string): string => {
    if (scope.isAadhaar) return maskFieldNumber(value)
    return masksText ? maskInNumber(value) : value
  }
  return {
    ...createScopes(config),
    ...{ name: maskText, text, number },
    reshape: (scope, leaf, place) => {
      const { kind } = leaf
      const plain =
        kind === 'text' ? text(scope, leaf.text) : kind === 'number' ? number(scope, leaf.text) : leaf.text
      if (plain === null) return { action: 'drop', text: null }
      if (scope.action === 'encrypt' && config.sealer !== undefined)
        return { action: 'encrypt', text: config.sealer.text(leaf.text, place) }
      // Of what looks like an Aadhaar number no hash leaves: there are too few of them.
      const mayHash = config.allowAadhaarHash === true || (plain === leaf.text && !scope.isAadhaar)
      if (scope.action === 'hash' && config.hashKey !== undefined && mayHash)
        return { action: 'hash', text: hashText(leaf.text, config.hashKey) }
      if (kind === 'literal') return { action: 'mask', text: MASKED_LITERAL }
      // The last four digits may be all that is there: attestr.md section 3.3.
      if (scope.isAadhaar && scope.rule === 'catalogue' && plain.length <= USUALLY_SHOWN)
        return { action: 'mask', text: plain }
      return { action: 'mask', text: maskStart(plain, scope.shown) }
    },
    maskText,
    maskTag: on('tag-digits') ? maskNumbers : (tag) => tag,
    matches: (value) => maskText(value) !== value,
  }
}

const isMedia = (text: string): boolean => text.length > LONG_TEXT && BASE64.test(text)

function checkConfig({ defaults, rules, types, hashKey, sealer }: PrivacyConfig): void {
  const unknown = Object.keys(defaults).filter((name) => !PRIVACY_DEFAULTS.some((known) => known === name))
  if (unknown.length > 0) throw new RangeError(`privacy.defaults has no rule named ${unknown.join(', ')}`)
  const actions = new Set([
    ...rules.map(({ action }) => action.kind),
    ...[...(types?.values() ?? [])].flat().map(({ action }) => action),
  ])
  if (actions.has('hash') && hashKey === undefined) throw new RangeError('a rule that hashes needs a key')
  if (actions.has('encrypt') && sealer === undefined) throw new RangeError('a rule that encrypts needs a key')
}
