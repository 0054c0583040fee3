import type { TopicPartition } from '../core/model.js'
import type { SourceListener } from '../core/ports.js'
import type { Rate } from '../core/rate.js'

/** What a partition of a retry or replay topic counts for, beside 1 of an events topic: who reads only those can call too. */
const OTHER_WEIGHT = 0.01

/**
 * The part of the group's rate that goes with an assignment.
 *
 * In:     counts   partitions of each topic that the group reads; a topic that is missing counts what is assigned of it
 * Out:    0 to 1; the parts of all members are 1 together
 * Source: product.md P6
 */
export function shareOf(
  assigned: readonly TopicPartition[],
  counts: ReadonlyMap<string, number>,
  eventTopics: readonly string[],
): number {
  const mine = new Map<string, number>()
  for (const { topic } of assigned) mine.set(topic, (mine.get(topic) ?? 0) + 1)
  let part = 0
  let whole = 0
  for (const topic of new Set([...mine.keys(), ...counts.keys()])) {
    const weight = eventTopics.includes(topic) ? 1 : OTHER_WEIGHT
    const own = mine.get(topic) ?? 0
    part += weight * own
    whole += weight * Math.max(own, counts.get(topic) ?? 0)
  }
  return whole === 0 ? 0 : part / whole
}

/** A listener that tells the rate its share at each assignment, before anything of it is read. */
export function withRateShare(
  listener: SourceListener,
  rate: Pick<Rate, 'share'>,
  eventTopics: readonly string[],
): SourceListener {
  return {
    revoking: () => listener.revoking(),
    assigned(partitions, counts = new Map()) {
      rate.share(shareOf(partitions, counts, eventTopics))
      listener.assigned(partitions, counts)
    },
    messages: (at, batch, endOffset) => listener.messages(at, batch, endOffset),
    heartbeat: () => listener.heartbeat(),
    outOfRange: (at) => listener.outOfRange(at),
  }
}
