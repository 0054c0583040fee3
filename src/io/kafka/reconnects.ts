/**
 * Keeps the clients of a process from storming a broker that takes no connection, or takes it and says nothing: how long
 * each waits before it tries again.
 *
 * An address is `host:port`. As shipped a client tries again after 10 to 50 ms, and a dozen lanes do so at the same time.
 * Source: reconnect.backoff.ms and reconnect.backoff.max.ms of Kafka's own clients
 */
export interface Reconnects {
  /** Before a connection is begun. Out: ms, 0 unless the broker fails. */
  waitMs(address: string): number
  /** The broker has answered. */
  worked(address: string): void
  /** A connection was refused, or ended before the broker had said anything. */
  failed(address: string): void
}

export interface ReconnectOptions {
  readonly firstMs: number
  readonly mostMs: number
  /** 0 to 1 */
  readonly random: () => number
  /** ms that never go back */
  readonly monotonic: () => number
}

/** Without another failure for so long nothing is known any more. */
const FORGOTTEN_MS = 5000
/** Of the time since the first failure. */
const PART = 0.25

export function createReconnects({ firstMs, mostMs, random, monotonic }: ReconnectOptions): Reconnects {
  const failing = new Map<string, { readonly since: number; last: number }>()
  const known = (address: string) => {
    const state = failing.get(address)
    return state === undefined || monotonic() - state.last > FORGOTTEN_MS ? undefined : state
  }
  return {
    waitMs(address) {
      const state = known(address)
      if (state === undefined) return 0
      const ms = Math.min(mostMs, Math.max(firstMs, PART * (monotonic() - state.since)))
      return ms * (0.75 + 0.25 * random())
    },
    worked: (address) => void failing.delete(address),
    failed(address) {
      const now = monotonic()
      failing.set(address, { since: known(address)?.since ?? now, last: now })
    },
  }
}

/** One for the process: its clients know the same brokers. As quick and as patient as Kafka's own clients. */
export const brokerReconnects = createReconnects({
  ...{ firstMs: 50, mostMs: 1000, random: Math.random, monotonic: () => performance.now() },
})
