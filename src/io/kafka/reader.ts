import { randomUUID } from 'node:crypto'
import type { SourceMessage, TopicPartition } from '../../core/model.js'
import type { Clock, Log } from '../../core/ports.js'
import type { KafkaAdmin } from './admin.js'
import type { KafkaConnection } from './client.js'
import { createKafkaSource } from './source.js'

export interface ReaderOptions {
  readonly connection: KafkaConnection
  readonly admin: KafkaAdmin
  /** Readers join groups of their own, named after this one; their offsets are never committed. */
  readonly groupId: string
  readonly clock: Clock
  readonly log: Log
}

/** Return false to stop early. */
export type OnMessage = (message: SourceMessage) => boolean | undefined

/**
 * Reads topics as `read_committed` from their start up to the ends they have now. Out: resolves when the ends are reached.
 *
 * Throws: when the cluster cannot be asked; when nothing arrives for half a minute before the ends are reached
 */
export async function readToEnd(
  options: ReaderOptions,
  topics: readonly string[],
  onMessage: OnMessage,
): Promise<void> {
  const left = new Map<string, { readonly low: number; readonly end: number }>()
  for (const topic of topics) {
    for (const { partition, low, high } of await options.admin.ranges(topic)) {
      if (high > low) left.set(keyOf({ topic, partition }), { low, end: high })
    }
  }
  if (left.size > 0) await readPartitions(options, topics, left, onMessage)
}

const SESSION_MS = 10_000
const STALLED_MS = 30_000

async function readPartitions(
  options: ReaderOptions,
  topics: readonly string[],
  left: Map<string, { readonly low: number; readonly end: number }>,
  onMessage: OnMessage,
): Promise<void> {
  const { connection, clock, log, admin } = options
  const groupId = `${options.groupId}.reader.${randomUUID()}`
  let finish = (_at: TopicPartition): void => undefined
  const source = createKafkaSource({
    ...{ connection, groupId, topics, sessionTimeoutMs: SESSION_MS, rebalanceDrainMs: 0, clock, log },
    // Behind the last record there may be control records only, which reach nobody.
    onPosition: (at, next) => {
      if (next >= (left.get(keyOf(at))?.end ?? Number.POSITIVE_INFINITY)) finish(at)
    },
  })
  try {
    await new Promise<void>((resolve, reject) => {
      let progressAt = clock.monotonic()
      const watch = (): void => {
        if (left.size === 0) resolve()
        else if (clock.monotonic() - progressAt > STALLED_MS)
          reject(new Error(`nothing was read of ${topics.join(', ')} for 30 s`))
        else clock.after(200, watch)
      }
      finish = (at) => {
        source.pause(at)
        left.delete(keyOf(at))
        if (left.size === 0) resolve()
      }
      watch()
      source
        .start({
          revoking: () => Promise.resolve(),
          assigned(partitions) {
            for (const at of partitions) {
              const range = left.get(keyOf(at))
              if (range === undefined) continue
              source.seek(at, range.low)
              source.resume(at)
            }
          },
          messages(at, batch) {
            const range = left.get(keyOf(at))
            if (range === undefined) return 0
            progressAt = clock.monotonic()
            // A rejoin goes on from here: nothing is told twice.
            left.set(keyOf(at), { ...range, low: (batch.at(-1)?.offset ?? range.low) + 1 })
            for (const message of batch) {
              const isNew = message.offset >= range.low && message.offset < range.end
              if (isNew && onMessage(message) === false) {
                left.clear()
                resolve()
                return 0
              }
            }
            return batch.length
          },
          heartbeat: () => undefined,
          outOfRange: (at) => finish(at),
        })
        .catch(reject)
    })
  } finally {
    await source.stop()
    await admin.deleteGroup(groupId).catch(() => undefined)
  }
}

const keyOf = (at: TopicPartition): string => `${at.topic}/${at.partition}`
