import type { Log, Metrics } from '../../core/ports.js'
import type { Stuck } from './watchdog.js'

/** Why a consumer was given up. */
export interface ConsumerEnd {
  readonly kind: 'unreachable' | 'crash' | Stuck
  /** Names and protocol words of the error. */
  readonly cause: string
}

/** When the next consumer begins, and who is told. */
export interface Restarts {
  /** Out: how long to wait before the next one. */
  ended(end: ConsumerEnd): number
  /** A consumer has worked for a while: the next end is no repetition. */
  steady(): void
}

const FIRST_WAIT_MS = 250
const MAX_WAIT_MS = 5000

/**
 * Consumers are begun anew for ever, at a growing distance. One line a change: an end of a kind and cause that was told
 * already is told again at `debug` alone; the metric counts each.
 */
export function createRestarts({
  brokers,
  log,
  metrics,
}: {
  readonly brokers: readonly string[]
  readonly log: Log
  readonly metrics: Metrics
}): Restarts {
  let inRow = 0
  const told = new Set<string>()

  return {
    ended({ kind, cause }) {
      const waitMs = Math.min(FIRST_WAIT_MS * 2 ** inRow, MAX_WAIT_MS)
      inRow += 1
      metrics.add('attestr_consumer_restarts_total', 1, { reason: kind })
      const change = `${kind} ${cause}`
      const fields = { reason: kind, cause, inRow }
      if (told.has(change)) log.debug('consumer-restarts', fields)
      else if (kind === 'unreachable') log.warn('broker-unreachable', { brokers: [...brokers], cause })
      else log.warn('consumer-restarts', fields)
      told.add(change)
      return waitMs
    },
    steady() {
      if (inRow > 1) log.info('consumer-steady', { restarts: inRow })
      inRow = 0
      told.clear()
    },
  }
}
