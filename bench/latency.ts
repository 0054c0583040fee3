import { setTimeout as delay } from 'node:timers/promises'
import type { Message, Producer } from 'kafkajs'
import { createEventMaker, type EventForm } from './backlog.js'
import { type Cell, nameOf, PARTITIONS, type Subject } from './cells.js'
import { createKafkaSource, createSystemClock, loadKafkajs } from './product.js'
import type { Rig } from './rig.js'
import { percentile } from './statistics.js'
import { startSubject } from './subjects.js'
import { noteLoad } from './watch.js'

export interface LatencyRun {
  readonly cell: Cell
  readonly subject: Subject
  readonly load: number
  /** Events a second wanted, and appended. */
  readonly wantedRate: number
  readonly rate: number
  readonly events: number
  /** From append to delivery to a read_committed reader. */
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
  /** Events whose end was not seen within the time. */
  readonly missing: number
}

export interface LatencyOptions {
  readonly cell: Cell
  readonly subject: Subject
  readonly eventsPerSecond: number
  readonly seconds: number
  readonly form: EventForm
}

/** Fed at the same pace, not measured. */
const WARM_UP_SECONDS = 3
const END_MS = 15_000

/** An open loop: events are appended at a fixed pace, however long their ends take. */
export async function runLatency(rig: Rig, options: LatencyOptions): Promise<LatencyRun> {
  const { cell, subject, eventsPerSecond, seconds, form } = options
  const simulator = await rig.simulator({ latencyMs: cell.latencyMs, profile: 'small' })
  const what = `${nameOf(cell)} ${subject}: latency at ${eventsPerSecond.toFixed(0)} events/s`
  const load = noteLoad(rig.say, what)
  const name = rig.name()
  const eventsTopic = `${name}.e`
  await rig.createTopics([eventsTopic], { 'message.timestamp.type': 'LogAppendTime' })
  const running = await startSubject(rig, { cell, subject, eventsTopic, simulator, name })
  const warmUp = Math.round(WARM_UP_SECONDS * eventsPerSecond)
  const count = warmUp + Math.round(seconds * eventsPerSecond)
  const messages = preparedMessages(count, form)
  const ends = await readEnds(rig, running.endsTopic, name)
  await running.ready()
  const fed = await rig.withProducer(async (producer) => {
    const parts = { topic: eventsTopic, eventsPerSecond }
    // What piles up while the subject's code is not compiled yet must not be waited for in the measured part.
    await feed(producer, { ...parts, messages: messages.slice(0, warmUp) })
    await allSeen(ends, warmUp)
    return feed(producer, { ...parts, messages: messages.slice(warmUp) })
  })
  await allSeen(ends, count)
  await ends.stop()
  await running.stop()
  await rig.deleteTopics(`${name}.`)

  const keys = messages.slice(warmUp).map(({ key }) => String(key))
  const times = keys.flatMap((key) => {
    const end = ends.seen.get(key)
    const appended = fed.appended.get(key)
    return end === undefined || appended === undefined ? [] : [end - appended]
  })
  const [p50Ms, p99Ms, maxMs] = [0.5, 0.99, 1].map((share) => percentile(times, share))
  rig.say(
    `  p50 ${p50Ms} ms, p99 ${p99Ms} ms, fed ${fed.rate.toFixed(0)}/s, ${keys.length - times.length} missing`,
  )
  return {
    ...{ cell, subject, load, wantedRate: eventsPerSecond, rate: fed.rate, events: times.length },
    ...{ p50Ms: p50Ms ?? Number.NaN, p99Ms: p99Ms ?? Number.NaN, maxMs: maxMs ?? Number.NaN },
    missing: keys.length - times.length,
  }
}

/** With their partitions, so that the append time of each is told by the answer of its partition. */
function preparedMessages(count: number, form: EventForm): Message[] {
  const partitionOf = loadKafkajs().Partitioners.DefaultPartitioner()
  const partitionMetadata = Array.from({ length: PARTITIONS }, (_, partitionId) => ({
    ...{ partitionErrorCode: 0, partitionId, leader: 0, replicas: [], isr: [], offlineReplicas: [] },
  }))
  const eventOf = createEventMaker({ form, profile: 'small' })
  return Array.from({ length: count }, (_, n) => {
    const message = eventOf(n)
    return { ...message, partition: partitionOf({ topic: '', partitionMetadata, message }) }
  })
}

interface Ends {
  /** Handshake id to the epoch ms at which its end was delivered. */
  readonly seen: ReadonlyMap<string, number>
  stop(): Promise<void>
}

async function allSeen({ seen }: Ends, count: number): Promise<void> {
  const deadline = performance.now() + END_MS
  while (seen.size < count && performance.now() < deadline) await delay(20)
}

async function readEnds(rig: Rig, topic: string, name: string): Promise<Ends> {
  const seen = new Map<string, number>()
  const source = createKafkaSource({
    ...{ connection: rig.connection, groupId: `${name}-reader`, topics: [topic], log: rig.log },
    ...{ sessionTimeoutMs: 15_000, rebalanceDrainMs: 0, clock: createSystemClock() },
  })
  await new Promise<void>((resolve, reject) => {
    source
      .start({
        revoking: () => Promise.resolve(),
        assigned(partitions) {
          for (const at of partitions) {
            source.seek(at, 0)
            source.resume(at)
          }
          resolve()
        },
        messages(_, batch) {
          const now = Date.now()
          for (const { key } of batch) {
            const id = key?.toString() ?? ''
            if (!seen.has(id)) seen.set(id, now)
          }
          return batch.length
        },
        heartbeat: () => undefined,
        outOfRange: () => undefined,
      })
      .catch(reject)
  })
  return { seen, stop: () => source.stop() }
}

const FEED_TICK_MS = 10

interface Fed {
  /** Handshake id to the broker's append time, epoch ms. */
  readonly appended: ReadonlyMap<string, number>
  readonly rate: number
}

async function feed(
  producer: Producer,
  parts: { readonly topic: string; readonly messages: readonly Message[]; readonly eventsPerSecond: number },
): Promise<Fed> {
  const { topic, messages, eventsPerSecond } = parts
  const appended = new Map<string, number>()
  const sends: Promise<void>[] = []
  let failure: unknown = null
  const startedAt = performance.now()
  let sent = 0
  while (sent < messages.length && failure === null) {
    const due = Math.floor(((performance.now() - startedAt) / 1000) * eventsPerSecond)
    const batch = messages.slice(sent, Math.min(due, messages.length))
    sent += batch.length
    if (batch.length > 0) {
      const sending = producer.send({ topic, messages: batch }).then((answers) => {
        const times = new Map(
          answers.map(({ partition, logAppendTime }) => [partition, Number(logAppendTime)]),
        )
        for (const { key, partition } of batch)
          appended.set(String(key), times.get(partition ?? -1) ?? Number.NaN)
      })
      sends.push(
        sending.catch((error: unknown) => {
          failure ??= error
        }),
      )
    }
    await delay(FEED_TICK_MS)
  }
  await Promise.all(sends)
  if (failure !== null) throw failure
  return { appended, rate: (messages.length * 1000) / (performance.now() - startedAt) }
}
