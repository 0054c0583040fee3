import type { Config } from './config/config.js'
import { type Environment, proxyOf } from './config/environment.js'
import type { LoadedConfig } from './config/load.js'
import { type Connector, createConnector } from './connector.js'
import type { Log } from './core/ports.js'
import { openRealEdges } from './edges.js'
import { createMetrics } from './io/ops/metrics.js'
import { type Acceptable, createOpsServer } from './io/ops/server.js'
import { createSystemClock } from './io/system/clock.js'
import { watchFiles } from './io/system/file-watch.js'
import { createReload } from './reload.js'

export interface ServiceOptions {
  readonly config: Config
  readonly version: string
  readonly env: Environment
  readonly log: Log
  /** Reads the configuration again, and says which files it is made of; nothing can be reloaded without it. */
  readonly source?: { readonly load: () => LoadedConfig; readonly files: () => readonly string[] }
}

/** A connector on real edges with its operations endpoint, not started yet. */
export interface Service {
  readonly connector: Connector
  readonly opsPort: number
  /** Reads the configuration again and puts its credentials in force. */
  reload(): void
  /** Stops the endpoint and the watch of files; the connector is stopped by itself. */
  stop(): Promise<void>
}

/** Ends a wait for an operator. Out: whether there was one. */
const goOn: Readonly<Record<Acceptable, (connector: Connector) => boolean>> = {
  'events-lost': (connector) => connector.acceptLoss() > 0,
  flood: (connector) => connector.acceptFlood(),
}

/** Throws OpsPortUnavailable. */
export async function startService({ config, version, env, log, source }: ServiceOptions): Promise<Service> {
  const clock = createSystemClock()
  const metrics = createMetrics(version)
  const connector = createConnector({
    ...{ config, clock, log, metrics, random: Math.random },
    openEdges: (signal, waitsFor) =>
      openRealEdges({
        ...{ config, clock, log, metrics, signal, waitsFor },
        environmentProxy: proxyOf(env, config.attestr.baseUrl),
      }),
  })
  const ops = createOpsServer({
    ...config.ops,
    metrics,
    status: () => ({ ...connector.status() }),
    // A wedged loop cannot answer at all; a pause or a broker that is down is no reason to be started anew.
    live: () => true,
    resume: ({ accept }) => ({ resumed: accept.filter((what) => goOn[what](connector)) }),
  })
  await ops.start()
  const reload =
    source === undefined
      ? () => undefined
      : createReload({
          ...{ config, log, metrics, load: source.load },
          apply: (credentials) => connector.replaceCredentials(credentials),
        })
  const { watchMs: everyMs } = config.attestr
  const unwatch =
    source === undefined || everyMs === null
      ? () => undefined
      : watchFiles({ clock, everyMs, files: source.files, onChange: reload })
  const stop = (): Promise<void> => {
    unwatch()
    return ops.stop()
  }
  return { connector, opsPort: ops.port, reload, stop }
}
