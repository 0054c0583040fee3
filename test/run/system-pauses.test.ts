/** What all lanes are paused for together, and the one event that is let in for a probe. */
import { beforeEach, describe, expect, it } from 'vitest'
import { travelHeaders } from '../../src/core/chain.js'
import type { SourceMessage, TopicPartition } from '../../src/core/model.js'
import { createVirtualClock, type VirtualClock } from '../../src/io/memory/clock.js'
import { createMemoryLog } from '../../src/io/memory/log.js'
import { createMemoryMetrics } from '../../src/io/memory/metrics.js'
import { createGate, type Gate } from '../../src/run/gate.js'
import { createLanes, type Lanes } from '../../src/run/lanes.js'
import { AT, HandDelivery, HandPath, messagesOf, NotedSource } from './lane-scene.js'

const B: TopicPartition = { topic: 'events', partition: 1 }

let clock: VirtualClock
let gate: Gate
let source: NotedSource
let delivery: HandDelivery
let hand: HandPath
let lanes: Lanes
let onHold: Set<AbortSignal>
let outcomes: string[]

function build(delayOf: (topic: string) => number | null = () => null): void {
  clock = createVirtualClock({ start: 0 })
  gate = createGate({ concurrency: 8, maxHeldEvents: 99, maxInFlightBytes: 1e7, maxResponseBytes: 1e5 })
  source = new NotedSource()
  delivery = new HandDelivery()
  hand = new HandPath()
  onHold = new Set()
  outcomes = []
  lanes = createLanes({
    ...{ source, delivery, gate, path: hand.path, clock, delayOf },
    ...{ metrics: createMemoryMetrics(), log: createMemoryLog() },
    ...{ commit: { intervalMs: 100, maxEvents: 500 }, sessionTimeoutMs: 15_000, rebalanceDrainMs: 3000 },
    onHold: () => onHold,
    onOutcome: (outcome) => outcomes.push(outcome),
  })
}

beforeEach(() => build())

async function assigned(...list: TopicPartition[]): Promise<void> {
  lanes.assigned(list)
  await clock.settle()
}

const pausedFor = (): string[] => lanes.list().map((lane) => lane.pauses.reasons().join(' '))

describe('a pause of the system', () => {
  it('stops reading and admitting in all lanes, those opened meanwhile included', async () => {
    await assigned(AT)
    lanes.paused.pauseAll('systemic')
    expect([pausedFor(), source.isRead(AT)]).toEqual([['systemic'], false])
    // What was on its way is taken, and waits.
    lanes.messages(AT, messagesOf([0, 1]), 2)
    expect(hand.offsets()).toEqual([])
    await assigned(AT, B)
    expect([pausedFor(), source.isRead(AT), source.isRead(B)]).toEqual([
      ['systemic', 'systemic'],
      false,
      false,
    ])
    lanes.messages(B, messagesOf([0], 10, B), 1)
    lanes.paused.resumeAll('systemic')
    expect([hand.offsets(), source.isRead(AT), source.isRead(B)]).toEqual([[0], true, true])
  })

  it('is over when the last of its reasons is', async () => {
    await assigned(AT)
    lanes.paused.pauseAll('systemic')
    lanes.paused.pauseAll('flood')
    lanes.messages(AT, messagesOf([0]), 1)
    lanes.paused.resumeAll('systemic')
    expect([pausedFor(), hand.offsets(), source.isRead(AT)]).toEqual([['flood'], [], false])
    lanes.paused.resumeAll('flood')
    expect([pausedFor(), hand.offsets(), source.isRead(AT)]).toEqual([[''], [0], true])
  })

  it('leaves a lane alone that waits for an operator', async () => {
    delivery.next.push({ kind: 'events-lost', from: 0, to: 9 })
    await assigned(AT)
    lanes.paused.pauseAll('systemic')
    lanes.paused.resumeAll('systemic')
    expect([pausedFor(), source.isRead(AT)]).toEqual([['events-lost'], false])
  })

  it('keeps what is in flight', async () => {
    await assigned(AT)
    lanes.messages(AT, messagesOf([0]), 1)
    lanes.paused.pauseAll('systemic')
    await clock.advance(3_600_000)
    hand.at(0).finish()
    await clock.advance(100)
    expect([delivery.last().batches(), outcomes]).toEqual([[[0]], ['VERIFIED']])
  })
})

