import { createCatalogue } from '../../src/catalogue/index.js'
import { layoutOf } from '../../src/catalogue/layout.js'
import type { UserTypes } from '../../src/catalogue/user.js'
import { createDrift, type DriftEntry } from '../../src/core/drift.js'
import type { Chain, HandshakeEvent } from '../../src/core/model.js'
import type { FlatStage, TypedRecord, VerifiedStage } from '../../src/core/records.js'
import { createFlatten } from '../../src/steps/flatten.js'
import type { Protect } from '../../src/steps/protect.js'
import { createTyped, type TypedOf } from '../../src/steps/typed.js'
import { verifiedStages } from '../../src/steps/verified.js'
import { LIMITS, NO_RULES, trusted } from '../support/flattening.js'
import { chain, handshake, protect, verification } from './route-support.js'

export interface Seen {
  readonly typedOf: TypedOf
  readonly drift: () => readonly DriftEntry[]
  /** Places that were logged. */
  readonly logged: string[]
}

/** The step over every type of the catalogue, and what it tells. */
export function typedStep(userTypes: UserTypes = {}): Seen {
  const logged: string[] = []
  const drift = createDrift(
    { warn: (_, fields = {}) => logged.push(`${fields['stageType']} ${fields['path']} ${fields['drift']}`) },
    { add: () => undefined },
  )
  const layouts = createCatalogue(userTypes).types.map(layoutOf)
  return { typedOf: createTyped(layouts, drift), drift: drift.list, logged }
}

/** The flat stage of a result with one stage of this type. */
export function flatStage(stageType: string, members: string, rules: Protect = NO_RULES): FlatStage {
  const flatten = createFlatten({
    ...{ limits: LIMITS, protect: rules },
    stageTypeOf: () => ({ stageType, stageTypeSource: 'CATALOGUE', rulesType: stageType }),
  })
  const step = flatten(trusted(`{"FS0a":${members}}`), null)
  if (step.kind !== 'ok') throw new Error(JSON.stringify(step))
  const [stage] = step.value
  if (stage === undefined) throw new Error('no stage')
  return stage
}

/** The long records of stages, as the route step makes them. */
export function longRecords(stages: readonly FlatStage[], json = false): VerifiedStage[] {
  const event: HandshakeEvent = handshake()
  const result = {
    ...{ chain: chain as Chain, event, stages, verification },
    envelope: { number: null, requestId: null, tag: null },
    fetchedAt: 3,
  }
  return verifiedStages(result, { protect, json })
}

/** The typed record of one stage. */
export function typedRecord(
  stageType: string,
  members: string,
  { rules = NO_RULES, seen = typedStep() }: { readonly rules?: Protect; readonly seen?: Seen } = {},
): TypedRecord {
  const [record] = longRecords([flatStage(stageType, members, rules)])
  const row = record === undefined ? null : seen.typedOf(record)
  if (row === null) throw new Error('no typed record')
  return row
}
