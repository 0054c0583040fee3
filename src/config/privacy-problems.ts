/** What zod cannot see in the privacy rules: keys that are missing, rules that do nothing, hashes of Aadhaar numbers. */
import { BUILT_IN } from '../catalogue/built-in.js'
import { SIDES } from '../catalogue/model.js'
import { sensitivePathsOf } from '../catalogue/sensitive.js'
import { specsWith } from '../catalogue/user.js'
import { foldedName, nameMatches, pathCovers } from '../core/glob.js'
import { AADHAAR_PATHS, namedDrop, type PrivacyRule, privacyRules } from '../core/privacy-rule.js'
import type { Config } from './config.js'
import { suggest } from './suggest.js'
import { keyName, type Path } from './tree.js'

export interface PrivacyProblem {
  readonly path: Path
  readonly text: string
}

type Report = (path: Path, text: string) => void

/** What is read of a configuration, and what it says of stage types. */
interface Draft {
  readonly config: Pick<Config, 'privacy' | 'catalogue'>
  readonly rules: readonly PrivacyRule[]
  /** Names of stage types. */
  readonly types: readonly string[]
  readonly aadhaarPaths: readonly string[]
}

/**
 * Finds what is wrong with the privacy rules beyond their form.
 *
 * In:     config   whose stage types have no problems
 * Source: product.md section 9
 */
export function privacyProblems(config: Pick<Config, 'privacy' | 'catalogue'>): PrivacyProblem[] {
  const problems: PrivacyProblem[] = []
  const report: Report = (path, text) => problems.push({ path, text })
  const specs = specsWith(Object.values(BUILT_IN), config.catalogue.types)
  const marked = specs.flatMap((spec) => sensitivePathsOf(spec).filter(({ aadhaar }) => aadhaar))
  const draft: Draft = {
    config,
    rules: privacyRules(config.privacy.rules),
    types: specs.map(({ name }) => name),
    aadhaarPaths: [...new Set([...AADHAAR_PATHS, ...marked.map(({ path }) => foldedName(path))])],
  }
  keysDiffer(config, report)
  for (const index of draft.rules.keys()) {
    ruleProblems(draft, index, (key, text) => report(['privacy', 'rules', index, ...key], text))
  }
  typeKeys(config, report)
  return problems
}

function keysDiffer({ privacy }: Draft['config'], report: Report): void {
  const first = new Map<string, number>()
  for (const [index, { id }] of privacy.encryptionKeys.entries()) {
    const other = first.get(id)
    const path = ['privacy', 'encryptionKeys', index, 'id']
    if (other === undefined) first.set(id, index)
    else report(path, `is the same id as ${keyName(['privacy', 'encryptionKeys', other, 'id'])}`)
  }
}

function ruleProblems(draft: Draft, index: number, report: Report): void {
  const { config, rules } = draft
  const rule = rules[index] as PrivacyRule
  const { kind } = rule.action
  const missing = missingKey(config, kind)
  if (missing !== null) report(['action'], missing)
  const stage = stageProblem(draft, rule)
  if (stage !== null) report(['stage'], stage)
  const texts = config.privacy.rules.map((one) => `${one.stage}\n${foldedName(one.path)}`)
  const same = texts.indexOf(texts[index] as string)
  if (same < index)
    report(['path'], `is for the same stage and path as ${keyName(['privacy', 'rules', same])}`)
  const named = rule.path.literal === null || kind === 'drop' ? null : namedDrop(rule.path.literal)
  if (named !== null && config.privacy.defaults[named] !== 'keep') {
    const off = `privacy.defaults.${named}: keep turns it off`
    report(['path'], `has no effect: the default \`${named}\` drops what is there (${off})`)
  }
  const hashed = kind === 'hash' && !config.privacy.allowAadhaarHash ? hashedAadhaar(draft, index) : null
  if (hashed !== null) {
    const ways = 'give it another action, in a rule before this one, or set privacy.allowAadhaarHash: true'
    report(['path'], `hashes ${hashed}, which holds Aadhaar numbers: ${ways}`)
  }
}

function missingKey({ privacy }: Draft['config'], action: string): string | null {
  if (action === 'hash' && privacy.hashKey === null) return 'needs privacy.hashKey, a key of 32 bytes'
  if (action === 'encrypt' && privacy.encryptionKeys.length === 0)
    return 'needs privacy.encryptionKeys, a key of 32 bytes and its id'
  return null
}

const STAGE_ID_START = 'FS0'

function stageProblem({ config, types }: Draft, { stage }: PrivacyRule): string | null {
  const { stages, flows } = config.catalogue
  const ids = [stages, ...Object.values(flows)].flatMap((known) => Object.keys(known))
  if ([...types, ...ids].some((name) => nameMatches(stage, name))) return null
  const start = stage.tokens.findIndex((token) => typeof token !== 'string')
  const fixed = stage.literal ?? stage.tokens.slice(0, start).join('')
  if (fixed.startsWith(STAGE_ID_START) || (stage.literal === null && STAGE_ID_START.startsWith(fixed)))
    return null
  const nearest = stage.literal === null ? null : suggest(stage.literal, types)
  const remedy = nearest === null ? '' : ` (did you mean ${nearest}?)`
  return `is neither a stage type of the catalogue nor a stage id, which begins with ${STAGE_ID_START}${remedy}`
}

/** Out: a path with Aadhaar numbers at which this rule is the first to match, for some stage; null where there is none. */
function hashedAadhaar({ config, rules, types, aadhaarPaths }: Draft, index: number): string | null {
  const rule = rules[index] as PrivacyRule
  const texts = config.privacy.rules.map(({ stage }) => stage)
  const isForAll = ({ stage }: PrivacyRule): boolean => stage.tokens.length > 0 && nameMatches(stage, '')
  const before = rules.slice(0, index)
  const ofTypes = types.filter((type) => nameMatches(rule.stage, type))
  // Stages by id, whose type may be any: only what surely goes before this rule counts.
  const byId = rule.stage.literal === null || ofTypes.length === 0
  const rows = ofTypes.map((type) => before.filter(({ stage }) => nameMatches(stage, type)))
  if (byId) rows.push(before.filter((one, at) => texts[at] === texts[index] || isForAll(one)))
  const isHashed = (path: string): boolean =>
    (pathCovers(rule.path, path) || rule.path.literal?.startsWith(`${path}.`) === true) &&
    rows.some((earlier) => !earlier.some((one) => pathCovers(one.path, path)))
  return aadhaarPaths.find(isHashed) ?? null
}

/** Fields of the operator's own types may ask for a hash or for encryption too. */
function typeKeys(config: Draft['config'], report: Report): void {
  for (const [name, type] of Object.entries(config.catalogue.types)) {
    for (const side of SIDES) {
      for (const [path, field] of Object.entries(type[side])) {
        const at = ['catalogue', 'types', name, side, path, 'action']
        const missing = missingKey(config, field.action ?? '')
        if (missing !== null) report(at, missing)
        if (field.action === 'hash' && field.aadhaar && !config.privacy.allowAadhaarHash)
          report(at, 'hashes Aadhaar numbers: give it another action or set privacy.allowAadhaarHash: true')
      }
    }
  }
}
