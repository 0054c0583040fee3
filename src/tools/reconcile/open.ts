import type { Log } from '../../core/ports.js'
import { createKafkaAdmin } from '../../io/kafka/admin.js'
import type { KafkaConnection } from '../../io/kafka/client.js'
import type { SchemaRegistry } from '../../io/registry/registry.js'
import { createSystemClock } from '../../io/system/clock.js'
import { type ReconcileOptions, type Reconciliation, reconcile } from './reconcile.js'

export interface OpenOptions {
  readonly connection: KafkaConnection
  /** Closed with everything else. */
  readonly registry: SchemaRegistry
  readonly signal: AbortSignal
}

/** The report is all there is to say: of the client's complaints none is for the operator. */
const SILENT: Log = { debug() {}, info() {}, warn() {}, error() {} }

/** Opens what the proof reads with. Throws nothing: the brokers are asked by `reconcile`. */
export function openReconcile({ connection, registry, signal }: OpenOptions) {
  const admin = createKafkaAdmin(connection, SILENT)
  return {
    reconcile(options: Omit<ReconcileOptions, 'reader' | 'registry'>): Promise<Reconciliation> {
      const { groupId } = options
      const reader = { connection, admin, groupId, clock: createSystemClock(), log: SILENT, signal }
      return reconcile({ ...options, reader, registry })
    },
    async close(): Promise<void> {
      await Promise.all([admin.close(), registry.close()])
    },
  }
}
