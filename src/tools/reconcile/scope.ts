import type { Coordinates, TopicPartition } from '../../core/model.js'
import type { KafkaAdmin, PartitionRange } from '../../io/kafka/admin.js'
import type { ReadRange } from '../../io/kafka/reader.js'
import type { WrittenEnds } from '../../io/kafka/written.js'

export type InputKind = 'event' | 'retry' | 'replay'
export type OutputKind = 'verified' | 'typed' | 'deadLetter' | 'outcome'

interface Span {
  /** Start of the log. */
  readonly low: number
  /** Where reading begins: the start of the log, or what `since` says. */
  readonly from: number
  /** Where reading ends. */
  readonly end: number
}

export interface InputPartition extends Span {
  /** Messages below are done, by the group's committed offset. */
  readonly settled: number
  readonly hasOffset: boolean
}

export interface InputTopic {
  readonly kind: InputKind
  /** The broker may have thrown messages away in the middle of the log. */
  readonly compacted: boolean
  readonly partitions: ReadonlyMap<number, InputPartition>
}

export interface OutputTopic {
  readonly kind: OutputKind
  readonly partitions: ReadonlyMap<number, Span>
}

/** What is read, and what of it must be complete. */
export interface Scope {
  /** False: `delivery: at-least-once`. */
  readonly exact: boolean
  /** A group may begin behind the start of the log: `topics.startFrom: latest`. */
  readonly startsLate: boolean
  /** Epoch ms; null: everything there is. */
  readonly since: number | null
  readonly inputs: ReadonlyMap<string, InputTopic>
  readonly outputs: ReadonlyMap<string, OutputTopic>
}

export interface ReconcileTopics {
  readonly events: readonly string[]
  /** Shortest delay first. */
  readonly retry: readonly string[]
  readonly replay: readonly string[]
  readonly verified: string
  /** Of typed records, those that there may be; left out: none. */
  readonly typed?: readonly string[]
  readonly deadLetter: string
  readonly outcomes: string
}

export interface ScopeOptions {
  /** The connector's group. */
  readonly groupId: string
  readonly topics: ReconcileTopics
  readonly delivery: 'exactly-once' | 'at-least-once'
  readonly startFrom: 'earliest' | 'latest'
  readonly since: number | null
  /** `all`: every message was to be consumed, whatever offsets the group has. */
  readonly settled: 'committed' | 'all'
}

/** What is asked of an admin. */
type Questions = Pick<KafkaAdmin, 'existing' | 'committed' | 'offsetsAt' | 'compacted'>

/** Topics that the proof cannot do without do not exist. */
export class TopicsMissing extends Error {
  readonly topics: readonly string[]
  constructor(topics: readonly string[]) {
    super(`topics do not exist: ${topics.join(', ')}`)
    this.name = 'TopicsMissing'
    this.topics = topics
  }
}

/**
 * Fixes what is read: committed offsets first, then the ends of our outputs, then those of what is consumed, from the last
 * retry topic back to the events.
 *
 * In this order everything that was written with a committed offset lies below the ends, and so does every message that an
 * output or a retry message comes from, while the connector runs on. Ends are those of what is written, committed or not:
 * a commit may lie above a transaction that is still open.
 * Throws: TopicsMissing; errors of the cluster
 */
export async function takeScope(
  admin: Questions,
  written: WrittenEnds,
  options: ScopeOptions,
): Promise<Scope> {
  const { topics, groupId, since } = options
  const existing = await admin.existing()
  const needed = [...topics.events, topics.verified, topics.deadLetter, topics.outcomes]
  const missing = needed.filter((topic) => !existing.has(topic))
  if (missing.length > 0) throw new TopicsMissing(missing)
  const inputs = inputsOf(topics).filter(([topic]) => existing.has(topic))

  const spansOf = async (topic: string): Promise<ReadonlyMap<number, Span>> => {
    const starts = since === null ? null : await admin.offsetsAt(topic, since)
    const ranges = await written.ranges(topic)
    return new Map(ranges.map((range) => [range.partition, spanOf(range, starts?.get(range.partition))]))
  }
  const committed = new Map<string, ReadonlyMap<number, number>>()
  if (options.settled === 'committed') {
    for (const [topic] of inputs) committed.set(topic, await admin.committed(groupId, topic))
  }
  const outputs = new Map<string, OutputTopic>()
  for (const [topic, kind] of outputsOf(topics).filter(([one]) => existing.has(one))) {
    outputs.set(topic, { kind, partitions: await spansOf(topic) })
  }
  const read = new Map<string, InputTopic>()
  for (const [topic, kind] of inputs) {
    const spans = await spansOf(topic)
    const offsets = committed.get(topic)
    const partitions = new Map([...spans].map(([at, span]) => [at, settle(span, offsets, at)]))
    read.set(topic, { kind, compacted: await admin.compacted(topic), partitions })
  }
  const exact = options.delivery === 'exactly-once'
  return { exact, startsLate: options.startFrom === 'latest', since, inputs: read, outputs }
}

/** Each before what its messages come from. */
const inputsOf = ({ events, retry, replay }: ReconcileTopics): [string, InputKind][] => [
  ...retry.toReversed().map((topic): [string, InputKind] => [topic, 'retry']),
  ...replay.map((topic): [string, InputKind] => [topic, 'replay']),
  ...events.map((topic): [string, InputKind] => [topic, 'event']),
]

function outputsOf(topics: ReconcileTopics): [string, OutputKind][] {
  const own: [string, OutputKind][] = [
    [topics.verified, 'verified'],
    [topics.deadLetter, 'deadLetter'],
    [topics.outcomes, 'outcome'],
  ]
  const taken = new Set([...inputsOf(topics), ...own].map(([topic]) => topic))
  const typed = (topics.typed ?? []).filter((topic) => !taken.has(topic))
  return [...typed.map((topic): [string, OutputKind] => [topic, 'typed']), ...own]
}

function spanOf({ low, high }: PartitionRange, start: number | undefined): Span {
  const from = Math.min(Math.max(low, start ?? low), high)
  return { low, from, end: high }
}

function settle(
  span: Span,
  committed: ReadonlyMap<number, number> | undefined,
  partition: number,
): InputPartition {
  if (committed === undefined) return { ...span, settled: span.end, hasOffset: true }
  const offset = committed.get(partition) ?? -1
  return { ...span, settled: Math.min(offset, span.end), hasOffset: offset >= 0 }
}

/** Everything that is to be read. */
export function rangesOf({ inputs, outputs }: Scope): ReadRange[] {
  return [...inputs, ...outputs].flatMap(([topic, { partitions }]) =>
    [...partitions].map(([partition, { from, end }]) => ({ topic, partition, from, end })),
  )
}

export const partitionOf = (scope: Scope, at: TopicPartition): InputPartition | undefined =>
  scope.inputs.get(at.topic)?.partitions.get(at.partition)

/** Whether the group has said that the message is done. True for what is not among the topics read. */
export function isSettled(scope: Scope, at: Coordinates): boolean {
  const partition = partitionOf(scope, at)
  return partition === undefined || at.offset < partition.settled
}
