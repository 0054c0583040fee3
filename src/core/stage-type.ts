import type { StageTypeSource } from './records.js'

/** `catalogue` of the configuration: stage id to type, everywhere or within one flow. */
export interface StageCatalogue {
  readonly stages: Readonly<Record<string, string>>
  readonly flows: Readonly<Record<string, Readonly<Record<string, string>>>>
}

export interface StageType {
  readonly stageType: string | null
  readonly stageTypeSource: StageTypeSource
  /** The type whose privacy rules hold: the same, but what the shape tells where nobody knows the type that is named. */
  readonly rulesType: string | null
}

/** The names on one side of a stage: of its members, and of the members of these (`items[].employer`, `address.city`). */
export interface SideNames {
  readonly members: ReadonlySet<string>
  readonly inner: ReadonlySet<string>
}

export interface StageNames {
  readonly input: SideNames
  readonly output: SideNames
}

/** A guess by names alone: null where no type fits, or more than one does. */
export type ShapeOf = (stage: StageNames) => string | null

/** `names` is asked only where the configuration names no type. */
export type StageTypeOf = (flowId: string | null, stageId: string, names: () => StageNames) => StageType

export interface StageTypeParts {
  readonly catalogue: StageCatalogue
  readonly shapeOf: ShapeOf
  /** Whether there is a type of this name. */
  readonly isKnown: (stageType: string) => boolean
}

const UNKNOWN: StageType = { stageType: null, stageTypeSource: 'UNKNOWN', rulesType: null }

/**
 * Names the type of a stage, which the API does not send.
 *
 * Out:    the type of the flow's own list, else of the common one, else what the shape tells, marked SHAPE, else null with
 *         UNKNOWN: a guess is never passed off as known
 * Source: product.md sections 7 (stageType, stageTypeSource) and 10 (catalogue)
 */
export function createStageTypeOf({ catalogue, shapeOf, isKnown }: StageTypeParts): StageTypeOf {
  // Maps, because ids come from outside: `__proto__` is then an id like any other.
  const common = index(catalogue.stages)
  const flows = new Map(Object.entries(catalogue.flows).map(([flowId, stages]) => [flowId, index(stages)]))
  return (flowId, stageId, names) => {
    const own = flowId === null ? undefined : flows.get(flowId)?.get(stageId)
    const known = own ?? common.get(stageId)
    if (known?.stageType != null)
      return isKnown(known.stageType) ? known : { ...known, rulesType: shapeOf(names()) }
    const guess = shapeOf(names())
    return guess === null ? UNKNOWN : { stageType: guess, stageTypeSource: 'SHAPE', rulesType: guess }
  }
}

function index(stages: Readonly<Record<string, string>>): Map<string, StageType> {
  return new Map(
    Object.entries(stages).map(([stageId, stageType]) => [
      stageId,
      { stageType, stageTypeSource: 'CATALOGUE', rulesType: stageType },
    ]),
  )
}
