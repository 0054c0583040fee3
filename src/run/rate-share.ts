import type { TopicPartition } from '../core/model.js'
import type { SourceListener } from '../core/ports.js'
import type { Rate } from '../core/rate.js'

/** What a partition of a retry or replay topic counts for, beside 1 of an events topic: who reads only those can call too. */
const OTHER_WEIGHT = 0.01

/** Parts of what the group may send, 0 to 1. */
export interface Share {
  readonly ofSecond: number
  readonly ofDay: number
}

export interface GroupRate {
  /** Partitions of each topic that the group reads; a topic that is missing counts what is assigned of it. */
  readonly counts: ReadonlyMap<string, number>
  readonly eventTopics: readonly string[]
  /** Calls a second of the group; null: no bound. */
  readonly perSecond: number | null
}

/**
 * What of the group's rate goes with an assignment.
 *
 * With a call a second or more for each partition of events, whole calls are dealt out to them: parts of calls, which each
 * process rounds up, would be more than the rate together. Those that are left over go to the first partitions, one each, so
 * that members with partitions in turn differ by one at most.
 *
 * Out:    the parts of all members are 1 together; one that reads retry topics alone has next to nothing besides
 * Source: product.md P6
 */
export function shareOf(assigned: readonly TopicPartition[], group: GroupRate): Share {
  const ofDay = exactPart(assigned, group)
  const calls = dealtCalls(assigned, group)
  return { ofSecond: calls === null ? ofDay : calls / (group.perSecond ?? 1), ofDay }
}

function exactPart(assigned: readonly TopicPartition[], { counts, eventTopics }: GroupRate): number {
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

/** Calls a second for our partitions of events. Null: there are too few to be dealt out, or we have no such partition. */
function dealtCalls(
  assigned: readonly TopicPartition[],
  { counts, eventTopics, perSecond }: GroupRate,
): number | null {
  const topics = [...new Set(eventTopics)].sort()
  const all = topics.flatMap((topic) =>
    Array.from({ length: counts.get(topic) ?? 0 }, (_, partition) => `${topic} ${partition}`),
  )
  const mine = new Set(assigned.map(({ topic, partition }) => `${topic} ${partition}`))
  const own = all.map((name, index) => ({ index, isMine: mine.has(name) })).filter(({ isMine }) => isMine)
  if (perSecond === null || perSecond < all.length || own.length === 0) return null
  const each = Math.floor(perSecond / all.length)
  const over = perSecond - each * all.length
  // A fraction goes to the partition behind those that get a whole one.
  return own.reduce((sum, { index }) => sum + each + Math.min(1, Math.max(0, over - index)), 0)
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
      const { ofSecond, ofDay } = shareOf(partitions, { ...group, counts })
      rate.share(ofSecond, ofDay)
      listener.assigned(partitions, counts)
    },
    messages: (at, batch, endOffset) => listener.messages(at, batch, endOffset),
    heartbeat: () => listener.heartbeat(),
    outOfRange: (at) => listener.outOfRange(at),
  }
}
