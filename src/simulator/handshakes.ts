import type { Canary, Draw } from './draw.js'
import { flowIdFor, stageIdFor, uuidFor } from './ids.js'
import type { Tree, TreeObject } from './json.js'
import { planted } from './plant.js'
import { STAGE_VARIANTS, type StageChoice } from './stages/index.js'
import { STAGE_TYPES, type StageType, type Variants } from './stages/model.js'

/** What a handshake is: its names, its stages and what they hold. */

export interface SimulatedStage {
  readonly stageId: string
  readonly stageType: StageType
  readonly variant: string
}

/** A handshake without its answer: what the webhook and the answer both tell. */
export interface Handshake extends Identity {
  readonly handshakeId: string
  readonly flowId: string
  readonly snapshot: string | null
  readonly stages: readonly SimulatedStage[]
  readonly result: TreeObject
}

export interface Identity {
  readonly number: string
  readonly tag: string
  readonly requestId: string
  /** epoch milliseconds */
  readonly updated: number
}

export interface FlowCatalogue {
  readonly flowId: string
  readonly stages: Readonly<Record<string, StageType>>
}

const MAX_MIXED_STAGES = 5

/** A flow with what its handshakes need of it. */
export interface Flow extends FlowCatalogue {
  readonly snapshot: string | null
  /** one id for each time a type is in the list of choices */
  readonly stageIds: ReadonlyMap<StageType, readonly string[]>
}

/**
 * Makes flow number `flow` of a seed.
 *
 * In:     choices   the stage types it has; none means all
 */
export function createFlow(seed: number, flow: number, choices: readonly StageChoice[]): Flow {
  const stageIds = new Map<StageType, string[]>()
  for (const type of choices.length === 0 ? STAGE_TYPES : choices.map((choice) => choice.stageType)) {
    const ids = stageIds.get(type) ?? []
    ids.push(stageIdFor(seed, flow, ids.length === 0 ? type : `${type} ${ids.length + 1}`))
    stageIds.set(type, ids)
  }
  return {
    flowId: flowIdFor(seed, flow),
    // The third flow is a draft: drafts have no snapshot.
    snapshot: flow === 2 ? null : uuidFor(seed, `snapshot ${flow}`),
    stageIds,
    stages: Object.fromEntries([...stageIds].flatMap(([type, ids]) => ids.map((id) => [id, type] as const))),
  }
}

export interface HandshakeDraw {
  readonly draw: Draw
  readonly handshakeId: string
  readonly flow: Flow
  readonly choices: readonly StageChoice[]
  readonly canary: Canary | null
  /** the sequence that fills the stages; null: the handshake's own */
  readonly contents: Contents | null
}

/** What fills the stages: a sequence of a name, and a mark written into it. */
export interface Contents {
  readonly name: string
  readonly mark: string
}

/**
 * Draws a handshake: the same for the same seed, choices, id and contents.
 */
export function drawHandshake(from: HandshakeDraw): Handshake {
  const { draw, handshakeId, flow } = from
  const identity = drawIdentity(draw, handshakeId, from.canary)
  const stages = drawStages(draw, flow, from.choices)
  if (from.contents !== null) draw.restart(from.contents.name, from.contents.mark)
  const { flowId, snapshot } = flow
  const filled = fillStages(draw, stages)
  const result = from.canary === null ? filled : planted(filled, stages, from.canary)
  return { handshakeId, ...identity, flowId, snapshot, stages, result }
}

/**
 * Draws what names a handshake; begins its sequence.
 */
export function drawIdentity(draw: Draw, handshakeId: string, canary: Canary | null): Identity {
  draw.restart(handshakeId)
  const number = draw.number()
  const tag = draw.pick([draw.digits(6), `TAG${draw.digits(6)}`, `REF-${draw.digits(4)}`])
  const requestId = draw.uuid()
  const updated = draw.time()
  return { number, tag: canary === null ? tag : `${tag} ${canary.aadhaar}`, requestId, updated }
}

/**
 * Draws which stages there are and how each comes out; with choices, those and no others.
 */
export function drawStages(draw: Draw, flow: Flow, choices: readonly StageChoice[]): SimulatedStage[] {
  const seen = new Map<StageType, number>()
  return (choices.length === 0 ? drawTypes(draw) : choices).map(({ stageType, variant }) => {
    const nth = seen.get(stageType) ?? 0
    seen.set(stageType, nth + 1)
    return {
      stageId: flow.stageIds.get(stageType)?.[nth] ?? '',
      stageType,
      variant: variant ?? drawVariant(draw, STAGE_VARIANTS[stageType]),
    }
  })
}

/**
 * Draws what the stages hold.
 *
 * Out:    the `result` object, members in the order of the stages
 */
export function fillStages(draw: Draw, stages: readonly SimulatedStage[]): TreeObject {
  const result: { [stageId: string]: Tree } = {}
  for (const { stageId, stageType, variant } of stages) {
    const content = STAGE_VARIANTS[stageType][variant]?.make(draw)
    result[stageId] = { input: content?.input, output: content?.output }
  }
  return result
}

function drawTypes(draw: Draw): StageChoice[] {
  const rest = [...STAGE_TYPES]
  const count = draw.int(1, MAX_MIXED_STAGES)
  return Array.from({ length: count }, () => {
    const [stageType = 'PAN'] = rest.splice(draw.int(0, rest.length - 1), 1)
    return { stageType, variant: null }
  })
}

function drawVariant(draw: Draw, variants: Variants): string {
  const entries = Object.entries(variants)
  let left = draw.next() * entries.reduce((sum, [, variant]) => sum + variant.share, 0)
  for (const [name, variant] of entries) {
    left -= variant.share
    if (left < 0) return name
  }
  return entries[0]?.[0] ?? ''
}
