import type { TopicPartition } from '../../core/model.js'

/** One text for a partition, for maps. */
export const partitionKey = (at: TopicPartition): string => `${at.topic}/${at.partition}`

/** The committed offsets of all groups. What a transaction holds back is not here before it is committed. */
export interface OffsetStore {
  commit(groupId: string, at: TopicPartition, offset: number): void
  /** Null: none. */
  committed(groupId: string, at: TopicPartition): number | null
  /** The highest offset that was ever committed: a plain commit that comes late puts `committed` back. Null: none. */
  furthest(groupId: string, at: TopicPartition): number | null
  /** Forgets all offsets of a group, as a broker does when they expire. */
  expire(groupId: string): void
}

interface Offsets {
  readonly last: number
  readonly furthest: number
}

export function createOffsetStore(): OffsetStore {
  const groups = new Map<string, Map<string, Offsets>>()
  const offsetsOf = (groupId: string, at: TopicPartition): Offsets | undefined =>
    groups.get(groupId)?.get(partitionKey(at))
  return {
    commit(groupId, at, offset) {
      const group = groups.get(groupId) ?? new Map<string, Offsets>()
      groups.set(groupId, group)
      const furthest = Math.max(offset, offsetsOf(groupId, at)?.furthest ?? offset)
      group.set(partitionKey(at), { last: offset, furthest })
    },
    committed: (groupId, at) => offsetsOf(groupId, at)?.last ?? null,
    furthest: (groupId, at) => offsetsOf(groupId, at)?.furthest ?? null,
    expire(groupId) {
      groups.delete(groupId)
    },
  }
}
