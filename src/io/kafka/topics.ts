import { sleep } from '../../core/abort.js'
import { causeOf } from '../../core/cause.js'
import type { Clock, Log } from '../../core/ports.js'
import type { KafkaAdmin, TopicSettings } from './admin.js'
import type { GroupOffsets } from './group-offsets.js'

/** Start-up found something that waiting cannot mend. */
export class StartRefused extends Error {
  readonly code: 'topic-missing' | 'offsets-missing'
  readonly remedy: string
  constructor(code: StartRefused['code'], message: string, remedy: string) {
    super(`${code}: ${message}`)
    this.name = 'StartRefused'
    this.code = code
    this.remedy = remedy
  }
}

export interface TopicNeeds {
  readonly events: readonly string[]
  readonly verified: string
  /** Of typed records. */
  readonly typed?: readonly string[]
  readonly deadLetter: string
  readonly outcomes: string | null
  /** Null, or left out: none is written. */
  readonly evidence?: string | null
  readonly retry: readonly { readonly topic: string }[]
  readonly replay: string
  readonly create: boolean
  readonly partitions: number
  readonly replicationFactor: number
}

const THIRTY_DAYS_MS = 30 * 24 * 60 * 60 * 1000

/**
 * Makes sure that every topic is there. Several records share a key, so none of ours may be compacted.
 *
 * Out:    the topics that were created
 * Throws: StartRefused topic-missing when `topics.create` is false; errors of the broker, which may pass
 * Source: product.md section 8
 */
export async function ensureTopics(
  admin: KafkaAdmin,
  needs: TopicNeeds,
  log: Log,
): Promise<readonly string[]> {
  const settings = (topic: string, config: Readonly<Record<string, string>>): TopicSettings => ({
    ...{ topic, partitions: needs.partitions, replicationFactor: needs.replicationFactor, config },
  })
  const kept = { 'cleanup.policy': 'delete', 'retention.ms': String(THIRTY_DAYS_MS) }
  // What waits there is nowhere else.
  const waiting = { 'cleanup.policy': 'delete', 'retention.ms': '-1' }
  const wanted = [
    ...needs.events.map((topic) => settings(topic, { 'cleanup.policy': 'delete' })),
    ...[needs.verified, ...(needs.typed ?? [])].map((topic) =>
      settings(topic, { 'cleanup.policy': 'delete' }),
    ),
    settings(needs.deadLetter, kept),
    ...(needs.outcomes === null ? [] : [settings(needs.outcomes, kept)]),
    // What proves is kept until the operator says how long.
    ...(typeof needs.evidence === 'string' ? [settings(needs.evidence, waiting)] : []),
    ...needs.retry.map(({ topic }) => settings(topic, waiting)),
    settings(needs.replay, waiting),
  ]
  if (needs.create) {
    const created = await admin.create(wanted)
    for (const topic of created) log.info('topic-created', { topic, partitions: needs.partitions })
    return created
  }
  const existing = await admin.existing()
  const missing = wanted.map(({ topic }) => topic).filter((topic) => !existing.has(topic))
  if (missing.length === 0) return []
  throw new StartRefused(
    'topic-missing',
    `topics do not exist: ${missing.join(', ')}`,
    'Create them, or set topics.create: true.',
  )
}

export interface OffsetNeeds {
  readonly groupId: string
  readonly events: readonly string[]
  /** Retry and replay topics: they begin at their start, wherever events begin. */
  readonly delayed: readonly string[]
  readonly outcomes: string | null
  readonly startFrom: 'earliest' | 'latest'
}

/** Says whether the outcomes topic tells of messages of these topics. */
export type OutcomesTellOf = (outcomesTopic: string, topics: readonly string[]) => Promise<boolean>

/**
 * Before the group is joined: offsets are never made up in silence.
 *
 * A group without any offsets whose outcomes exist has lost them: reading from either end would double or lose events. So
 * has one without offsets of a retry topic, whose messages nobody deletes.
 * A first start from the end commits that end for all partitions, so that one added later begins at its start.
 * Throws: StartRefused offsets-missing
 * Source: product.md section 8
 */
export async function settleFirstOffsets(
  admin: KafkaAdmin,
  needs: OffsetNeeds,
  outcomesTellOf: OutcomesTellOf,
): Promise<void> {
  const { groupId, events, delayed, outcomes, startFrom } = needs
  const haveOffsets = (topics: readonly string[]): Promise<boolean> => hasOffsets(admin, groupId, topics)
  // Asked again at the end: another process may have committed the first ones meanwhile.
  const areLost = async (topics: readonly string[]): Promise<boolean> =>
    outcomes !== null && (await outcomesTellOf(outcomes, topics)) && !(await haveOffsets(topics))

  const isFirst = !(await haveOffsets(events))
  if (isFirst && (await areLost(events))) throw offsetsMissing(needs, '')
  for (const topic of delayed) {
    // The outcomes are many: of a topic on which nothing lies they are not asked.
    if ((await haveOffsets([topic])) || (await isEmpty(admin, topic))) continue
    if (await areLost([topic])) throw offsetsMissing(needs, ` of ${topic}`)
  }
  if (!isFirst || startFrom === 'earliest') return
  // Another process may start at the same time: whoever is second finds the offsets of the first.
  await admin.setOffsets(groupId, async () => ((await haveOffsets(events)) ? null : endsOf(admin, events)))
}

function offsetsMissing({ groupId, outcomes }: OffsetNeeds, where: string): StartRefused {
  return new StartRefused(
    'offsets-missing',
    `group ${groupId} has no offsets${where}, but ${outcomes} holds outcomes of its events`,
    'Set the group offsets by hand (kafka-consumer-groups --reset-offsets), or begin anew with another topics.outcomes.',
  )
}

async function hasOffsets(admin: KafkaAdmin, groupId: string, topics: readonly string[]): Promise<boolean> {
  const committed = await Promise.all(topics.map((topic) => admin.committed(groupId, topic)))
  return committed.some((offsets) => [...offsets.values()].some((offset) => offset >= 0))
}

async function isEmpty(admin: KafkaAdmin, topic: string): Promise<boolean> {
  return (await admin.ranges(topic)).every(({ low, high }) => low === high)
}

async function endsOf(admin: KafkaAdmin, topics: readonly string[]): Promise<GroupOffsets> {
  const ends = new Map<string, ReadonlyMap<number, number>>()
  for (const topic of topics) {
    const ranges = await admin.ranges(topic)
    ends.set(topic, new Map(ranges.map(({ partition, high }) => [partition, high])))
  }
  return ends
}

const FIRST_WAIT_MS = 500
const MAX_WAIT_MS = 10_000

/** Tries until it works: an edge that is down at start is waited for. Throws StartRefused, and what `isPassing` does not know. */
export async function untilItWorks<T>(options: {
  readonly what: string
  readonly operation: () => Promise<T>
  readonly isPassing: (error: unknown) => boolean
  readonly signal: AbortSignal
  readonly clock: Clock
  readonly log: Log
}): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    options.signal.throwIfAborted()
    try {
      return await options.operation()
    } catch (error) {
      if (!options.isPassing(error)) throw error
      if (tries === 0) options.log.warn('waiting-for', { edge: options.what, cause: causeOf(error) })
      const waitMs = Math.min(FIRST_WAIT_MS * 2 ** tries, MAX_WAIT_MS)
      await sleep(options.clock, waitMs, options.signal)
    }
  }
}
