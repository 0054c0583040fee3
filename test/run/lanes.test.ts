import { beforeEach, describe, expect, it } from 'vitest'
import { travelHeaders } from '../../src/core/chain.js'
import type { SourceMessage, TopicPartition } from '../../src/core/model.js'
import { createVirtualClock, type VirtualClock } from '../../src/io/memory/clock.js'
import { createMemoryLog, type MemoryLog } from '../../src/io/memory/log.js'
import { createMemoryMetrics, type MemoryMetrics } from '../../src/io/memory/metrics.js'
import { createGate, type Gate } from '../../src/run/gate.js'
import { createLanes, type Lanes } from '../../src/run/lanes.js'
import { AT, HandDelivery, HandPath, messagesOf, NotedSource } from './lane-scene.js'

const B: TopicPartition = { topic: 'events', partition: 1 }

let clock: VirtualClock
let log: MemoryLog
let metrics: MemoryMetrics
let gate: Gate
let source: NotedSource
let delivery: HandDelivery
let hand: HandPath
let lanes: Lanes

const RETRY: TopicPartition = { topic: 'retry', partition: 0 }
const DELAY_MS = 3_600_000

beforeEach(() => {
  clock = createVirtualClock({ start: 0 })
  log = createMemoryLog()
  metrics = createMemoryMetrics()
  gate = createGate({ concurrency: 8, maxHeldEvents: 99, maxInFlightBytes: 1e7, maxResponseBytes: 1e5 })
  source = new NotedSource()
  delivery = new HandDelivery()
  hand = new HandPath()
  lanes = createLanes({
    ...{ source, delivery, gate, path: hand.path, clock, metrics, log },
    delayOf: (topic) => (topic === RETRY.topic ? DELAY_MS : null),
    ...{ commit: { intervalMs: 100, maxEvents: 500 }, sessionTimeoutMs: 15_000, rebalanceDrainMs: 3000 },
  })
})

const states = (): string[] => lanes.list().map((lane) => `${lane.at.partition} ${lane.state}`)

async function assigned(...list: TopicPartition[]): Promise<void> {
  lanes.assigned(list)
  await clock.settle()
}

/** One event of the first partition is committed, which fails. */
async function failCommit(): Promise<void> {
  const { position } = lanes.list()[0] ?? { position: 0 }
  delivery.last().automatic = false
  lanes.messages(AT, messagesOf([position]), position + 1)
  hand.at(position).finish()
  await clock.advance(100)
  delivery.last().end(Object.assign(new Error('told with a value 4711'), { type: 'PRODUCER_FENCED' }))
  await clock.settle()
}

async function heartbeat(afterMs = 0): Promise<void> {
  await clock.advance(afterMs)
  lanes.heartbeat()
  await clock.settle()
}

describe('an assignment', () => {
  it('opens a lane for each partition, together', async () => {
    await assigned(AT, B)
    expect([delivery.opened, states()]).toEqual([['events/0 events/1'], ['0 running', '1 running']])
    expect(metrics.value('attestr_rebalances_total')).toBe(1)
  })

  it('passes messages to the lane of their partition, and takes none of a partition it has not', async () => {
    await assigned(AT, B)
    expect(lanes.messages(B, messagesOf([0], 10, B), 1)).toBe(1)
    expect(lanes.messages({ topic: 'events', partition: 2 }, messagesOf([0]), 1)).toBe(0)
    expect(hand.works.map((work) => work.message.partition)).toEqual([1])
  })

  it('closes the lanes of the one before, and does not use what was opened for it', async () => {
    delivery.held = true
    await assigned(AT)
    await assigned(AT, B)
    delivery.go()
    await clock.settle()
    expect(delivery.committers.map((committer) => committer.closed)).toEqual([1, 0, 0])
    expect(states()).toEqual(['0 running', '1 running'])
  })

  it('gives up what is still being opened for the one before: it would fence the next owner', async () => {
    await assigned(AT)
    expect(delivery.assignments.map(({ aborted }) => aborted)).toEqual([false])
    await assigned(AT, B)
    expect(delivery.assignments.map(({ aborted }) => aborted)).toEqual([true, false])
    await lanes.revoking()
    expect(delivery.assignments.map(({ aborted }) => aborted)).toEqual([true, true])
  })

  it('drops at once what was in flight in the one before', async () => {
    await assigned(AT)
    lanes.messages(AT, messagesOf([0]), 1)
    await assigned(B)
    expect([hand.at(0).aborted, gate.figures().events, states()]).toEqual([true, 0, ['1 running']])
  })

  it('to nobody leaves no lane', async () => {
    await assigned(AT)
    await assigned()
    expect(states()).toEqual([])
  })
})

