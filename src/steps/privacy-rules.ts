import {
  looseItemStep,
  type PathGlob,
  type Progress,
  pathGlob,
  pathMatches,
  pathStart,
  pathStep,
} from '../core/glob.js'
import { actionOf, type RuleAction, type TypeRule } from '../core/privacy-rule.js'

/** A rule as it is applied to stages of one kind. */
export interface StageRule {
  readonly path: PathGlob
  readonly action: RuleAction
  /** `privacy.rules[0]`, or the default it belongs to. */
  readonly name: string
  /** Items of lists do not count then: a list in the place of an object, or an object in that of a list, hides nothing. */
  readonly isOfType: boolean
}

/** What the rules of a stage say at one place. The first rule that covers it wins, so that those after it are not followed. */
export interface Reach {
  readonly rules: readonly StageRule[]
  /** The index of the rule that wins; the number of rules where none does. */
  readonly first: number
  /** How far each rule before `first` has come. */
  readonly progress: readonly Progress[]
}

/** At the stage itself. */
export function reachOf(rules: readonly StageRule[]): Reach {
  return won(
    rules,
    rules.map(({ path }) => pathStart(path)),
    rules.length,
  )
}

/** At a member of a place. In: its name without its case. */
export function reachMember(before: Reach, folded: string): Reach {
  return reachBelow(before, folded, false)
}

/** At an item of a list. */
export function reachItem(before: Reach): Reach {
  return reachBelow(before, null, true)
}

/**
 * At a member of the stage itself: for the operator's rules, what is beside `input` and `output` lies under `extra`. For those
 * of a type a name in another letter case is the same name.
 */
export function reachTop(before: Reach, name: string, folded: string): Reach {
  const isSide = name === 'input' || name === 'output'
  return reachMember(isSide ? before : reachBelow(before, 'extra', true), folded)
}

/** In: `unlessType`: rules of a type see no step here. */
function reachBelow(before: Reach, segment: string | null, unlessType: boolean): Reach {
  const { rules, first, progress } = before
  if (first === 0) return before
  const next = progress.map((done, index) => {
    const { path, isOfType, action } = rules[index] as StageRule
    if (isOfType && unlessType) return done
    // A rule that hides reaches items it does not name; one that keeps shows no more than it says.
    const isLoose = segment === null && action.kind !== 'keep'
    return isLoose ? looseItemStep(path, done) : pathStep(path, done, segment)
  })
  return won(rules, next, first)
}

function won(rules: readonly StageRule[], progress: readonly Progress[], before: number): Reach {
  const found = progress.findIndex((done, index) => pathMatches((rules[index] as StageRule).path, done))
  const first = found < 0 ? before : found
  return { rules, first, progress: progress.slice(0, first) }
}

export const winnerOf = ({ rules, first }: Reach): StageRule | null => rules[first] ?? null

/** Whether a rule that goes before the one that wins here, and drops nothing, may win below. */
export function isPartly({ rules, progress }: Reach): boolean {
  return progress.some((done, index) => done !== 0 && rules[index]?.action.kind !== 'drop')
}

/**
 * The rules of a stage type in the order in which they are asked: a longer path goes before a shorter one.
 *
 * In:     skips   those that another default answers for
 */
export function typeStageRules(
  rules: readonly TypeRule[],
  skips: (rule: TypeRule) => boolean,
): readonly StageRule[] {
  return rules
    .filter((rule) => !skips(rule))
    .sort((one, two) => depthOf(two.path) - depthOf(one.path))
    .map(({ path, action }) => ({
      ...{ path: parsed(withoutItems(path)), action: actionOf(action) },
      ...{ name: 'catalogue', isOfType: true },
    }))
}

/** In: a path with escapes as in records, where no name can show `[]`. */
export const withoutItems = (path: string): string => path.replaceAll('[]', '')

const depthOf = (path: string): number => path.split(/\.|\[\]/).length

function parsed(path: string): PathGlob {
  const glob = pathGlob(path)
  if (typeof glob === 'string') throw new RangeError(`a path of the catalogue ${glob}`)
  return glob
}
