import type { TopicPartition } from '../core/model.js'
import type { SourceListener } from '../core/ports.js'
import type { Rate } from '../core/rate.js'

/** What a partition of a retry or replay topic counts for, beside 1 of an events topic: who reads only those can call too. */
const OTHER_WEIGHT = 0.01

/**
 * The part of the group's rate that goes with an assignment.
 *
 * The calls of a second are dealt out to the partitions one by one, in an order that all members know, so that each has whole
 * ones: parts of calls, rounded up by each process, would be more than the rate together. Who gets none has the part of its
 * partitions all the same, a call a second at most: that is possible only with fewer calls a second than partitions.
 *
 * In:     assigned   of this process
 *         group      what all of it has
 * Out:    0 to 1; the parts of all members are 1 together where each has a whole call
 * Source: product.md P6
 */
export function shareOf(assigned: readonly TopicPartition[], group: GroupRate): number {
  const slots = slotsOf(assigned, group)
  const whole = slots.reduce((sum, { weight }) => sum + weight, 0)
  if (whole === 0) return 0
  const mine = slots.filter(({ isMine }) => isMine)
  const exact = mine.reduce((sum, { weight }) => sum + weight, 0) / whole
  if (group.perSecond === null) return exact
  const calls = dealt(slots, whole, group.perSecond)
  return calls === 0 ? Math.min(exact, 1 / group.perSecond) : calls / group.perSecond
}

export interface GroupRate {
  /** Partitions of each topic that the group reads; a topic that is missing counts what is assigned of it. */
  readonly counts: ReadonlyMap<string, number>
  readonly eventTopics: readonly string[]
  /** Calls a second of the group; null: no bound. */
  readonly perSecond: number | null
}

interface Slot {
  readonly weight: number
  readonly isMine: boolean
}

/** Every partition of the group, in the order in which all members have them. */
function slotsOf(assigned: readonly TopicPartition[], { counts, eventTopics }: GroupRate): Slot[] {
  const mine = new Map<string, Set<number>>()
  for (const { topic, partition } of assigned) {
    const known = mine.get(topic) ?? new Set()
    mine.set(topic, known.add(partition))
  }
  const topics = [...new Set([...mine.keys(), ...counts.keys()])].sort()
  return topics.flatMap((topic) => {
    const own = mine.get(topic) ?? new Set()
    const count = Math.max(counts.get(topic) ?? own.size, ...[...own].map((partition) => partition + 1))
    const weight = eventTopics.includes(topic) ? 1 : OTHER_WEIGHT
    return Array.from({ length: count }, (_, partition) => ({ weight, isMine: own.has(partition) }))
  })
}

/** Sums of weights are not exact. */
const TINY = 1e-9

/** Calls a second that fall to partitions of ours; a fraction falls to the last partition. */
function dealt(slots: readonly Slot[], whole: number, perSecond: number): number {
  let upTo = 0
  let before = 0
  let calls = 0
  for (const [index, { weight, isMine }] of slots.entries()) {
    upTo += weight
    const after = index === slots.length - 1 ? perSecond : Math.floor((perSecond * upTo) / whole + TINY)
    if (isMine) calls += after - before
    before = after
  }
  return calls
}

interface GroupSettings {
  readonly topics: { readonly events: readonly string[] }
  readonly fetch: { readonly ratePerSecond: number | null }
}

/** A listener that tells the rate its share at each assignment, before anything of it is read. */
export function withRateShare(
  listener: SourceListener,
  rate: Pick<Rate, 'share'>,
  { topics, fetch }: GroupSettings,
): SourceListener {
  const group = { eventTopics: topics.events, perSecond: fetch.ratePerSecond }
  return {
    revoking: () => listener.revoking(),
    assigned(partitions, counts = new Map()) {
      rate.share(shareOf(partitions, { ...group, counts }))
      listener.assigned(partitions, counts)
    },
    messages: (at, batch, endOffset) => listener.messages(at, batch, endOffset),
    heartbeat: () => listener.heartbeat(),
    outOfRange: (at) => listener.outOfRange(at),
  }
}
