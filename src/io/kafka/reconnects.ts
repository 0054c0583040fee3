import { createRequire } from 'node:module'
import { setTimeout as delay } from 'node:timers/promises'
import type * as Kafkajs from 'kafkajs'

const require = createRequire(import.meta.url)

/**
 * Keeps the clients of a process from storming a broker that takes no connection, or takes it and says nothing: while it
 * fails one of them tries, after a wait that grows, and the others share what comes of it.
 *
 * An address is `host:port`. As shipped each client tries for itself, a hundred times a second from a dozen lanes.
 * Source: reconnect.backoff.ms and reconnect.backoff.max.ms of Kafka's own clients
 */
export interface Reconnects {
  /** Resolves when a connection may be begun. Rejects when the one that was tried meanwhile failed. */
  turn(address: string): Promise<void>
  /** The broker has answered. */
  worked(address: string): void
  /** A connection was refused, or ended before the broker had said anything. */
  failed(address: string): void
  /** Whoever had the turn did not use it. */
  released(address: string): void
}

export interface ReconnectOptions {
  readonly firstMs: number
  readonly mostMs: number
  /** What those get who have waited for a connection that failed. */
  readonly errorFor: (address: string) => Error
}

interface Waiter {
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

interface Failing {
  failures: number
  /** `performance.now` of the next attempt. */
  nextAt: number
  isTried: boolean
  readonly waiters: Waiter[]
}

export function createReconnects({ firstMs, mostMs, errorFor }: ReconnectOptions): Reconnects {
  const failing = new Map<string, Failing>()
  return {
    async turn(address) {
      const state = failing.get(address)
      if (state === undefined) return
      if (state.isTried) {
        await new Promise<void>((resolve, reject) => state.waiters.push({ resolve, reject }))
        return
      }
      state.isTried = true
      const waitMs = state.nextAt - performance.now()
      if (waitMs > 0) await delay(waitMs, undefined, { ref: false })
    },
    worked(address) {
      const state = failing.get(address)
      failing.delete(address)
      for (const { resolve } of state?.waiters ?? []) resolve()
    },
    failed(address) {
      const state = failing.get(address) ?? { failures: 0, nextAt: 0, isTried: false, waiters: [] }
      failing.set(address, state)
      state.nextAt = performance.now() + Math.min(mostMs, firstMs * 2 ** state.failures)
      state.failures += 1
      state.isTried = false
      for (const { reject } of state.waiters.splice(0)) reject(errorFor(address))
    },
    released(address) {
      const state = failing.get(address)
      if (state === undefined) return
      state.isTried = false
      for (const { reject } of state.waiters.splice(0)) reject(errorFor(address))
    },
  }
}

/** One for the process: its clients know the same brokers. As quick and as patient as Kafka's own clients. */
export const brokerReconnects = createReconnects({
  ...{ firstMs: 50, mostMs: 1000 },
  errorFor(address) {
    const { KafkaJSConnectionError } = require('kafkajs') as typeof Kafkajs
    return new KafkaJSConnectionError('the broker takes no connection', {
      broker: address,
      code: 'BROKER_FAILS',
    })
  },
})
