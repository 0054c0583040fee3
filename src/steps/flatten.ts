import type { FailureCode } from '../core/failure.js'
import {
  firstOf,
  isEmpty,
  isNamed,
  type JsonNode,
  type JsonTape,
  kindOf,
  nextOf,
  stringText,
  valueAfter,
} from '../core/json/tape.js'
import { dead, ok, type Step, skip } from '../core/outcome.js'
import type { FlatStage } from '../core/records.js'
import type { StageNames, StageType, StageTypeOf } from '../core/stage-type.js'
import { distinctNames } from './distinct-names.js'
import { traceId } from './envelope.js'
import { createMedia, type TakeMedia } from './media.js'
import { PathTree, type Place } from './path-tree.js'
import { isPending } from './pending.js'
import type { Protect, Scope } from './protect.js'
import { stageNames } from './stage-names.js'
import { type FlattenLimits, newPathBudget, StageWalk, type WalkParts } from './stage-walk.js'
import { versionOf } from './verified.js'
import type { TrustedResult } from './verify.js'

export interface FlattenOptions {
  readonly stageTypeOf: StageTypeOf
  readonly limits: FlattenLimits
  readonly protect: Protect
  /** What becomes of media; dropped, with their size, if left out. */
  readonly takeMedia?: TakeMedia
}

export type Flatten = (trusted: TrustedResult, flowId: string | null) => Step<readonly FlatStage[]>

const STAGE_ID = /^[A-Za-z0-9_-]{1,64}$/

/** Where one stage lies in the result. */
interface StageAt {
  readonly id: string
  readonly node: JsonNode
}

interface NamedStage extends StageAt {
  readonly recordId: string
  readonly type: StageType
}

/**
 * Makes one flat stage of each stage of a signed result, privacy rules applied on the way.
 *
 * In:     trusted   the tape of the text that was hashed
 *         flowId    of the event; the type of a stage may depend on it
 * Out:    the stages in received order. Maps from path to text have no prototype; null where a rule dropped the value.
 *         Members beside `input` and `output` are in `extra`, so that the full path of `a.b` there is `extra.a.b`. Member names
 *         and stage ids that are masked alike get a suffix (`-2`), so that no value takes another's place
 * Fails:  no-stages (a skip), result-unexpected-shape, result-over-limits. A failure counts stages and names no member
 * Source: product.md sections 6 and 9
 */
export function createFlatten(options: FlattenOptions): Flatten {
  const { limits, protect, stageTypeOf, takeMedia = createMedia() } = options
  const tree = new PathTree(protect)
  return (trusted, flowId) => {
    const { tape, node } = trusted
    const fail = (code: FailureCode, detail: string): Step<never> =>
      dead({ code, detail, ...traceId(trusted.requestId) })
    const kind = kindOf(tape, node)
    if (kind !== 'object') return fail('result-unexpected-shape', `result is of kind ${kind}`)
    if (isEmpty(tape, node)) return skip('no-stages')
    const stages = stagesOf(tape, node, protect)
    if (typeof stages === 'string') return fail('result-unexpected-shape', stages)
    if (stages.length > limits.stages) return fail('result-over-limits', `more than ${limits.stages} stages`)
    tree.trim()
    const parts: WalkParts = { tape, tree, protect, limits, takeMedia, budget: newPathBudget() }
    const version = versionOf(trusted.verification)
    const flat: FlatStage[] = []
    for (const stage of stages) {
      const names = (): StageNames => stageNames(tape, stage.node)
      const named: NamedStage = {
        ...stage,
        recordId: `${trusted.handshakeId}/${stage.id}@${version}`,
        type: stageTypeOf(flowId, stage.id, names),
      }
      const one = flattenStage(parts, named)
      if (typeof one === 'string') return fail('result-over-limits', `stage ${flat.length + 1}: ${one}`)
      flat.push(one)
    }
    return ok(flat)
  }
}

/** Out: the stages, or what is wrong with one. */
function stagesOf(tape: JsonTape, result: JsonNode, protect: Protect): StageAt[] | string {
  const stages: StageAt[] = []
  const after = nextOf(tape, result)
  let masked: ReadonlyMap<JsonNode, string> | null = null
  for (let name = firstOf(result); name < after; name = nextOf(tape, valueAfter(name))) {
    const node = valueAfter(name)
    const id = stringText(tape, name)
    if (!STAGE_ID.test(id)) return `stage ${stages.length + 1} has an id of an unknown form`
    const kind = kindOf(tape, node)
    if (kind !== 'object') return `stage ${stages.length + 1} is of kind ${kind}`
    if (protect.name(id) !== id) masked ??= distinctNames(tape, result, protect)
    stages.push({ id: masked?.get(name) ?? id, node })
  }
  return stages
}

const stageScope = (protect: Protect, { id, type }: NamedStage): Scope =>
  protect.stageOf(type.stageType, id, type.rulesType)

/** Out: the stage, or the limit that it passes. */
function flattenStage(parts: WalkParts, stage: NamedStage): FlatStage | string {
  const { tape, tree } = parts
  const columns = tree.columnsOf(stageScope(parts.protect, stage))
  const walk = new StageWalk(parts, stage.recordId)
  const after = nextOf(tape, stage.node)
  let pending = false
  for (let name = firstOf(stage.node); name < after; name = nextOf(tape, valueAfter(name))) {
    const value = valueAfter(name)
    let place: Place | null
    if (isNamed(tape, name, 'input')) place = columns.input
    else if (isNamed(tape, name, 'output')) {
      place = columns.output
      pending = isPending(tape, value)
    } else place = walk.member(stage.node, name, columns.extra)
    if (place === null || !walk.add(value, place)) break
  }
  if (walk.over !== null) return walk.over
  const { input, output, extra, kinds, redactions, media } = walk
  const valid = output['valid']
  return {
    recordId: stage.recordId,
    stageId: stage.id,
    stageType: stage.type.stageType,
    stageTypeSource: stage.type.stageTypeSource,
    status: pending ? 'PENDING' : 'COMPLETE',
    valid: valid === 'true' ? true : valid === 'false' ? false : null,
    input,
    output,
    extra,
    kinds,
    redactions,
    ...(media.length === 0 ? {} : { media }),
  }
}
