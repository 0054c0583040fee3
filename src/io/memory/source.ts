import type { TopicPartition } from '../../core/model.js'
import type { EventSource, SourceListener } from '../../core/ports.js'
import { createFetcher, type Fetcher } from './fetcher.js'
import type { MemoryBroker } from './kafka.js'
import { createMembership } from './membership.js'
import { createNetwork, type NetworkOptions } from './network.js'
import { partitionKey } from './offsets.js'

export interface MemorySourceOptions extends NetworkOptions {
  readonly groupId: string
  /** Unique among the living members of the group. */
  readonly memberId: string
  readonly topics: readonly string[]
  readonly sessionTimeoutMs: number
  /** Default: a sixth of the session. */
  readonly heartbeatMs?: number
  /** How long the group waits for its slowest member. Default 60000. */
  readonly rebalanceTimeoutMs?: number
  /** At most so many messages at once. Default 100. */
  readonly maxMessages?: number
}

/**
 * One member of a consumer group on the memory broker, read_committed, eager rebalances.
 *
 * A member whose clock stands still sends no heartbeat, loses its partitions without notice, and goes on believing in
 * them until its next heartbeat is refused.
 */
export function createMemorySource(broker: MemoryBroker, options: MemorySourceOptions): EventSource {
  const { clock, groupId, memberId, topics, sessionTimeoutMs, maxMessages = 100 } = options
  const network = createNetwork(broker, options)
  const ending = new AbortController()
  const fetchers = new Map<string, Fetcher>()
  const membership = createMembership({
    clock,
    network,
    group: broker.group(groupId),
    request: {
      memberId,
      topics,
      sessionTimeoutMs,
      rebalanceTimeoutMs: options.rebalanceTimeoutMs ?? 60_000,
    },
    heartbeatMs: options.heartbeatMs ?? sessionTimeoutMs / 6,
    signal: ending.signal,
  })
  let running: Promise<void> = Promise.resolve()

  function install(listener: SourceListener, partitions: readonly TopicPartition[]): void {
    for (const at of partitions) {
      const fetcher = createFetcher(broker, { at, groupId, network, clock, listener, maxMessages })
      fetchers.set(partitionKey(at), fetcher)
    }
    const counts = new Map(topics.map((topic) => [topic, broker.partitionsOf(topic).length]))
    listener.assigned(partitions, counts)
  }

  function uninstall(): void {
    for (const fetcher of fetchers.values()) fetcher.close()
    fetchers.clear()
  }

  async function run(listener: SourceListener, joined: () => void): Promise<void> {
    for (;;) {
      const reply = await membership.join()
      if (reply === null || ending.signal.aborted) return
      install(listener, reply.partitions)
      joined()
      await membership.serve(reply.generation, () => listener.heartbeat())
      uninstall()
      if (ending.signal.aborted) return
      await listener.revoking()
    }
  }

  return {
    start: (listener) =>
      new Promise((joined, failed) => {
        running = run(listener, joined)
        running.then(joined, failed)
      }),
    pause: (at) => fetchers.get(partitionKey(at))?.pause(),
    resume: (at) => fetchers.get(partitionKey(at))?.resume(),
    seek: (at, offset) => fetchers.get(partitionKey(at))?.seek(offset),
    async stop() {
      ending.abort()
      await membership.leave()
      await running.catch(() => undefined)
    },
  }
}
