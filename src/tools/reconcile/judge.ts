import type { Coordinates } from '../../core/model.js'
import type { RecordFacts } from './facts.js'
import type { Reach } from './reach.js'
import { type InputKind, isSettled, partitionOf, type Scope } from './scope.js'
import type { Tally, UnprovableReason, ViolationKind } from './tally.js'

/** What the checks of one origin ask and tell. */
export interface Judge extends Pick<Reach, 'mayLack' | 'mayLackOutcome'> {
  readonly exact: boolean
  kindOf(topic: string): InputKind | null
  isSettled(at: Coordinates): boolean
  /** Whether it is one of the typed form. */
  isTyped(record: RecordFacts): boolean
  /** Of a topic that we write. */
  partitionsOf(topic: string): number
  found(kind: ViolationKind, at: Coordinates, detail?: string): void
  lacks(reason: UnprovableReason, at: Coordinates): void
  /** Something is there once more than it must, which at-least-once allows. */
  repeated(times: number): void
  /** The message is not consumed yet. */
  waiting(): void
  /** The message has an outcome, though the group has not said that it is done. */
  ahead(at: Coordinates): void
  /** An outcome tells of a message that was not read. */
  withoutMessage(source: Coordinates, detail: string): void
}

/** In: `origin` whatever is found belongs to. */
export function createJudge(scope: Scope, reach: Reach, tally: Tally, origin: Coordinates): Judge {
  const found: Judge['found'] = (kind, at, detail = '') => tally.found({ kind, at, origin, detail })
  return {
    exact: scope.exact,
    kindOf: (topic) => scope.inputs.get(topic)?.kind ?? null,
    isSettled: (at) => isSettled(scope, at),
    isTyped: ({ at }) => scope.outputs.get(at.topic)?.kind === 'typed',
    partitionsOf: (topic) => scope.outputs.get(topic)?.partitions.size ?? 0,
    mayLack: reach.mayLack,
    mayLackOutcome: reach.mayLackOutcome,
    found,
    lacks: tally.lacks,
    repeated(times) {
      tally.counts.repeats += times
    },
    waiting() {
      tally.counts.waiting += 1
    },
    ahead(at) {
      if (partitionOf(scope, at)?.hasOffset === false) tally.lacks('offset-missing', at)
    },
    withoutMessage(source, detail) {
      const topic = scope.inputs.get(source.topic)
      const partition = topic?.partitions.get(source.partition)
      if (topic === undefined) tally.lacks('topic-not-read', source)
      else if (partition !== undefined && source.offset < partition.from) {
        // What `since` leaves out is nobody's loss.
        if (source.offset < partition.low) tally.lacks('message-out-of-reach', source)
      } else if (topic.compacted && source.offset < (partition?.end ?? 0)) {
        tally.lacks('message-compacted', source)
      } else found('outcome-without-message', source, detail)
    },
  }
}
