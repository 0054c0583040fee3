export interface WatchLimits {
  /** From the beginning of a join to its end, the way to the broker included. */
  readonly joinMs: number
  /** Between two signs of each fetch loop. */
  readonly fetchMs: number
  /** Between two heartbeats that were answered. */
  readonly heartbeatMs: number
}

export type Stuck = 'stuck-join' | 'stuck-fetch' | 'no-heartbeat'

/** Tells when a consumer is alive in name only: no error and no end, and nothing happens any more. */
export interface Watchdog {
  /** The group is about to be joined. */
  joining(): void
  joined(): void
  /** A fetch from this broker began or was answered, with messages or without: paused partitions make no difference. */
  fetchMoved(nodeId: number): void
  heartbeat(): void
  /** To be called every `TICK_MS`. Out: what is stuck; null: nothing. */
  tick(): Stuck | null
}

export const TICK_MS = 500

/**
 * In:     monotonic   milliseconds from any start
 * Out:    a watchdog of one consumer that is about to connect and join
 * Source: kafkajs issues 659 and 1593
 */
export function createWatchdog(monotonic: () => number, limits: WatchLimits): Watchdog {
  // A process that was frozen, or busy, has done nothing for a while either: that time does not count.
  let awakeMs = 0
  let tickedAt = monotonic()
  let joiningAt: number | null = 0
  let heartbeatAt = 0
  const fetches = new Map<number, number>()
  let joinedAt = 0

  return {
    joining() {
      joiningAt = awakeMs
    },
    joined() {
      joiningAt = null
      joinedAt = awakeMs
      heartbeatAt = awakeMs
      fetches.clear()
    },
    fetchMoved: (nodeId) => void fetches.set(nodeId, awakeMs),
    heartbeat() {
      heartbeatAt = awakeMs
    },
    tick() {
      const now = monotonic()
      awakeMs += Math.min(now - tickedAt, 2 * TICK_MS)
      tickedAt = now
      if (joiningAt !== null) return awakeMs - joiningAt > limits.joinMs ? 'stuck-join' : null
      const slowest = fetches.size === 0 ? joinedAt : Math.min(...fetches.values())
      if (awakeMs - slowest > limits.fetchMs) return 'stuck-fetch'
      return awakeMs - heartbeatAt > limits.heartbeatMs ? 'no-heartbeat' : null
    },
  }
}