describe('one event for a probe', () => {
  it('is the next one that was read: exactly one', async () => {
    await assigned(AT, B)
    lanes.paused.pauseAll('systemic')
    lanes.messages(B, messagesOf([0, 1, 2], 10, B), 3)
    expect(lanes.paused.admitOne(0)).toBe(true)
    expect([hand.offsets(), source.isRead(AT), source.isRead(B)]).toEqual([[0], false, false])
    await clock.advance(60_000)
    expect(hand.offsets()).toEqual([0])
  })

  it('is read when none was: partitions are read until it comes, and no longer', async () => {
    await assigned(AT, B)
    lanes.paused.pauseAll('systemic')
    expect(lanes.paused.admitOne(0)).toBe(true)
    expect([source.isRead(AT), source.isRead(B)]).toEqual([true, true])
    // Nobody came yet: nobody may come soon either.
    expect(lanes.paused.admitOne(0)).toBe(false)
    lanes.messages(B, messagesOf([0, 1], 10, B), 2)
    expect([hand.offsets(), pausedFor(), source.isRead(AT)]).toEqual([[0], ['systemic', 'systemic'], false])
    // What was on its way from the other partition waits.
    lanes.messages(AT, messagesOf([0, 1]), 2)
    expect(hand.works).toHaveLength(1)
  })

  it('is looked for in lanes that are opened meanwhile, too', async () => {
    await assigned(AT)
    lanes.paused.pauseAll('systemic')
    lanes.paused.admitOne(0)
    await assigned(AT)
    expect(source.isRead(AT)).toBe(true)
    lanes.messages(AT, messagesOf([0, 1]), 2)
    expect([hand.offsets(), source.isRead(AT)]).toEqual([[0], false])
  })

  it('is a delayed retry that is due, before an event', async () => {
    const RETRY = { topic: 'retry', partition: 0 }
    const delayMs = 30_000
    build((topic) => (topic === RETRY.topic ? delayMs : null))
    await assigned(AT, RETRY)
    lanes.heartbeat()
    const [message] = messagesOf([7], 10, RETRY) as [SourceMessage]
    const chain = { origin: message, attempt: 2, replays: 0, firstSeenAt: 0, callsBefore: 1 }
    const headers = travelHeaders({ source: message, ...chain }, delayMs)
    const delayed = { ...message, timestamp: 0, headers }
    // The first one wakes its lane, and is read again.
    for (let n = 0; n < 2; n += 1) {
      lanes.messages(RETRY, [delayed], 8)
      await clock.settle()
    }
    lanes.paused.pauseAll('systemic')
    lanes.messages(AT, messagesOf([0, 1]), 2)
    lanes.paused.admitOne(0)
    expect(hand.offsets()).toEqual([0])
    await clock.advance(delayMs)
    lanes.paused.admitOne(1)
    lanes.paused.admitOne(2)
    expect(hand.offsets()).toEqual([0, 7, 1])
  })

  it('is not wanted as long as others are held that will ask', async () => {
    await assigned(AT)
    lanes.messages(AT, messagesOf([0]), 1)
    lanes.paused.pauseAll('systemic')
    lanes.messages(AT, messagesOf([1]), 2)
    expect([lanes.paused.admitOne(0), hand.offsets()]).toEqual([true, [0]])
    expect([lanes.paused.admitOne(1), hand.offsets()]).toEqual([true, [0, 1]])
  })

  it('is not let in during a flood', async () => {
    await assigned(AT)
    lanes.paused.pauseAll('systemic')
    lanes.paused.pauseAll('flood')
    lanes.messages(AT, messagesOf([0]), 1)
    expect([lanes.paused.admitOne(0), hand.offsets(), source.isRead(AT)]).toEqual([false, [], false])
  })

  it('comes from an idle lane by way of a new one', async () => {
    await assigned(AT)
    lanes.heartbeat()
    await clock.advance(60_000)
    lanes.heartbeat()
    lanes.paused.pauseAll('systemic')
    lanes.paused.admitOne(0)
    expect(lanes.messages(AT, messagesOf([0]), 1)).toBe(0)
    await clock.settle()
    lanes.messages(AT, messagesOf([0]), 1)
    expect([hand.offsets(), source.isRead(AT)]).toEqual([[0], false])
  })
})

describe('the events that others wait behind', () => {
  it('are the first unfinished one of each lane', async () => {
    await assigned(AT, B)
    lanes.messages(AT, messagesOf([0, 1]), 2)
    lanes.messages(B, messagesOf([7, 8], 10, B), 9)
    hand.at(0).finish()
    await clock.settle()
    const signals = [hand.at(1), hand.at(7)].map(({ ticket }) => ticket.signal)
    expect([...lanes.paused.heads()]).toEqual(signals)
  })
})

describe('a drain in a pause', () => {
  it('drops at once what is held, although an answer of no use has come for it', async () => {
    await assigned(AT)
    lanes.messages(AT, messagesOf([0]), 1)
    await hand.at(0).call()
    hand.at(0).back(100)
    onHold.add(hand.at(0).ticket.signal)
    const drained = lanes.drain(20_000)
    expect(hand.at(0).aborted).toBe(true)
    await clock.drive(drained)
    expect(clock.monotonic()).toBe(0)
  })
})