describe('a lane that failed', () => {
  it('is opened again only at a heartbeat: a process that woke up must not fence the rightful owner', async () => {
    await assigned(AT)
    await failCommit()
    expect([states(), source.isRead(AT)]).toEqual([['0 closed'], false])
    await clock.advance(3_600_000)
    expect(delivery.opened.length).toBe(1)
    await heartbeat()
    expect([delivery.opened.length, states(), source.isRead(AT)]).toEqual([2, ['0 running'], true])
  })

  it('reads its work again', async () => {
    await assigned(AT)
    await failCommit()
    delivery.next.push({ kind: 'start', offset: 0 })
    await heartbeat(100)
    lanes.messages(AT, messagesOf([0]), 1)
    hand.at(0).finish()
    await clock.advance(100)
    expect(delivery.last().batches()).toEqual([[0]])
  })

  it('waits longer each time it fails in a row, up to a bound', async () => {
    await assigned(AT)
    const waited: number[] = []
    for (let failure = 0; failure < 9; failure += 1) {
      await failCommit()
      const opened = delivery.opened.length
      let waits = 0
      for (; delivery.opened.length === opened; waits += 100) await heartbeat(100)
      waited.push(waits)
    }
    expect(waited).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000])
    expect(metrics.value('attestr_lane_failures_total')).toBe(9)
  })

  it('starts with the shortest wait again after it has held for a minute', async () => {
    await assigned(AT)
    await failCommit()
    await heartbeat(100)
    await failCommit()
    await heartbeat(200)
    await clock.advance(60_000)
    await heartbeat()
    lanes.messages(AT, messagesOf([lanes.list()[0]?.position ?? 0]), 1)
    await clock.settle()
    await failCommit()
    await heartbeat(100)
    expect(states()).toEqual(['0 running'])
  })

  it('starts with the shortest wait again in a new assignment', async () => {
    await assigned(AT)
    for (const waitMs of [100, 200, 400]) {
      await failCommit()
      await heartbeat(waitMs)
    }
    await assigned(AT)
    await failCommit()
    await heartbeat(100)
    expect(states()).toEqual(['0 running'])
  })

  it('is not opened for an assignment that is over', async () => {
    await assigned(AT)
    await failCommit()
    await assigned(B)
    await heartbeat(60_000)
    expect(delivery.opened).toEqual(['events/0', 'events/1'])
  })

  it('leaves the others as they are', async () => {
    await assigned(AT, B)
    lanes.messages(AT, messagesOf([0]), 1)
    lanes.messages(B, messagesOf([0], 10, B), 1)
    hand.works[0]?.fail(new Error('a bug'))
    await clock.settle()
    expect([states(), hand.works[1]?.aborted]).toEqual([['0 closed', '1 running'], false])
  })

  it('is logged with protocol words, never with the text of the error', async () => {
    await assigned(AT)
    await failCommit()
    expect(log.of('lane-failed').map((line) => line.fields)).toEqual([
      expect.objectContaining({ topic: 'events', partition: 0, failures: 1 }),
    ])
    expect(JSON.stringify(log.lines)).toContain('PRODUCER_FENCED')
    expect(JSON.stringify(log.lines)).not.toContain('4711')
  })

  it('to be opened is opened again in the same way', async () => {
    delivery.next.push(new Error('no broker'))
    await assigned(AT)
    expect(states()).toEqual(['0 closed'])
    await heartbeat(100)
    expect(states()).toEqual(['0 running'])
  })
})

