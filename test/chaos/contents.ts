/** Compares what lies in the verified topic with what the API holds: nothing tampered may stand there. */
import { isDeepStrictEqual } from 'node:util'
import { PRIVACY_DEFAULTS } from '../../src/core/privacy-rule.js'
import type { VerifiedStage } from '../../src/core/records.js'
import type { ResultSource } from '../../src/simulator/results.js'
import { placeOf } from '../support/judge.js'
import { NumberText, type Rebuilt, rebuild } from '../support/rebuild.js'

/** Keeps every value: a rule that drops some would hide what was changed in them. */
export const KEEP_ALL = {
  privacy: { defaults: Object.fromEntries(PRIVACY_DEFAULTS.map((name) => [name, 'keep'])) },
}

export interface ContentCheck {
  inspect(record: VerifiedStage): void
  /** Handshakes that were compared whole. */
  compared(): number
  /** Ids of those whose records are not the result of the API. */
  readonly changed: readonly string[]
}

/** In: the source of the right results; asked when all records of an event have come. */
export function createContentCheck(source: () => ResultSource): ContentCheck {
  const open = new Map<string, VerifiedStage[]>()
  const changed: string[] = []
  let compared = 0
  return {
    changed,
    compared: () => compared,
    inspect(record) {
      const key = `${placeOf(record.origin)} ${record.attempt}`
      const stages = open.get(key) ?? []
      stages.push(record)
      if (stages.length < record.stageCount) {
        open.set(key, stages)
        return
      }
      open.delete(key)
      compared += 1
      const right: unknown = JSON.parse(source().resultFor(record.handshakeId).resultBytes.toString('utf8'))
      if (!isDeepStrictEqual(plain(rebuild(stages)), right)) changed.push(record.handshakeId)
    },
  }
}

function plain(value: Rebuilt): unknown {
  if (value instanceof NumberText) return Number(value.text)
  if (Array.isArray(value)) return value.map(plain)
  if (value instanceof Map) return Object.fromEntries([...value].map(([name, inner]) => [name, plain(inner)]))
  return value
}
