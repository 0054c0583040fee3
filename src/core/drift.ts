import type { Log, Metrics } from './ports.js'

/**
 * How stages differ from the catalogue: a field it does not know, a value of another kind than it says, a date that cannot be
 * read as one. Labels of a metric: add, never rename.
 */
export const DRIFT_KINDS = ['unknown-field', 'other-kind', 'unparsed-date'] as const
export type DriftKind = (typeof DRIFT_KINDS)[number]

export interface DriftEntry {
  readonly stageType: string
  /** Of the catalogue: names that it does not know are data, and told by the place where they were found. */
  readonly path: string
  readonly drift: DriftKind
  readonly count: number
}

export interface Drift {
  saw(entry: DriftEntry): void
  /** Since the start, in the order in which they were first seen. */
  list(): readonly DriftEntry[]
}

/**
 * Counts drift, and logs each place of it once. It grows no further than the catalogue has paths.
 *
 * Source: product.md section 11, /status: drift
 */
export function createDrift(log: Pick<Log, 'warn'>, metrics: Pick<Metrics, 'add'>): Drift {
  const entries = new Map<string, DriftEntry>()
  return {
    saw(entry) {
      const { stageType, path, drift, count } = entry
      const key = `${stageType} ${path} ${drift}`
      const known = entries.get(key)
      entries.set(key, known === undefined ? entry : { ...entry, count: known.count + count })
      metrics.add('attestr_drift_total', count, { stage_type: stageType, path, drift })
      if (known === undefined) log.warn('stage-drift', { stageType, path, drift })
    },
    list: () => [...entries.values()],
  }
}
