import type { OutcomeKind } from '../core/outcome.js'
import type { Lane } from './lane.js'
import type { SystemPause } from './pauses.js'

/** What a lane tells the system, and asks of it. */
export interface LaneSystem {
  /** Told of each end that was committed. */
  readonly onOutcome?: (outcome: OutcomeKind) => void
  /** Events that the system holds, by their signals: nothing of theirs is under way. */
  readonly onHold?: () => ReadonlySet<AbortSignal>
}

/** What the supervisor asks of the lanes. */
export interface PausedLanes {
  pauseAll(reason: SystemPause): void
  resumeAll(reason: SystemPause): void
  /** Lets one event in all the same. In: how many wait for a permit. Out: whether one may ask for it soon. */
  admitOne(waiting: number): boolean
  /** Of each lane the event that all others of it wait behind. */
  heads(): ReadonlySet<AbortSignal>
}

/** What all lanes are paused for together. A paused lane is not read, and admits nothing of what was read before. */
export interface SystemPauses extends PausedLanes {
  /** A lane was made: it is paused like the others. */
  joined(lane: Lane): void
  /** Messages were offered to a lane. */
  offered(lane: Lane): void
}

/**
 * Pauses lanes, and lets one event in where a probe needs one.
 *
 * In:     lanes   those there are now
 * Source: product.md section 8
 */
export function createSystemPauses(lanes: () => readonly Lane[]): SystemPauses {
  return new AllLanes(lanes)
}

class AllLanes implements SystemPauses {
  private readonly lanes: () => readonly Lane[]
  private readonly reasons = new Set<SystemPause>()
  /** Partitions are read until a message comes: nothing that was read waits, and a probe needs an event. */
  private samples = false

  constructor(lanes: () => readonly Lane[]) {
    this.lanes = lanes
  }

  pauseAll(reason: SystemPause): void {
    this.reasons.add(reason)
    for (const lane of this.lanes()) this.apply(lane)
  }

  resumeAll(reason: SystemPause): void {
    if (!this.reasons.delete(reason)) return
    if (reason === 'systemic') this.samples = false
    for (const lane of this.lanes()) {
      lane.pauses.delete(reason)
      lane.admission.open = this.reasons.size === 0
    }
  }

  joined(lane: Lane): void {
    this.apply(lane)
  }

  private apply(lane: Lane): void {
    for (const reason of this.reasons) {
      if (reason === 'flood' || !this.samples) lane.pauses.add(reason)
    }
    lane.admission.open = this.reasons.size === 0
  }

  admitOne(waiting: number): boolean {
    if (this.reasons.has('flood')) return false
    const lanes = this.lanes()
    const working = lanes.reduce((sum, lane) => sum + lane.working().length, 0)
    // Others are held: they ask as soon as their own wait is over.
    if (working > waiting || lanes.some((lane) => lane.admission.admitOne())) return true
    if (this.samples) return false
    this.samples = true
    for (const lane of lanes) lane.pauses.delete('systemic')
    return true
  }

  offered(lane: Lane): void {
    if (!this.samples || !lane.admission.admitOne()) return
    this.samples = false
    for (const one of this.lanes()) this.apply(one)
  }

  heads(): ReadonlySet<AbortSignal> {
    return new Set(this.lanes().flatMap((lane) => lane.working().slice(0, 1)))
  }
}
