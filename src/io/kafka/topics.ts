import { causeOf } from '../../core/cause.js'
import type { Clock, Log } from '../../core/ports.js'
import type { KafkaAdmin, TopicSettings } from './admin.js'
import type { GroupOffsets } from './group-offsets.js'

/** Start-up found something that waiting cannot mend. */
export class StartRefused extends Error {
  readonly code: 'topic-missing' | 'offsets-missing'
  readonly remedy: string
  constructor(code: StartRefused['code'], message: string, remedy: string) {
    super(message)
    this.name = 'StartRefused'
    this.code = code
    this.remedy = remedy
  }
}

export interface TopicNeeds {
  readonly events: readonly string[]
  readonly verified: string
  readonly deadLetter: string
  readonly outcomes: string | null
  readonly create: boolean
  readonly partitions: number
  readonly replicationFactor: number
}

const THIRTY_DAYS_MS = 30 * 24 * 60 * 60 * 1000

/**
 * Makes sure that every topic is there. Several records share a key, so none of ours may be compacted.
 *
 * Throws: StartRefused topic-missing when `topics.create` is false; errors of the broker, which may pass
 * Source: product.md section 8
 */
export async function ensureTopics(admin: KafkaAdmin, needs: TopicNeeds, log: Log): Promise<void> {
  const settings = (topic: string, config: Readonly<Record<string, string>>): TopicSettings => ({
    ...{ topic, partitions: needs.partitions, replicationFactor: needs.replicationFactor, config },
  })
  const kept = { 'cleanup.policy': 'delete', 'retention.ms': String(THIRTY_DAYS_MS) }
  const wanted = [
    ...needs.events.map((topic) => settings(topic, { 'cleanup.policy': 'delete' })),
    settings(needs.verified, { 'cleanup.policy': 'delete' }),
    settings(needs.deadLetter, kept),
    ...(needs.outcomes === null ? [] : [settings(needs.outcomes, kept)]),
  ]
  if (needs.create) {
    for (const topic of await admin.create(wanted))
      log.info('topic-created', { topic, partitions: needs.partitions })
    return
  }
  const existing = await admin.existing()
  const missing = wanted.map(({ topic }) => topic).filter((topic) => !existing.has(topic))
  if (missing.length === 0) return
  throw new StartRefused(
    'topic-missing',
    `topics do not exist: ${missing.join(', ')}`,
    'Create them, or set topics.create: true.',
  )
}

export interface OffsetNeeds {
  readonly groupId: string
  readonly events: readonly string[]
  readonly outcomes: string | null
  readonly startFrom: 'earliest' | 'latest'
}

/** Says whether the outcomes topic tells of messages of these topics. */
export type OutcomesTellOf = (outcomesTopic: string, eventTopics: readonly string[]) => Promise<boolean>

/**
 * Before the group is joined: offsets are never made up in silence.
 *
 * A group without any offsets whose outcomes exist has lost them: reading from either end would double or lose events.
 * A first start from the end commits that end for all partitions, so that one added later begins at its start.
 * Throws: StartRefused offsets-missing
 * Source: product.md section 8
 */
export async function settleFirstOffsets(
  admin: KafkaAdmin,
  needs: OffsetNeeds,
  outcomesTellOf: OutcomesTellOf,
): Promise<void> {
  if (await hasOffsets(admin, needs)) return
  if (needs.outcomes !== null && (await outcomesTellOf(needs.outcomes, needs.events))) {
    throw new StartRefused(
      'offsets-missing',
      `group ${needs.groupId} has no offsets, but ${needs.outcomes} holds outcomes of its events`,
      'Set the group offsets by hand (kafka-consumer-groups --reset-offsets), or begin anew with another topics.outcomes.',
    )
  }
  if (needs.startFrom === 'earliest') return
  // Another process may start at the same time: whoever is second finds the offsets of the first.
  await admin.setOffsets(needs.groupId, async () =>
    (await hasOffsets(admin, needs)) ? null : endsOf(admin, needs.events),
  )
}

async function hasOffsets(admin: KafkaAdmin, { groupId, events }: OffsetNeeds): Promise<boolean> {
  const committed = await Promise.all(events.map((topic) => admin.committed(groupId, topic)))
  return committed.some((offsets) => [...offsets.values()].some((offset) => offset >= 0))
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
      await new Promise<void>((resolve) => {
        const cancel = options.clock.after(waitMs, resolve)
        options.signal.addEventListener('abort', () => resolve(cancel()), { once: true })
      })
    }
  }
}
