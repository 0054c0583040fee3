import type { TopicPartition } from '../core/model.js'
import type { EventSource } from '../core/ports.js'

/** Why a partition is not read. Source: product.md section 8. */
export type PauseReason = 'opening' | 'full' | 'draining' | 'events-lost' | 'due' | SystemPause

/** Reasons that all partitions have together. */
export type SystemPause = 'systemic' | 'flood'

/** A partition is paused for a set of reasons and read again only when the set is empty. */
export interface PauseSet {
  add(reason: PauseReason): void
  delete(reason: PauseReason): void
  reasons(): readonly PauseReason[]
}

/** In: a partition that the source has paused for the reason `opening`. */
export function createPauseSet(source: Pick<EventSource, 'pause' | 'resume'>, at: TopicPartition): PauseSet {
  const reasons = new Set<PauseReason>(['opening'])
  return {
    add(reason) {
      if (reasons.size === 0) source.pause(at)
      reasons.add(reason)
    },
    delete(reason) {
      if (reasons.delete(reason) && reasons.size === 0) source.resume(at)
    },
    reasons: () => [...reasons],
  }
}