describe('lost events', () => {
  it('stop their partition alone, are counted and told, and go on when an operator accepts it', async () => {
    delivery.next.push({ kind: 'events-lost', from: 5, to: 25 })
    await assigned(AT, B)
    expect(states()).toEqual(['0 lost', '1 running'])
    expect(metrics.value('attestr_events_lost_total', { topic: 'events' })).toBe(20)
    expect(log.of('events-lost').map((line) => line.fields)).toEqual([
      { topic: 'events', partition: 0, from: 5, to: 25 },
    ])
    expect([lanes.acceptLoss(), lanes.acceptLoss(), states()]).toEqual([1, 0, ['0 running', '1 running']])
    expect(source.isRead(AT)).toBe(true)
  })

  it('are looked for when the broker says that a position lies outside the log', async () => {
    await assigned(AT)
    delivery.next.push({ kind: 'events-lost', from: 0, to: 9 })
    source.pause(AT)
    lanes.outOfRange(AT)
    await clock.settle()
    expect([delivery.opened.length, states(), source.isRead(AT)]).toEqual([2, ['0 lost'], false])
  })

  it('are looked for in a lane that had closed its committer for want of work', async () => {
    await assigned(AT)
    await clock.advance(60_000)
    lanes.heartbeat()
    expect(states()).toEqual(['0 idle'])
    delivery.next.push({ kind: 'start', offset: 3 })
    source.pause(AT)
    lanes.outOfRange(AT)
    await clock.settle()
    expect([states(), source.isRead(AT)]).toEqual([['0 running'], true])
  })

  it('are not looked for where no lane reads', async () => {
    delivery.next.push({ kind: 'events-lost', from: 0, to: 9 })
    await assigned(AT)
    lanes.outOfRange(AT)
    lanes.outOfRange(B)
    await clock.settle()
    expect(delivery.opened.length).toBe(1)
  })
})

describe('an idle lane', () => {
  const idle = async (): Promise<void> => {
    await assigned(AT)
    await clock.advance(60_000)
  }

  it('is opened at once for a message while the membership is alive', async () => {
    await idle()
    lanes.heartbeat()
    await clock.advance(7000)
    expect(lanes.messages(AT, messagesOf([0]), 1)).toBe(0)
    await clock.settle()
    expect([states(), source.isRead(AT)]).toEqual([['0 running'], true])
    expect(lanes.messages(AT, messagesOf([0]), 1)).toBe(1)
  })

  it('waits for a heartbeat when the last one is long ago', async () => {
    await idle()
    lanes.messages(AT, messagesOf([0]), 1)
    await clock.advance(10_000)
    expect([delivery.opened.length, source.isRead(AT)]).toEqual([1, false])
    await heartbeat()
    expect([states(), source.isRead(AT)]).toEqual([['0 running'], true])
  })
})

describe('a drain', () => {
  it('ends when the lanes have finished, long before its limit', async () => {
    await assigned(AT)
    lanes.messages(AT, messagesOf([0]), 1)
    void hand.at(0).call()
    await clock.settle()
    const drained = lanes.drain(20_000)
    await clock.advance(500)
    hand.at(0).finish()
    await clock.drive(drained)
    expect([delivery.last().batches(), clock.monotonic()]).toEqual([[[0]], 500])
    expect([states(), gate.figures().events]).toEqual([[], 0])
  })

  it('is bounded: what is not finished by then is dropped', async () => {
    await assigned(AT, B)
    lanes.messages(AT, messagesOf([0]), 1)
    void hand.at(0).call()
    await clock.settle()
    await clock.drive(lanes.drain(20_000))
    expect([clock.monotonic(), hand.at(0).aborted, states()]).toEqual([20_000, true, []])
  })

  it('for a rebalance has its own limit, and the lanes come back with the next assignment', async () => {
    await assigned(AT)
    lanes.messages(AT, messagesOf([0]), 1)
    void hand.at(0).call()
    await clock.settle()
    await clock.drive(lanes.revoking())
    expect([clock.monotonic(), hand.at(0).aborted]).toEqual([3000, true])
    await assigned(AT)
    expect(states()).toEqual(['0 running'])
  })

  it('opens no lane afterwards, whatever comes', async () => {
    await assigned(AT)
    await failCommit()
    await clock.drive(lanes.drain(1000))
    await assigned(AT, B)
    await heartbeat(60_000)
    lanes.outOfRange(AT)
    expect([delivery.opened.length, states()]).toEqual([1, []])
  })

  it('takes no time when there is nothing to drain', async () => {
    await lanes.drain(20_000)
    await lanes.revoking()
    expect(clock.pending()).toBe(0)
  })

  it('asked for in the middle of a rebalance lets work in flight finish', async () => {
    await assigned(AT)
    lanes.messages(AT, messagesOf([0]), 1)
    void hand.at(0).call()
    await clock.settle()
    const both = Promise.all([lanes.revoking(), lanes.drain(20_000)])
    await clock.advance(500)
    hand.at(0).finish()
    await clock.drive(both)
    expect(delivery.last().batches()).toEqual([[0]])
  })
})

