import { memberPath } from '../core/paths.js'
import { maskField, maskFieldNumber, maskInNumber, maskNumbers } from './aadhaar.js'

/** The rules that hold unless set to `keep` by name. Source: product.md section 9. */
export const PRIVACY_DEFAULTS = ['secrets', 'aadhaar-fields', 'aadhaar-text', 'tag-digits', 'media'] as const
export type PrivacyDefault = (typeof PRIVACY_DEFAULTS)[number]

export interface PrivacyConfig {
  readonly defaults: Readonly<Partial<Record<PrivacyDefault, 'keep' | undefined>>>
  /** Rules of the operator: none are read yet, so only an empty list is taken. */
  readonly rules: readonly []
  /** More paths of Aadhaar numbers, from the catalogue, in the form of `Scope.path`. */
  readonly aadhaarPaths?: readonly string[]
}

/** What the rules say about a place in a stage. It depends on names alone, so it can be kept for the next record. */
export interface Scope {
  /** `drop`: all but a JSON null becomes one null. `aadhaar`: texts and numbers here and below are those of an Aadhaar field. */
  readonly action: 'none' | 'drop' | 'aadhaar'
  /** The path from the stage down, names in lower case, items without their index: `input.items[].reg`. */
  readonly path: string
}

export interface Protect {
  /** A stage itself: its members are `input`, `output` and others. The very same scope for stages under the same rules. */
  stageOf(stageType: string | null, stageId: string): Scope
  member(parent: Scope, name: string): Scope
  item(parent: Scope): Scope
  /** A member name as it may leave the process; the very same one in all but rare cases. */
  name(name: string): string
  /** A text as it may leave the process, null when it is dropped. */
  text(scope: Scope, text: string): string | null
  /** A JSON number as it may leave the process; another text than the one given is no number any more. */
  number(scope: Scope, text: string): string
  /** Texts from outside a result: event keys, wrong ids. */
  maskText(text: string): string
  maskTag(tag: string): string
  /** Whether a rule would change this text. */
  matches(text: string): boolean
}

const SECRET_NAMES: ReadonlySet<string> = new Set(['otp', 'secret', 'password', 'captcha', 'token', 'auth'])
const SECRET_PATHS: readonly string[] = ['input.code', 'input.req']
/** DIGILOCKER_DOC has its number in `input.params.uid`: attestr.md section 3.5. */
const AADHAAR_PATHS: readonly string[] = ['input.uuid', 'input.params.uid']
const MEDIA_PATHS: readonly string[] = ['output.pht', 'output.photo']
const LONG_TEXT = 8192
const BASE64 = /^(?:data:[^,]{0,255},)?[A-Za-z0-9+/=_\r\n-]+$/i
const STAGE: Scope = { action: 'none', path: '' }
/** Shorter texts hold no number of 12 digits. */
const SHORTEST_NUMBER = 12

/**
 * Builds the privacy rules.
 *
 * In:     config   defaults kept by name, and the operator's rules
 * Out:    what flattening asks while it walks. Aadhaar fields that are kept by name are still under `aadhaar-text`
 * Throws: RangeError for the name of a default that does not exist
 * Source: product.md section 9
 */
export function createProtect(config: PrivacyConfig): Protect {
  const unknown = Object.keys(config.defaults).filter(
    (name) => !PRIVACY_DEFAULTS.some((known) => known === name),
  )
  if (unknown.length > 0) throw new RangeError(`privacy.defaults has no rule named ${unknown.join(', ')}`)
  const on = (name: PrivacyDefault): boolean => config.defaults[name] !== 'keep'
  const masksText = on('aadhaar-text')
  const dropsMedia = on('media')
  const secretNames = on('secrets') ? SECRET_NAMES : new Set<string>()
  const dropPaths = new Set([...(on('secrets') ? SECRET_PATHS : []), ...(dropsMedia ? MEDIA_PATHS : [])])
  const fieldPaths = on('aadhaar-fields') ? [...AADHAAR_PATHS, ...(config.aadhaarPaths ?? [])] : []
  const fields = new Set(fieldPaths.map(folded))
  const maskText = (text: string): string => (masksText ? maskNumbers(text) : text)
  return {
    stageOf: () => STAGE,
    member: (parent, name) => {
      const path = memberPath(parent.path, folded(name))
      const drops = parent.action === 'drop' || secretNames.has(folded(name)) || dropPaths.has(path)
      return { path, action: drops ? 'drop' : fields.has(path) ? 'aadhaar' : parent.action }
    },
    item: (parent) => ({ path: `${parent.path}[]`, action: parent.action }),
    name: maskText,
    text: (scope, text) => {
      if (text.length < SHORTEST_NUMBER) return text
      if (dropsMedia && text.length > LONG_TEXT && BASE64.test(text)) return null
      return scope.action === 'aadhaar' ? maskField(text) : maskText(text)
    },
    number: (scope, text) => {
      if (scope.action === 'aadhaar') return maskFieldNumber(text)
      return masksText ? maskInNumber(text) : text
    },
    maskText,
    maskTag: on('tag-digits') ? maskNumbers : (tag) => tag,
    matches: (text) => maskText(text) !== text,
  }
}

/** Letters without their case: also those whose other case is an ASCII letter (the long s, the Kelvin sign). */
function folded(name: string): string {
  return name.toUpperCase().toLowerCase()
}
