/** A read_committed reader of the output topics that keeps of each row what the judge needs. */
import type { Consumer } from 'kafkajs'
import type { VerifiedStage } from '../../src/core/records.js'
import { type TestBroker, uniqueName } from '../support/broker.js'
import {
  type DelayRow,
  decodeDeadLetters,
  decodeDelays,
  decodeOutcomes,
  decodeRecords,
  type RawRow,
} from '../support/decode-rows.js'
import type { FoundDeadLetter, FoundDelay, FoundOutcome, FoundRecord } from '../support/judge.js'
import { until } from '../support/until.js'

export interface OutputTopics {
  readonly verified: string
  readonly deadLetter: string
  readonly outcomes: string
  readonly retry: readonly string[]
}

/** An outcome with the times that figures are made of. */
export interface SeenOutcome extends FoundOutcome {
  readonly startedAt: number
  readonly finishedAt: number
}

export interface SeenRecord extends FoundRecord {
  readonly signature: string
}

/** Rows in the order of their arrival. */
export interface Facts {
  readonly outcomes: SeenOutcome[]
  readonly records: SeenRecord[]
  readonly deadLetters: FoundDeadLetter[]
  readonly delays: FoundDelay[]
}

export interface ReaderOptions {
  readonly broker: TestBroker
  readonly topics: OutputTopics
  /** Sees each record whole before it is cut down. */
  readonly inspect?: (record: VerifiedStage) => void
  /** Keep nothing: hears each outcome instead. */
  readonly onOutcome?: (outcome: SeenOutcome) => void
}

export interface OutputReader {
  readonly facts: Facts
  /** Rows read so far. */
  rows(): number
  /** Everything is read that is there now. */
  isSettled(): Promise<boolean>
  /** Waits until it is. */
  settled(limitMs?: number): Promise<void>
  stop(): Promise<void>
}

/** A message whose headers only those of a retry topic are asked for. */
type Row = RawRow & DelayRow

const namesOf = ({ retry, ...others }: OutputTopics): string[] => [...Object.values(others), ...retry]

const keyOf = (topic: string, partition: number): string => `${topic}/${partition}`

/** Starts to read from the beginning and goes on, also over restarts of the broker, until it is stopped. */
export async function startOutputReader(options: ReaderOptions): Promise<OutputReader> {
  const { broker, topics } = options
  const facts: Facts = { outcomes: [], records: [], deadLetters: [], delays: [] }
  const take = createTake(options, facts)
  /** The first offset of each partition that has not been seen. */
  const next = new Map<string, number>()
  let rows = 0
  /** What could not be read: the library would try it again for ever. */
  let unreadable: unknown = null
  const consumer = createConsumer(broker)
  // After a restart the library would begin anew: the position is kept here.
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    for (const [topic, partitions] of Object.entries(payload.memberAssignment)) {
      for (const partition of partitions) {
        const offset = next.get(keyOf(topic, partition))
        if (offset !== undefined) consumer.seek({ topic, partition, offset: String(offset) })
      }
    }
  })
  consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) => {
    const key = keyOf(payload.topic, payload.partition)
    next.set(key, Math.max(next.get(key) ?? 0, Number(payload.lastOffset) + 1))
  })
  await consumer.connect()
  await consumer.subscribe({ topics: namesOf(topics), fromBeginning: true })
  await consumer.run({
    autoCommit: false,
    eachBatch: async ({ batch: { topic, partition, messages } }) => {
      const from = next.get(keyOf(topic, partition)) ?? 0
      const fresh = messages.filter(({ offset }) => Number(offset) >= from)
      const raw = fresh.map(
        ({ offset, value, headers = {} }): Row => ({
          ...{ topic, partition, offset: Number(offset), value, transaction: null },
          headers: Object.fromEntries(Object.entries(headers).map(([key, text]) => [key, String(text)])),
        }),
      )
      try {
        take(topic, raw)
      } catch (error) {
        unreadable = error
        throw error
      }
      rows += raw.length
      const last = raw.at(-1)
      if (last !== undefined) next.set(keyOf(topic, partition), last.offset + 1)
    },
  })
  const isAtEnds = async (): Promise<boolean> => {
    if (unreadable !== null) throw new Error(`a row cannot be read: ${unreadable}`, { cause: unreadable })
    return isSettled(broker, topics, next)
  }
  return {
    facts,
    rows: () => rows,
    isSettled: isAtEnds,
    settled: (limitMs = 120_000) => until('the reader is at the ends', isAtEnds, limitMs),
    stop: () => consumer.disconnect(),
  }
}

/** Reads what is there now. */
export async function readOutputs(options: ReaderOptions): Promise<Facts> {
  const reader = await startOutputReader(options)
  await reader.settled()
  await reader.stop()
  return reader.facts
}

function createConsumer(broker: TestBroker): Consumer {
  return broker.kafka.consumer({
    ...{ groupId: uniqueName('chaos-reader'), readUncommitted: false, allowAutoTopicCreation: false },
    ...{ maxWaitTimeInMs: 200, sessionTimeout: 6000, rebalanceTimeout: 6000 },
    retry: {
      ...{ initialRetryTime: 100, maxRetryTime: 1000, retries: 1000 },
      restartOnFailure: async () => true,
    },
  })
}

async function isSettled(
  broker: TestBroker,
  topics: OutputTopics,
  next: ReadonlyMap<string, number>,
): Promise<boolean> {
  for (const topic of namesOf(topics)) {
    const ends = await broker.admin.fetchTopicOffsets(topic)
    const isBehind = ends.some(
      ({ partition, low, high }) =>
        Number(high) > Number(low) && (next.get(keyOf(topic, partition)) ?? 0) < Number(high),
    )
    if (isBehind) return false
  }
  return true
}

function createTake({ topics, inspect, onOutcome }: ReaderOptions, facts: Facts) {
  return function take(topic: string, rows: readonly Row[]): void {
    if (topic === topics.outcomes) {
      for (const row of decodeOutcomes(rows)) {
        if (onOutcome === undefined) facts.outcomes.push(slimOutcome(row as SeenOutcome))
        else onOutcome(row as SeenOutcome)
      }
    } else if (onOutcome !== undefined) {
      return
    } else if (topic === topics.verified) {
      for (const row of decodeRecords(rows)) {
        const whole = row as unknown as VerifiedStage
        inspect?.(whole)
        facts.records.push(slimRecord(row, whole.verification.signature))
      }
    } else if (topic === topics.deadLetter) {
      for (const row of decodeDeadLetters(rows)) facts.deadLetters.push(slimDeadLetter(row))
    } else facts.delays.push(...decodeDelays(rows))
  }
}

function slimOutcome(row: SeenOutcome): SeenOutcome {
  const { at, transaction, source, origin, handshakeId, outcome, code } = row
  const { records, calls, attempt, replays, startedAt, finishedAt } = row
  return {
    ...{ at, transaction, source, origin, handshakeId, outcome, code },
    ...{ records, calls, attempt, replays, startedAt, finishedAt },
  }
}

function slimRecord(row: FoundRecord, signature: string): SeenRecord {
  const { at, transaction, recordId, handshakeId, stageIndex, stageCount, origin, attempt, replays } = row
  return {
    ...{ at, transaction, recordId, handshakeId, stageIndex, stageCount, origin, attempt, replays },
    signature,
  }
}

function slimDeadLetter(row: FoundDeadLetter): FoundDeadLetter {
  const { at, transaction, code, handshakeId, source, origin, attempt, replays, calls, firstSeenAt } = row
  return { at, transaction, code, handshakeId, source, origin, attempt, replays, calls, firstSeenAt }
}
