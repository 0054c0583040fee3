import type { Config } from '../config/config.js'
import { type Environment, proxyOf } from '../config/environment.js'
import { createConnector as assembleConnector, type Connector } from '../connector.js'
import type { Log, Metrics } from '../core/ports.js'
import { openRealEdges } from '../edges.js'
import { createSystemClock } from '../io/system/clock.js'

export interface ConnectorSettings {
  /** Nothing is logged when left out. */
  readonly log?: Log
  /** Nothing is measured when left out. */
  readonly metrics?: Metrics
  /** Where `attestr.proxyUrl: env` looks for a proxy. */
  readonly env?: Environment
}

const SILENT: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
}

const UNMEASURED: Metrics = {
  add: () => undefined,
  set: () => undefined,
  observe: () => undefined,
}

/**
 * Builds a connector on the brokers, the registry and the API of a configuration, without the operations endpoint.
 *
 * In:     config     what `loadConfig` gives
 * Out:    not started yet. `start` resolves when the group is read, and waits for a broker or registry that is down;
 *         `finished` says when it has stopped or can not go on. Signals are the caller's: `stop` drains, `abort` drops
 * Throws: nothing here; `start` throws StartRefused or RegistryRefused
 * Source: product.md section 12
 */
export function createConnector(config: Config, settings: ConnectorSettings = {}): Connector {
  const { log = SILENT, metrics = UNMEASURED, env = {} } = settings
  const clock = createSystemClock()
  return assembleConnector({
    ...{ config, clock, log, metrics, random: Math.random },
    openEdges: (signal, waitsFor) =>
      openRealEdges({
        ...{ config, clock, log, metrics, signal, waitsFor },
        environmentProxy: proxyOf(env, config.attestr.baseUrl),
      }),
  })
}
