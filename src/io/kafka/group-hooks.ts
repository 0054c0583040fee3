import type { TopicPartition } from '../../core/model.js'
import { methodOf } from './shapes.js'

/** One partition's share of the answer to one fetch. */
export interface FetchedBatch {
  readonly at: TopicPartition
  /** The offset that was asked for. */
  readonly fetchedOffset: number
  /** Only control records and aborted ones: the library goes on from here by itself. Null: there are messages. */
  readonly passesTo: number | null
}

/** What a consumer is told by the patched library, before it would go its own way. */
export interface ConsumerHooks {
  /** Before the group is joined anew: finish work here. The join waits. */
  revoking(): Promise<void>
  /** The fetch position lies outside the log. The library would reset it in silence; it does not. */
  outOfRange(at: TopicPartition): void
  /** Before a batch changes anything. Out: whether it is the one that is wanted; else it is dropped. */
  accepts(batch: FetchedBatch): boolean
}

const hooksOf = new WeakMap<object, ConsumerHooks>()

/** Ties hooks to a partition assigner: the only object of ours that a consumer group of the library holds. */
export function hookAssigner<T extends object>(assigner: T, hooks: ConsumerHooks): T {
  hooksOf.set(assigner, hooks)
  return assigner
}

interface GroupState {
  readonly assigners: readonly object[]
  readonly preferredReadReplicasPerTopicPartition: Record<string, Record<number, unknown> | undefined>
}

interface RawBatch {
  readonly topic: string
  readonly partition: number
  readonly fetchedOffset: string
  isEmpty(): boolean
  isEmptyDueToFiltering(): boolean
  lastOffset(): string
}

const GROUP = 'kafkajs/src/consumer/consumerGroup'

/** Throws when the library has another shape. */
export function patchConsumerGroup(): void {
  const join = methodOf(GROUP, 'joinAndSync')
  const recover = methodOf(GROUP, 'recoverFromOffsetOutOfRange')
  const commit = methodOf(GROUP, 'commitOffsets')
  const handle = methodOf('kafkajs/src/consumer/runner', 'handleBatch')

  join.prototype['joinAndSync'] = async function (this: GroupState) {
    await hooksFor(this)?.revoking()
    return join.method.call(this)
  }
  recover.prototype['recoverFromOffsetOutOfRange'] = async function (
    this: GroupState,
    error: TopicPartition,
  ) {
    const hooks = hooksFor(this)
    if (hooks === undefined) return recover.method.call(this, error)
    const followers = this.preferredReadReplicasPerTopicPartition[error.topic]
    // A follower may lag behind: its leader is asked next.
    if (followers?.[error.partition] !== undefined) delete followers[error.partition]
    else hooks.outOfRange({ topic: error.topic, partition: error.partition })
    return undefined
  }
  commit.prototype['commitOffsets'] = async function (this: GroupState, offsets: unknown) {
    try {
      return await commit.method.call(this, offsets)
    } catch (error) {
      // The library would try again, and after a rejoin under the new generation: a stale offset would be taken.
      if (hooksFor(this) !== undefined && error instanceof Error) Object.assign(error, { retriable: false })
      throw error
    }
  }
  handle.prototype['handleBatch'] = async function (
    this: { readonly consumerGroup: GroupState },
    batch: RawBatch,
  ) {
    const isNothing = batch.isEmpty() && !batch.isEmptyDueToFiltering()
    if (!isNothing && hooksFor(this.consumerGroup)?.accepts(factsOf(batch)) === false) return undefined
    return handle.method.call(this, batch)
  }
}

function factsOf(batch: RawBatch): FetchedBatch {
  return {
    at: { topic: batch.topic, partition: batch.partition },
    fetchedOffset: Number(batch.fetchedOffset),
    passesTo: batch.isEmptyDueToFiltering() ? Number(batch.lastOffset()) + 1 : null,
  }
}

function hooksFor(group: GroupState): ConsumerHooks | undefined {
  return group.assigners.map((assigner) => hooksOf.get(assigner)).find((hooks) => hooks !== undefined)
}
