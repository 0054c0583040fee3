import type { TopicPartition } from '../../core/model.js'
import type { StartOffset } from '../../core/ports.js'
import type { KafkaAdmin } from './admin.js'
import { createGathered } from './gathered.js'

/**
 * Where partitions go on, one question a topic.
 *
 * Without a committed offset: the start of the log (a first start from the end commits its offsets before it joins).
 * A committed offset outside the log is never replaced in silence: `events-lost`, from it to the start of the log.
 * Source: product.md section 8
 */
export async function readStarts(
  admin: KafkaAdmin,
  groupId: string,
  list: readonly TopicPartition[],
): Promise<readonly (StartOffset | Error)[]> {
  const byTopic = new Map<string, ReadonlyMap<number, StartOffset> | Error>()
  // One after another: a topic that is gone fails every question that its connection is asked meanwhile.
  for (const topic of new Set(list.map((at) => at.topic))) {
    const partitions = list.filter((at) => at.topic === topic).map((at) => at.partition)
    byTopic.set(topic, await readTopic(admin, groupId, { topic, partitions }))
  }
  return list.map(({ topic, partition }) => {
    const answer = byTopic.get(topic)
    if (answer === undefined || answer instanceof Error) return answer ?? new Error('no answer')
    return answer.get(partition) ?? new Error('the cluster does not know the partition yet')
  })
}

/** Reads where single partitions go on; questions that come while one is being asked are put together in the next. */
export type ReadStart = (at: TopicPartition) => Promise<StartOffset | Error>

export const createStartReader = (admin: KafkaAdmin, groupId: string): ReadStart =>
  createGathered((list: readonly TopicPartition[]) => readStarts(admin, groupId, list))

async function readTopic(
  admin: KafkaAdmin,
  groupId: string,
  { topic, partitions }: { readonly topic: string; readonly partitions: readonly number[] },
): Promise<ReadonlyMap<number, StartOffset> | Error> {
  try {
    // The offsets first: a log start read before them might be older than the offset is.
    const committed = await admin.committed(groupId, topic, partitions)
    const ranges = await admin.ranges(topic)
    return new Map(
      ranges.flatMap(({ partition, low, high }) => {
        // Not mentioned is not the same as none: the question was asked before the partition was known.
        const offset = committed.get(partition)
        return offset === undefined ? [] : [[partition, startOf(offset, low, high)] as const]
      }),
    )
  } catch (error) {
    return error instanceof Error ? error : new Error('the cluster gave no offsets')
  }
}

function startOf(committed: number, low: number, high: number): StartOffset {
  if (committed < 0) return { kind: 'start', offset: low }
  if (committed < low || committed > high) return { kind: 'events-lost', from: committed, to: low }
  return { kind: 'start', offset: committed }
}
