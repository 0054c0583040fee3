import type { Metrics } from '../core/ports.js'
import type { ConnectorStatus } from './status.js'

/** Shows a status as gauges. */
export function showGauges(metrics: Metrics, status: ConnectorStatus): void {
  const { inFlight, heldEvents, heldBytes, lagEvents, delayedEvents, lagSeconds, reason, since, nextProbe } =
    status
  metrics.set('attestr_paused', reason === 'events-lost' ? 1 : 0, { reason: 'events-lost' })
  metrics.set('attestr_state_since_timestamp_seconds', since / 1000)
  metrics.set('attestr_next_probe_timestamp_seconds', (nextProbe ?? 0) / 1000)
  metrics.set('attestr_in_flight', inFlight)
  metrics.set('attestr_rate_bound', status.rates.callsBound ?? Number.POSITIVE_INFINITY)
  metrics.set('attestr_held_events', heldEvents)
  metrics.set('attestr_held_bytes', heldBytes)
  metrics.set('attestr_lag_events', lagEvents)
  metrics.set('attestr_delayed_events', delayedEvents)
  metrics.set('attestr_lag_seconds', lagSeconds)
}
