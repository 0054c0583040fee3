import type { SourceMessage } from '../../core/model.js'
import type { Log } from '../../core/ports.js'
import { createKafkaAdmin } from '../../io/kafka/admin.js'
import type { KafkaConnection } from '../../io/kafka/client.js'
import { readToEnd, TopicMissing } from '../../io/kafka/reader.js'
import { createAnyRecordReader } from '../../io/registry/any-record.js'
import type { SchemaRegistry } from '../../io/registry/registry.js'
import { createSystemClock } from '../../io/system/clock.js'

export interface TopicSource {
  readonly connection: KafkaConnection
  /** Closed with everything else. */
  readonly registry: SchemaRegistry
  readonly groupId: string
  readonly topic: string
  readonly signal: AbortSignal
}

/** Of the client's complaints none is for the operator: what cannot be read is thrown. */
const SILENT: Log = { debug() {}, info() {}, warn() {}, error() {} }

/**
 * Reads a topic that we wrote from its start to the end it has now, as `read_committed`.
 *
 * In:     onRecord  each record in the order of its partition; null for a message that is none
 * Throws: TopicMissing, RegistryDown, RegistryRefused, ReadStalled, errors of the cluster, the abort reason
 */
export async function readRecords(
  source: TopicSource,
  onRecord: (record: object | null) => void,
): Promise<void> {
  const { connection, registry, groupId, topic, signal } = source
  const admin = createKafkaAdmin(connection, SILENT)
  const reader = { connection, admin, groupId, clock: createSystemClock(), log: SILENT, signal }
  const readAny = createAnyRecordReader(registry)
  const onMessage = ({ value }: SourceMessage): Promise<void> | undefined => {
    const record = value === null ? null : readAny(value)
    if (record instanceof Promise) return record.then(onRecord)
    onRecord(record)
    return undefined
  }
  try {
    if (!(await admin.existing()).has(topic)) throw new TopicMissing(topic)
    await readToEnd(reader, [topic], onMessage)
  } finally {
    await Promise.all([admin.close(), registry.close()])
  }
}