describe('an abort', () => {
  it('drops everything at once and opens no lane afterwards', async () => {
    await assigned(AT)
    lanes.messages(AT, messagesOf([0, 1]), 2)
    void hand.at(1).call()
    await clock.settle()
    lanes.abort()
    expect([hand.at(0).aborted, hand.at(1).aborted, gate.figures()]).toEqual([
      true,
      true,
      { calls: 0, events: 0, bytes: 0 },
    ])
    await assigned(AT)
    await heartbeat(60_000)
    expect([delivery.opened.length, states()]).toEqual([1, []])
    expect(delivery.last().closed).toBe(1)
  })
})

describe('a partition of a retry topic', () => {
  function delayed(dueAt: number): SourceMessage[] {
    const source = { ...RETRY, offset: 0 }
    const chain = { ...{ source, origin: source, attempt: 2, replays: 0 }, firstSeenAt: 0, callsBefore: 1 }
    return messagesOf([0], 10, RETRY).map((message) => ({
      ...message,
      timestamp: 0,
      headers: travelHeaders(chain, dueAt),
    }))
  }
  const lane = () => lanes.list().find(({ at }) => at.topic === RETRY.topic)

  it('opens nothing before it has a message, which is then read from where the group left off', async () => {
    await assigned(AT, RETRY)
    expect([delivery.opened, lane()?.state, source.isRead(RETRY)]).toEqual([['events/0'], 'idle', true])
    expect(lanes.messages(RETRY, delayed(0), 1)).toBe(0)
    expect(source.isRead(RETRY)).toBe(false)
    await clock.settle()
    expect([delivery.opened.at(-1), lane()?.state]).toEqual(['retry/0', 'running'])
    expect(source.notes.slice(-2)).toEqual(['seek retry/0 0', 'resume retry/0'])
    expect(lanes.messages(RETRY, delayed(0), 1)).toBe(1)
    expect(hand.offsets()).toEqual([0])
  })

  it('that waits long closes its committer, and is opened and read again when its message is due', async () => {
    await assigned(RETRY)
    lanes.messages(RETRY, delayed(DELAY_MS), 1)
    await clock.settle()
    lanes.messages(RETRY, delayed(DELAY_MS), 1)
    await heartbeat(60_000)
    expect([lane()?.state, delivery.last().closed, delivery.committers.length]).toEqual(['idle', 1, 1])
    await heartbeat(DELAY_MS - 60_001)
    expect(delivery.committers.length).toBe(1)
    await heartbeat(1)
    expect([lane()?.state, delivery.committers.length, source.isRead(RETRY)]).toEqual(['running', 2, true])
    lanes.messages(RETRY, delayed(DELAY_MS), 1)
    expect(hand.offsets()).toEqual([0])
  })

  it('whose owner had no sign of life when its message is due waits for the next heartbeat', async () => {
    await assigned(RETRY)
    lanes.messages(RETRY, delayed(DELAY_MS), 1)
    await clock.settle()
    lanes.messages(RETRY, delayed(DELAY_MS), 1)
    await clock.advance(DELAY_MS)
    expect(delivery.committers.length).toBe(1)
    await heartbeat()
    expect(delivery.committers.length).toBe(2)
  })
})
