import type { OutcomeKind } from '../core/outcome.js'

export interface FloodBounds {
  /** Share of dead letters at which it is a flood. */
  readonly share: number
  /** Outcomes over which the share is taken; there is no flood before there are as many. */
  readonly window: number
}

/** Watches the share of dead letters among the events that ended last. */
export interface FloodWatch {
  /** An outcome was committed. Out: whether dead letters flood now. */
  count(outcome: OutcomeKind): boolean
  /** An operator accepts the flood: the rule rests until the share has once been under its bound. */
  accept(): void
}

/**
 * Tells a flood of dead letters: it is more likely us than the data.
 *
 * In:     bounds   null: there is never a flood. A delay is no end and does not count
 * Source: product.md section 8
 */
export function createFloodWatch(bounds: FloodBounds | null): FloodWatch {
  if (bounds === null) return { count: () => false, accept: () => undefined }
  const { share, window } = bounds
  const isDead = new Uint8Array(window)
  let counted = 0
  let dead = 0
  let rests = false

  return {
    count(outcome) {
      if (outcome === 'DELAYED') return false
      const at = counted % window
      const now = outcome === 'DEAD' ? 1 : 0
      dead += now - (isDead[at] ?? 0)
      isDead[at] = now
      counted += 1
      const floods = counted >= window && dead / window >= share
      if (!floods) rests = false
      return floods && !rests
    },
    accept() {
      rests = true
    },
  }
}
