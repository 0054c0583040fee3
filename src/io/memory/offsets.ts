import type { TopicPartition } from '../../core/model.js'

/** One text for a partition, for maps. */
export const partitionKey = (at: TopicPartition): string => `${at.topic}/${at.partition}`

/** The committed offsets of all groups. What a transaction holds back is not here before it is committed. */
export interface OffsetStore {
  commit(groupId: string, at: TopicPartition, offset: number): void
  /** Null: none. */
  committed(groupId: string, at: TopicPartition): number | null
  /** Forgets all offsets of a group, as a broker does when they expire. */
  expire(groupId: string): void
}

export function createOffsetStore(): OffsetStore {
  const groups = new Map<string, Map<string, number>>()
  return {
    commit(groupId, at, offset) {
      const group = groups.get(groupId) ?? new Map<string, number>()
      groups.set(groupId, group)
      group.set(partitionKey(at), offset)
    },
    committed: (groupId, at) => groups.get(groupId)?.get(partitionKey(at)) ?? null,
    expire(groupId) {
      groups.delete(groupId)
    },
  }
}
