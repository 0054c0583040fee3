import type { Consumer, EachBatchPayload, KafkaMessage } from 'kafkajs'
import { causeOf } from '../../core/cause.js'
import type { MessageHeader, SourceMessage, TopicPartition } from '../../core/model.js'
import type { Clock, EventSource, Log, SourceListener } from '../../core/ports.js'
import { createKafkaClient, type KafkaConnection } from './client.js'
import { hookAssigner, loadKafkajs } from './patches.js'

export interface KafkaSourceOptions {
  readonly connection: KafkaConnection
  readonly groupId: string
  readonly topics: readonly string[]
  readonly sessionTimeoutMs: number
  readonly rebalanceDrainMs: number
  readonly clock: Clock
  readonly log: Log
  /** Most bytes of one fetch, for one that takes all it is given. Default: little, because what lanes do not take is read again. */
  readonly fetchBytes?: { readonly partition: number; readonly all: number }
  /** Told where a partition's reading stands after each batch, control records included. */
  readonly onPosition?: (at: TopicPartition, next: number) => void
}

/** A consumer-group member of kafkajs. `commit` is for at-least-once delivery: it throws when the partition was lost. */
export interface KafkaSource extends EventSource {
  commit(at: TopicPartition, next: number): Promise<void>
}

const FETCH_BYTES = { partition: 65_536, all: 2_097_152 }
/** Longest wait of an empty fetch; also how long a resumed partition may wait. */
const MAX_WAIT_MS = 200
const RESTART_MS = 1000

export function createKafkaSource(options: KafkaSourceOptions): KafkaSource {
  return new GroupMember(options)
}

class GroupMember implements KafkaSource {
  private readonly options: KafkaSourceOptions
  private consumer: Consumer | null = null
  private listener: SourceListener | null = null
  private joined = false
  /** Partitions were assigned at some time: there may be work to finish before the next join. */
  private hadPartitions = false
  private stopping = false
  private onJoined: (() => void)[] = []

  constructor(options: KafkaSourceOptions) {
    this.options = options
  }

  async start(listener: SourceListener): Promise<void> {
    this.listener = listener
    for (let tries = 0; !this.stopping; tries += 1) {
      try {
        await this.run(listener)
        return
      } catch (error) {
        const { brokers } = this.options.connection
        if (tries === 0)
          this.options.log.warn('broker-unreachable', { brokers: [...brokers], cause: causeOf(error) })
        await this.discard()
        await this.sleep(RESTART_MS)
      }
    }
  }

