/** The group and the runner of kafkajs, as shipped and as patched, without a broker. */
import { createRequire } from 'node:module'
import { describe, expect, it } from 'vitest'
import { type ConsumerHooks, type FetchedBatch, hookAssigner } from '../../../src/io/kafka/group-hooks.js'
import { loadKafkajs } from '../../../src/io/kafka/patches.js'

const require = createRequire(import.meta.url)
type Method = (this: unknown, ...args: unknown[]) => Promise<unknown>
type Class = { prototype: Record<string, Method> }

const RUNNER = 'kafkajs/src/consumer/runner'
const shippedHandle = (require(RUNNER) as Class).prototype['handleBatch']
const shippedGroup = { ...methodsOf(require('kafkajs/src/consumer/consumerGroup') as Class) }
loadKafkajs()
const Group = require('kafkajs/src/consumer/consumerGroup') as Class
const Runner = require(RUNNER) as Class
const Batch = require('kafkajs/src/consumer/batch') as new (
  topic: string,
  fetchedOffset: string,
  data: object,
) => object

function methodsOf({ prototype }: Class): Record<string, Method> {
  return Object.fromEntries(
    ['commitOffsets', 'recoverFromOffsetOutOfRange'].map((name) => [name, prototype[name] as Method]),
  )
}

function groupOf(hooks: Partial<ConsumerHooks>, more: object = {}): object {
  const assigner = hookAssigner(
    {},
    { revoking: () => Promise.resolve(), outOfRange: () => undefined, accepts: () => true, ...hooks },
  )
  const logger = { info: () => {}, debug: () => {}, error: () => {} }
  const state = { assigners: [assigner], preferredReadReplicasPerTopicPartition: {}, logger, ...more }
  return Object.assign(Object.create(Group.prototype), state)
}

describe('a commit of offsets that failed', () => {
  const refused = () => ({
    offsetManager: {
      async commitOffsets() {
        throw Object.assign(new Error('refused'), { retriable: true, type: 'ILLEGAL_GENERATION' })
      },
    },
  })

  it('is not tried again in ours: a rejoin would lend it the new generation', async () => {
    const group = groupOf({}, refused())
    await expect(Group.prototype['commitOffsets']?.call(group, {})).rejects.toMatchObject({
      retriable: false,
    })
  })

  it('may be tried again as shipped', async () => {
    const group = groupOf({}, refused())
    await expect(shippedGroup['commitOffsets']?.call(group, {})).rejects.toMatchObject({ retriable: true })
  })
})

describe('a batch', () => {
  const record = (offset: number, isControlRecord = false) => ({
    ...{ offset: String(offset), key: null, value: null, isControlRecord },
    batchContext: { producerId: '1', inTransaction: false },
  })
  const batchOf = (fetchedOffset: number, messages: readonly object[]): object =>
    new Batch('events', String(fetchedOffset), { partition: 2, highWatermark: '99', messages })

  /** Whether the library went on with it, and what the hooks were told. */
  async function handled(method: Method | undefined, batch: object, accepts: boolean) {
    const told: FetchedBatch[] = []
    let wentOn = false
    const runner = Object.assign(Object.create(Runner.prototype), {
      consumerGroup: groupOf({
        accepts(facts) {
          told.push(facts)
          return accepts
        },
      }),
      running: false,
      // Where a runner that is stopped says so, it has begun.
      logger: {
        debug: () => {
          wentOn = true
        },
      },
    })
    await method?.call(runner, batch)
    return { wentOn, told }
  }

  it('is shown to the hooks first, with the offset that was asked for', async () => {
    const batch = batchOf(7, [record(9), record(10)])
    const { wentOn, told } = await handled(Runner.prototype['handleBatch'], batch, true)
    expect(wentOn).toBe(true)
    expect(told).toEqual([{ at: { topic: 'events', partition: 2 }, fetchedOffset: 7, passesTo: null }])
  })

  it('of control records alone says where the library would go on', async () => {
    const batch = batchOf(7, [record(7, true), record(8, true)])
    const { told } = await handled(Runner.prototype['handleBatch'], batch, true)
    expect(told).toMatchObject([{ fetchedOffset: 7, passesTo: 9 }])
  })

  it('that is not accepted is dropped in ours, before it changes anything, and taken as shipped', async () => {
    const batch = batchOf(7, [record(7, true)])
    expect((await handled(Runner.prototype['handleBatch'], batch, false)).wentOn).toBe(false)
    expect((await handled(shippedHandle, batch, false)).wentOn).toBe(true)
  })

  it('without anything in it is nobody’s business', async () => {
    const { wentOn, told } = await handled(Runner.prototype['handleBatch'], batchOf(7, []), false)
    expect([wentOn, told]).toEqual([true, []])
  })
})

describe('a position outside of the log of a follower', () => {
  const followed = (reset: string[]) => ({
    preferredReadReplicasPerTopicPartition: {
      events: { 0: { nodeId: 3, expireAt: Number.MAX_SAFE_INTEGER } },
    },
    offsetManager: {
      async setDefaultOffset() {
        reset.push('reset')
      },
    },
  })
  const error = { topic: 'events', partition: 0 }

  it('is reset as shipped, though the leader has it', async () => {
    const reset: string[] = []
    await shippedGroup['recoverFromOffsetOutOfRange']?.call(groupOf({}, followed(reset)), error)
    expect(reset).toEqual(['reset'])
  })

  it('is asked of the leader in ours, and reported when that says so too', async () => {
    const reset: string[] = []
    const reported: object[] = []
    const group = groupOf({ outOfRange: (at) => void reported.push(at) }, followed(reset))
    await Group.prototype['recoverFromOffsetOutOfRange']?.call(group, error)
    expect(reported).toEqual([])
    await Group.prototype['recoverFromOffsetOutOfRange']?.call(group, error)
    expect([reported, reset]).toEqual([[error], []])
  })
})
