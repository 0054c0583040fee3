import { credentialChanges, otherChanges } from './config/changes.js'
import type { Config } from './config/config.js'
import type { LoadedConfig } from './config/load.js'
import type { Log, Metrics } from './core/ports.js'

export interface ReloadDeps {
  /** What the connector was started with. */
  readonly config: Config
  /** Reads and checks the configuration anew. */
  readonly load: () => LoadedConfig
  readonly log: Log
  readonly metrics: Metrics
  /** Puts other credentials in force. */
  readonly apply: (credentials: Config['attestr']['credentials']) => void
}

/**
 * Makes what reads the configuration again while the connector runs: credentials are put in force, all else waits for a restart.
 *
 * Out:    a function that never throws for what the files hold: a configuration with problems leaves everything as it is
 * Source: issue "Credentials by topic and flow, added without a restart"; product.md sections 5 and 10
 */
export function createReload({ config, load, log, metrics, apply }: ReloadDeps): () => void {
  let inForce = config.attestr.credentials
  const count = (result: string): void => metrics.add('attestr_config_reloads_total', 1, { result })
  return () => {
    const loaded = load()
    if ('problems' in loaded) {
      log.error('reload-refused', { problems: loaded.problems })
      return count('refused')
    }
    const { credentials } = loaded.config.attestr
    const changes = credentialChanges(inForce, credentials)
    const keys = otherChanges(config, loaded.config)
    if (changes !== null) {
      apply(credentials)
      inForce = credentials
      log.info('credentials-changed', { ...changes })
    }
    if (keys.length > 0) log.warn('restart-needed', { keys })
    if (changes === null && keys.length === 0) log.info('reload-unchanged')
    count(changes !== null ? 'applied' : keys.length > 0 ? 'restart-needed' : 'unchanged')
  }
}