  private async run(listener: SourceListener): Promise<void> {
    const consumer = this.createConsumer(listener)
    this.consumer = consumer
    await consumer.connect()
    await this.stillWanted(consumer)
    await consumer.subscribe({ topics: [...this.options.topics], fromBeginning: true })
    await this.stillWanted(consumer)
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: 64,
      eachBatch: async (payload) => this.eachBatch(payload, listener),
    })
  }

  /** A stop that came while the consumer connected has not disconnected it for good: kafkajs goes on trying. */
  private async stillWanted(consumer: Consumer): Promise<void> {
    if (!this.stopping && this.consumer === consumer) return
    await consumer.disconnect().catch(() => undefined)
    throw new Error('the source was stopped')
  }

  private createConsumer(listener: SourceListener): Consumer {
    const { connection, groupId, sessionTimeoutMs, rebalanceDrainMs, log } = this.options
    const { fetchBytes = FETCH_BYTES } = this.options
    const { PartitionAssigners } = loadKafkajs()
    const consumer = createKafkaClient(connection, 'consumer', log).consumer({
      groupId,
      sessionTimeout: sessionTimeoutMs,
      heartbeatInterval: Math.floor(sessionTimeoutMs / 6),
      rebalanceTimeout: Math.max(2 * sessionTimeoutMs, 4 * rebalanceDrainMs),
      maxWaitTimeInMs: Math.min(MAX_WAIT_MS, Math.floor(sessionTimeoutMs / 6)),
      maxBytesPerPartition: fetchBytes.partition,
      maxBytes: fetchBytes.all,
      allowAutoTopicCreation: false,
      readUncommitted: false,
      partitionAssigners: [
        (args) =>
          hookAssigner(PartitionAssigners.roundRobin(args), {
            revoking: () => (this.hadPartitions ? listener.revoking() : Promise.resolve()),
            outOfRange: (at) => {
              this.pause(at)
              listener.outOfRange(at)
            },
          }),
      ],
    })
    consumer.on(consumer.events.GROUP_JOIN, (event) => this.assign(event.payload.memberAssignment, listener))
    consumer.on(consumer.events.HEARTBEAT, () => listener.heartbeat())
    const { onPosition } = this.options
    if (onPosition !== undefined) {
      consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) =>
        onPosition({ topic: payload.topic, partition: payload.partition }, Number(payload.lastOffset) + 1),
      )
    }
    consumer.on(consumer.events.CRASH, (event) => this.crashed(consumer, event.payload.restart))
    return consumer
  }

  /** Runs before the first fetch of the generation. Pauses of an earlier assignment are still in force. */
  private assign(assignment: Readonly<Record<string, number[]>>, listener: SourceListener): void {
    const partitions = Object.entries(assignment).flatMap(([topic, list]) =>
      list.map((partition) => ({ topic, partition })),
    )
    this.joined = true
    for (const at of partitions) this.pause(at)
    this.hadPartitions = true
    for (const resolve of this.onJoined.splice(0)) resolve()
    if (!this.stopping) listener.assigned(partitions)
  }

  /** No await between the lane's answer and resolveOffset: a lane must not change in between. */
  private eachBatch(
    { batch, resolveOffset, isRunning, isStale }: EachBatchPayload,
    listener: SourceListener,
  ): void {
    if (isStale() || !isRunning()) return
    const at = { topic: batch.topic, partition: batch.partition }
    const messages = batch.messages.map((message) => sourceMessage(at, message))
    const taken = listener.messages(at, messages, Number(batch.highWatermark))
    const last = batch.messages[taken - 1]
    // A batch that is not taken comes again at once unless its partition is paused.
    if (last === undefined) this.pause(at)
    else resolveOffset(last.offset)
  }

  private crashed(consumer: Consumer, restarts: boolean): void {
    if (this.consumer !== consumer) return
    this.joined = false
    this.options.log.warn('consumer-restarts', { byItself: restarts })
    if (restarts || this.stopping || this.listener === null) return
    const { listener } = this
    void this.discard().then(async () => {
      await this.sleep(RESTART_MS)
      if (!this.stopping) await this.start(listener)
    })
  }

  // Before it has joined, kafkajs throws at these; the next assignment pauses everything and seeks anew anyway.
  pause({ topic, partition }: TopicPartition): void {
    if (this.joined) this.consumer?.pause([{ topic, partitions: [partition] }])
  }

  resume({ topic, partition }: TopicPartition): void {
    if (this.joined) this.consumer?.resume([{ topic, partitions: [partition] }])
  }

  seek({ topic, partition }: TopicPartition, offset: number): void {
    if (this.joined) this.consumer?.seek({ topic, partition, offset: String(offset) })
  }

  async commit({ topic, partition }: TopicPartition, next: number): Promise<void> {
    if (this.consumer === null) throw new Error('the consumer is not running')
    await this.consumer.commitOffsets([{ topic, partition, offset: String(next) }])
  }

  async stop(): Promise<void> {
    this.stopping = true
    // Leaving in the middle of a join leaves a ghost: the group would wait for it until the session timeout.
    if (this.consumer !== null && !this.joined) {
      await Promise.race([
        new Promise<void>((resolve) => this.onJoined.push(resolve)),
        this.sleep(this.options.sessionTimeoutMs / 3),
      ])
    }
    await this.discard()
  }

  private async discard(): Promise<void> {
    const { consumer } = this
    this.consumer = null
    this.joined = false
    await consumer?.disconnect().catch(() => undefined)
  }

  private sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.options.clock.after(delayMs, resolve))
  }
}

function sourceMessage(at: TopicPartition, message: KafkaMessage): SourceMessage {
  return {
    topic: at.topic,
    partition: at.partition,
    offset: Number(message.offset),
    timestamp: Number(message.timestamp),
    key: message.key,
    value: message.value,
    headers: headersOf(message.headers),
  }
}

const NO_HEADERS: readonly MessageHeader[] = []

function headersOf(headers: KafkaMessage['headers']): readonly MessageHeader[] {
  if (headers === undefined) return NO_HEADERS
  const list: MessageHeader[] = []
  for (const [key, values] of Object.entries(headers)) {
    for (const value of Array.isArray(values) ? values : [values]) {
      list.push({ key, value: value == null ? null : Buffer.from(value) })
    }
  }
  return list
}
