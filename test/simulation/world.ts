import type { Config } from '../../src/config/config.js'
import { loadConfig } from '../../src/config/load.js'
import { topicsRead } from '../../src/config/topics-read.js'
import type { Coordinates, TopicPartition } from '../../src/core/model.js'
import { createMemoryApiServer } from '../../src/io/memory/api-server.js'
import { createVirtualClock, type VirtualClock } from '../../src/io/memory/clock.js'
import { createMemoryBroker, type LogRow, type MemoryBroker } from '../../src/io/memory/kafka.js'
import { createMemoryLog, type MemoryLog } from '../../src/io/memory/log.js'
import { createMemoryMetrics } from '../../src/io/memory/metrics.js'
import { createSeededRandom, randomInt } from '../../src/io/memory/random.js'
import { createMemoryRegistry } from '../../src/io/memory/registry.js'
import { createEncoders } from '../../src/io/registry/encoders.js'
import { createEventReader } from '../../src/io/registry/events.js'
import { DEVELOPMENT_CREDENTIAL } from '../../src/simulator/credentials.js'
import { createResponder } from '../../src/simulator/responder.js'
import {
  type DelayRow,
  decodeDeadLetters,
  decodeDelays,
  decodeOutcomes,
  decodeRecords,
} from '../support/decode-rows.js'
import { type Evidence, type InputMessage, placeOf } from '../support/judge.js'
import { resultSource } from './content.js'
import type { Doubles, Surroundings } from './instance.js'
import type { Arrival, Plan } from './plan.js'

/** One broker, one API and all that is written and read on them. */
export interface World {
  readonly plan: Plan
  readonly clock: VirtualClock
  readonly around: Surroundings
  readonly log: MemoryLog
  append(arrival: Arrival): void
  /** From now on the network has no faults. */
  calmDown(): void
  /** Every message is consumed, as the offsets tell that were committed at some time. */
  consumed(): boolean
  evidence(): Evidence
}

const SETTINGS = `
attestr: { credentials: [{ id: main, authToken: ${DEVELOPMENT_CREDENTIAL.authToken}, clientSecret: ${DEVELOPMENT_CREDENTIAL.clientSecret} }] }
kafka: { brokers: [localhost:9092], sessionTimeoutMs: 6000, transactionTimeoutMs: 8000 }
schemaRegistry: { url: http://localhost:8081 }
fetch: { timeoutMs: 800, deadlineMs: 4000 }
shutdown: { drainMs: 6000 }
`
const encoders = createEncoders({ ids: { verified: 1, deadLetter: 2, outcome: 3 } })

function configOf(plan: Plan): Config {
  const sets = Object.entries(plan.settings).map(([key, value]) => `${key}=${value}`)
  sets.push(`topics.retry=${JSON.stringify(plan.retry)}`)
  const loaded = loadConfig({ file: 'simulation.yaml', sets, env: {}, readText: () => SETTINGS })
  if ('problems' in loaded) throw new Error(loaded.problems.join('\n'))
  return loaded.config
}

/** Builds the surroundings of a plan; processes are started by the run. */
export function createWorld(plan: Plan, doubles: Doubles): World {
  const clock = createVirtualClock({ start: Date.UTC(2026, 0, 1) })
  const random = createSeededRandom(plan.seed ^ 0x5bd1e995)
  const broker = createMemoryBroker({ clock, random, maxMarkerDelayMs: plan.networkMs })
  const config = configOf(plan)
  const { topics } = config
  const [input = ''] = topics.events
  const retryTopics = plan.retry.map(({ topic }) => topic)
  for (const topic of [...topicsRead(topics), topics.verified, topics.deadLetter, topics.outcomes ?? '']) {
    broker.createTopic(topic, plan.partitions)
  }
  const lastDelays = retryTopics.flatMap((topic) => broker.partitionsOf(topic)).map(lastOf(broker))
  const responder = createResponder({ source: resultSource, faults: plan.script, latencyMs: plan.apiMs })
  const server = createMemoryApiServer(clock, (call) => responder.respond(call))
  const log = createMemoryLog()
  let faultShare = plan.faultShare
  const inputs: InputMessage[] = []
  /** The last message of each partition. */
  const last = new Map<number, Coordinates>()
  const isReached = (at: Coordinates): boolean =>
    (broker.offsets.furthest(config.kafka.groupId, at) ?? 0) > at.offset
  const around: Surroundings = {
    ...{ broker, server, config, encoders, doubles, log, metrics: createMemoryMetrics() },
    ...{ transactional: plan.transactional, networkMs: plan.networkMs },
    readAvro: createEventReader({ registry: createMemoryRegistry(), monotonic: () => clock.monotonic() }),
    fault() {
      if (faultShare === 0 || random() >= faultShare) return null
      const kind = (['lost-request', 'lost-reply', 'late'] as const)[randomInt(random, 0, 2)] ?? 'late'
      return kind === 'late' ? { kind, delayMs: randomInt(random, 1, 6000) } : { kind }
    },
  }

  return {
    ...{ plan, clock, around, log },
    append(arrival) {
      const at = { topic: input, partition: arrival.partition }
      const offset = appendArrival(broker, at, arrival)
      const judged = !arrival.event.called || plan.script.global === undefined
      last.set(at.partition, { ...at, offset })
      const { expected } = arrival.event
      inputs.push({ at: { ...at, offset }, ...(judged && expected !== null ? { expected } : {}) })
    },
    calmDown() {
      faultShare = 0
    },
    consumed: () =>
      inputs.length === plan.arrivals.length &&
      [...last.values()].every(isReached) &&
      lastDelays.every((lastDelay) => {
        const at = lastDelay()
        return at === null || isReached(at)
      }),
    evidence: () => ({
      inputs,
      outcomes: decodeOutcomes(broker.rows(topics.outcomes ?? '')),
      records: decodeRecords(broker.rows(topics.verified)),
      deadLetters: decodeDeadLetters(broker.rows(topics.deadLetter)),
      delays: decodeDelays(retryTopics.flatMap((topic) => broker.rows(topic).map(delayRow))),
      calls: server.calls,
    }),
  }
}

/** Makes a function that tells the last message of a partition that was not taken back; null: there is none. */
export function lastOf(broker: MemoryBroker) {
  return (at: TopicPartition): (() => Coordinates | null) => {
    const log = broker.log(at)
    let seenTo = -1
    let found: Coordinates | null = null
    return () => {
      // What is taken back is followed by a marker.
      if (log.end() === seenTo) return found
      seenTo = log.end()
      const slot = log.slots().findLast(({ message, span }) => message !== null && span?.fate !== 'aborted')
      found = slot === undefined ? null : { ...at, offset: slot.offset }
      return found
    }
  }
}

const delayRow = (row: LogRow): DelayRow => ({
  ...row,
  headers: Object.fromEntries(row.headers.map(({ key, value }) => [key, value?.toString() ?? ''])),
})

/** Returns the offset of the message that counts. */
function appendArrival(broker: MemoryBroker, at: TopicPartition, { event, how }: Arrival): number {
  const message = {
    key: event.key === null ? null : Buffer.from(event.key),
    value: event.value === null ? null : Buffer.from(event.value),
    headers: [],
  }
  if (how === 'plain') return broker.append(at, [message])
  const log = broker.log(at)
  const write = (commit: boolean): number => {
    const offset = log.end()
    const session = broker.transactions.init(`writer ${placeOf({ ...at, offset })}`, 60_000)
    broker.transactions.produce(session, log, [message])
    broker.transactions.end(session, commit)
    return offset
  }
  if (how === 'aborted-before') write(false)
  return write(true)
}
