import type { RetryTier } from '../../src/core/chain.js'
import type { Random } from '../../src/core/ports.js'
import type { Operation } from '../../src/io/memory/network.js'
import { createSeededRandom, randomInt } from '../../src/io/memory/random.js'
import type { FaultScript } from '../../src/simulator/faults.js'
import { drawApiFaults, drawEvents, type Event } from './content.js'

/** Something that happens to a process, at a time or at its next request of a kind. */
export interface Action {
  readonly atMs: number
  readonly kind: 'kill' | 'freeze' | 'stop' | 'abort' | 'join'
  /** Which of the living processes, as a share of their number. */
  readonly whom: number
  /** Null: at once. Else when the process next sends this. */
  readonly operation: Operation | null
  /** Until it comes back or wakes up. */
  readonly forMs: number
}

export interface Arrival {
  readonly atMs: number
  readonly partition: number
  readonly event: Event
  /** `aborted-before`: a transaction is aborted right before it, so that offsets have gaps. */
  readonly how: 'plain' | 'transaction' | 'aborted-before'
}

/** All that chance decides about a world, drawn before it begins. */
export interface Plan {
  readonly seed: number
  /** Nothing goes wrong: then each event takes one call. */
  readonly calm: boolean
  readonly transactional: boolean
  readonly partitions: number
  readonly processes: number
  /** Nothing goes wrong any more after this. */
  readonly chaosMs: number
  readonly arrivals: readonly Arrival[]
  readonly actions: readonly Action[]
  readonly brokerDown: readonly { readonly atMs: number; readonly forMs: number }[]
  readonly faultShare: number
  readonly networkMs: number
  readonly apiMs: number
  readonly script: FaultScript
  readonly retry: readonly RetryTier[]
  /** For `--set` of the configuration. */
  readonly settings: Readonly<Record<string, number | string>>
}

const AT_OPERATIONS: readonly (Operation | null)[] = [
  null,
  null,
  'produce',
  'txn-offsets',
  'end-txn',
  'end-txn',
  'init-producer',
  'offset-fetch',
  'join',
]

/** Out: the same plan for the same seed, always. Every tenth world is calm, another tenth at-least-once. */
export function drawPlan(seed: number): Plan {
  const random = createSeededRandom(seed)
  const int = (min: number, max: number): number => randomInt(random, min, max)
  const calm = seed % 10 === 0
  const transactional = seed % 10 !== 1
  const partitions = int(2, 3)
  const chaosMs = int(4000, 14_000)
  const { list, rules } = drawEvents(random, { count: int(20, 60), partitions, calm })
  const apiFaults = !calm && random() < 0.5
  const spreadMs = calm ? 2000 : chaosMs
  const arrivals = list.map(({ partition, event }) => ({
    ...{ partition, event, atMs: random() < 0.4 ? 0 : int(0, spreadMs) },
    how: drawHow(random),
  }))
  return {
    ...{ seed, calm, transactional, partitions, chaosMs },
    processes: int(1, 3),
    arrivals: (random() < 0.1 ? [...arrivals, ...afterIdling(arrivals)] : arrivals).sort(
      (a, b) => a.atMs - b.atMs,
    ),
    actions: calm ? [] : drawActions(random, chaosMs),
    brokerDown: calm || random() > 0.2 ? [] : [{ atMs: int(0, chaosMs), forMs: int(200, 5000) }],
    faultShare: calm || random() < 0.4 ? 0 : random() * 0.04,
    networkMs: int(1, 25),
    apiMs: int(1, 300),
    script: { handshakes: rules, ...(apiFaults ? { global: drawApiFaults(random, chaosMs) ?? [] } : {}) },
    retry: drawRetry(random),
    settings: drawSettings(random),
  }
}

/** Up to three retry topics. Some wait so long that their lanes close their committers meanwhile. */
function drawRetry(random: Random): RetryTier[] {
  let delayMs = 0
  return Array.from({ length: randomInt(random, 0, 3) }, (_, index) => {
    delayMs += randomInt(random, 200, random() < 0.1 ? 100_000 : 5000)
    return { topic: `attestr.retry.${index + 1}`, delayMs }
  })
}

/** The first messages once more, after lanes have closed their committers for want of work. */
function afterIdling(arrivals: readonly Arrival[]): Arrival[] {
  return arrivals.slice(0, 3).map((arrival) => ({ ...arrival, atMs: 100_000 }))
}

function drawHow(random: Random): Arrival['how'] {
  const drawn = random()
  if (drawn < 0.6) return 'plain'
  return drawn < 0.8 ? 'transaction' : 'aborted-before'
}

/** Members come and go, again and again: the group has hardly time for its work. */
function drawStorm(random: Random, chaosMs: number): Action[] {
  return Array.from({ length: randomInt(random, 8, 14) }, (_, index) => ({
    ...{ kind: index % 2 === 0 ? ('join' as const) : ('stop' as const), whom: random() },
    ...{ atMs: randomInt(random, 0, chaosMs), operation: null, forMs: 60_000 },
  })).sort((a, b) => a.atMs - b.atMs)
}

function drawActions(random: Random, chaosMs: number): Action[] {
  if (random() < 0.1) return drawStorm(random, chaosMs)
  const kinds = ['kill', 'kill', 'freeze', 'freeze', 'stop', 'abort', 'join'] as const
  return Array.from({ length: randomInt(random, 1, 6) }, () => {
    const kind = kinds[randomInt(random, 0, kinds.length - 1)] ?? 'kill'
    // Half of the frozen processes sleep past their session, and wake up as zombies.
    const sleepMs = random() < 0.5 ? randomInt(random, 100, 6000) : randomInt(random, 6000, 16_000)
    return {
      ...{ kind, atMs: randomInt(random, 0, chaosMs), whom: random() },
      operation: AT_OPERATIONS[randomInt(random, 0, AT_OPERATIONS.length - 1)] ?? null,
      forMs: kind === 'freeze' ? sleepMs : randomInt(random, 50, 4000),
    }
  }).sort((a, b) => a.atMs - b.atMs)
}

function drawSettings(random: Random): Plan['settings'] {
  const int = (min: number, max: number): number => randomInt(random, min, max)
  return {
    'fetch.concurrency': int(1, 8),
    'fetch.maxHeldEvents': int(8, 40),
    'fetch.maxInFlightBytes': int(1, 3) * 65_536,
    'fetch.maxResponseBytes': 65_536,
    'commit.intervalMs': int(5, 200),
    'commit.maxEvents': int(1, 12),
    'kafka.rebalanceDrainMs': int(50, 2000),
  }
}
