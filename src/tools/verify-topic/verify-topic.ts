import type { Log } from '../../core/ports.js'
import { createKafkaAdmin } from '../../io/kafka/admin.js'
import type { KafkaConnection } from '../../io/kafka/client.js'
import { type ReadRange, readRanges, TopicMissing } from '../../io/kafka/reader.js'
import { createEvidenceReader } from '../../io/registry/evidence.js'
import type { SchemaRegistry } from '../../io/registry/registry.js'
import { createSystemClock } from '../../io/system/clock.js'
import { createEvidenceCheck, type EvidenceCheckDeps, type EvidenceCounts } from './check-evidence.js'

export interface VerifyTopicOptions extends EvidenceCheckDeps {
  readonly connection: KafkaConnection
  readonly registry: Pick<SchemaRegistry, 'schemaOf'>
  /** Names the reader's own group, whose offsets are never committed. */
  readonly groupId: string
  readonly topic: string
  /** Epoch ms; null: from its start. */
  readonly since: number | null
  readonly signal: AbortSignal
}

const SILENT: Log = { debug() {}, info() {}, warn() {}, error() {} }

/**
 * Reads an evidence topic up to the end it has now, as `read_committed`, and checks each result against its signature.
 *
 * Throws: TopicMissing; RegistryDown, RegistryRefused; ReadStalled; errors of the cluster; the abort reason
 * Source: product.md section 11, verify
 */
export async function verifyTopic(options: VerifyTopicOptions): Promise<EvidenceCounts> {
  const { connection, registry, groupId, topic, since, signal } = options
  const admin = createKafkaAdmin(connection, SILENT)
  try {
    if (!(await admin.existing()).has(topic)) throw new TopicMissing(topic)
    const starts = since === null ? null : await admin.offsetsAt(topic, since)
    const ranges = (await admin.ranges(topic)).map(({ partition, low, high }): ReadRange => {
      const from = Math.min(Math.max(low, starts?.get(partition) ?? low), high)
      return { topic, partition, from, end: high }
    })
    const read = createEvidenceReader(registry)
    const check = createEvidenceCheck(options)
    const reader = { connection, admin, groupId, clock: createSystemClock(), log: SILENT, signal }
    await readRanges(reader, ranges, ({ partition, offset, value }) => {
      const at = { topic, partition, offset }
      const row = value === null ? null : read(value)
      if (row instanceof Promise) return row.then((found) => check.take(at, found))
      check.take(at, row)
      return undefined
    })
    return check.conclude()
  } finally {
    await admin.close()
  }
}
