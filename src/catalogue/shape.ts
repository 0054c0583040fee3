import type { ShapeOf, SideNames, StageNames } from '../core/stage-type.js'
import { membersOf } from './columns.js'
import type { Shape, SideShape, StageSpec } from './model.js'

/** What the SDK sends beside the input of every stage: attestr.md section 3.2. */
export const TRANSPORT: ReadonlySet<string> = new Set(['cl', 'hs', 'lc', 'stage'])
/** What any output may have: a check's verdict, an async reference. It tells nothing. */
const ANY_OUTPUT: ReadonlySet<string> = new Set(['valid', 'message', '_id', 'number', 'items'])
/** With fewer names known of an output, foreign ones say nothing against a type. */
const ENOUGH_NAMES = 3

/** A name, the indexes behind it, and the name of a member below: product.md section 6. */
const PATH_START = /^((?:[^.[\]\\]|\\.)+)((?:\[\d*\])*)(?:\.((?:[^.[\]\\]|\\.)+))?/

/**
 * The names in a flattened column.
 *
 * In:     paths   those of product.md section 6, `a.b[0].c`, or those of fields, `a.b[].c`
 */
export function namesIn(paths: Iterable<string>): SideNames {
  const members = new Set<string>()
  const inner = new Set<string>()
  for (const path of paths) {
    if (path === '') continue
    const [, name, indexes = '', below] = PATH_START.exec(path) ?? []
    // An array in the place of the side: a name that no type has.
    members.add(name ?? '[]')
    if (below !== undefined) inner.add(`${name}${indexes === '' ? '' : '[]'}.${below}`)
  }
  return { members, inner }
}

/** One type as it is compared. */
interface Candidate {
  readonly name: string
  readonly shapes: readonly Shape[]
  readonly input: ReadonlySet<string>
  /** Null where too little is known to judge by. */
  readonly output: ReadonlySet<string> | null
}

/**
 * Guesses the type of a stage by the names of its members alone: the fallback where the configuration says nothing.
 *
 * In:     types   those that a stage may have
 * Out:    the name of the one type of which a shape fits, if no more names are foreign to it than its own; else null.
 *         A guess, and to be marked so: types that are not in the catalogue may look alike
 * Source: product.md section 7, stageType and stageTypeSource
 */
export function createShapeOf(types: Iterable<StageSpec>): ShapeOf {
  const candidates = [...types].filter(({ shapes }) => shapes.length > 0).map(candidateOf)
  return (stage) => {
    const fitting = candidates.filter((candidate) => fits(candidate, stage))
    const [found] = fitting
    return found !== undefined && fitting.length === 1 && isAtHome(found, stage) ? found.name : null
  }
}

function candidateOf({ name, shapes, input, output }: StageSpec): Candidate {
  const told = membersOf(output).filter((member) => !ANY_OUTPUT.has(member))
  return {
    ...{ name, shapes },
    input: new Set(membersOf(input)),
    output: told.length < ENOUGH_NAMES ? null : new Set(told),
  }
}

function fits({ shapes, input }: Candidate, stage: StageNames): boolean {
  return shapes.some(
    (shape) =>
      (shape.closed !== true || countNames(stage.input, input, TRANSPORT).foreign === 0) &&
      sideFits(shape.input, stage.input, TRANSPORT) &&
      sideFits(shape.output, stage.output, ANY_OUTPUT),
  )
}

/** Whether most of the names are those of the type. */
function isAtHome(candidate: Candidate, stage: StageNames): boolean {
  const input = countNames(stage.input, candidate.input, TRANSPORT)
  if (input.foreign > 0 && input.foreign >= input.own) return false
  if (candidate.output === null) return true
  const output = countNames(stage.output, candidate.output, ANY_OUTPUT)
  return output.foreign <= output.own
}

function countNames(side: SideNames, own: ReadonlySet<string>, neutral: ReadonlySet<string>) {
  const count = { own: 0, foreign: 0 }
  for (const name of side.members) {
    if (own.has(name)) count.own += 1
    else if (!neutral.has(name)) count.foreign += 1
  }
  return count
}

function sideFits(shape: SideShape | undefined, side: SideNames, neutral: ReadonlySet<string>): boolean {
  if (shape === undefined) return true
  if (shape.none === true) return [...side.members].every((name) => neutral.has(name))
  const has = (name: string): boolean => side.members.has(name) || side.inner.has(name)
  const { all = [], of = [], least = 0 } = shape
  return all.every(has) && of.filter(has).length >= least
}

/** The fewest names that fit a shape: the first of `of` where it leaves a choice. */
export function leastNames(shape: Shape): StageNames {
  return { input: leastOf(shape.input), output: leastOf(shape.output) }
}

function leastOf(side: SideShape | undefined): SideNames {
  const names = [...(side?.all ?? []), ...(side?.of ?? []).slice(0, side?.least ?? 0)]
  return {
    members: new Set(names.map((name) => name.split(/[.[]/, 1)[0] ?? name)),
    inner: new Set(names.filter((name) => name.includes('.'))),
  }
}
