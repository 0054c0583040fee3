import type { Cancel, Clock, Random } from '../../core/ports.js'
import { BrokerError } from './broker-error.js'
import { randomInt } from './random.js'

/** What a client asks of the broker. */
export type Operation =
  | 'join'
  | 'heartbeat'
  | 'leave'
  | 'fetch'
  | 'init-producer'
  | 'offset-fetch'
  | 'offset-commit'
  | 'produce'
  | 'txn-offsets'
  | 'end-txn'

/**
 * What goes wrong with one request. `lost-request`: never arrives. `lost-reply`: applied, and nobody is told.
 * `late`: arrives `delayMs` later than it would; the client may have given up by then.
 */
export type Fault =
  | { readonly kind: 'lost-request' }
  | { readonly kind: 'lost-reply' }
  | { readonly kind: 'late'; readonly delayMs: number }

export type Faults = (operation: Operation) => Fault | null

export interface NetworkOptions {
  /** The client's time: stands still with the client. */
  readonly clock: Clock
  readonly random: Random
  /** One way. Default 0 to 1. */
  readonly latencyMs?: { readonly min: number; readonly max: number }
  /** The client gives a request up after so long. Default 5000. */
  readonly requestTimeoutMs?: number
  readonly faults?: Faults
}

export interface Network {
  /** Applies at the broker, answers at the client. Throws what `apply` throws, or REQUEST_TIMED_OUT. */
  call<T>(operation: Operation, apply: () => T | Promise<T>, timeoutMs?: number): Promise<T>
}

interface BrokerSide {
  readonly clock: Clock
  available(): boolean
}

/** The way between one client and the broker: latency, lost and late requests, lost answers. */
export function createNetwork(broker: BrokerSide, options: NetworkOptions): Network {
  const { clock, random, latencyMs = { min: 0, max: 1 }, requestTimeoutMs = 5000 } = options
  const oneWayMs = (): number => randomInt(random, latencyMs.min, latencyMs.max)

  function call<T>(operation: Operation, apply: () => T | Promise<T>, timeoutMs = requestTimeoutMs) {
    const fault = options.faults?.(operation) ?? null
    const heldMs = fault?.kind === 'late' ? fault.delayMs : 0
    return new Promise<T>((resolve, reject) => {
      const cancel: Cancel = clock.after(timeoutMs, () => reject(new BrokerError('REQUEST_TIMED_OUT')))
      const answer = (settle: () => void): void => {
        if (fault?.kind === 'lost-reply') return
        clock.after(oneWayMs(), () => {
          cancel()
          settle()
        })
      }
      if (fault?.kind === 'lost-request') return
      broker.clock.after(heldMs + oneWayMs(), () => {
        try {
          if (!broker.available()) throw new BrokerError('BROKER_NOT_AVAILABLE')
          const result = apply()
          if (!(result instanceof Promise)) {
            answer(() => resolve(result))
            return
          }
          result.then(
            (value) => answer(() => resolve(value)),
            (error: unknown) => answer(() => reject(error)),
          )
        } catch (error) {
          answer(() => reject(error))
        }
      })
    })
  }

  return { call }
}
