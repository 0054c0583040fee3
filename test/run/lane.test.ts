import { beforeEach, describe, expect, it } from 'vitest'
import { travelHeaders } from '../../src/core/chain.js'
import type { SourceMessage } from '../../src/core/model.js'
import type { StartOffset } from '../../src/core/ports.js'
import { createVirtualClock, type VirtualClock } from '../../src/io/memory/clock.js'
import { createMemoryMetrics, type MemoryMetrics } from '../../src/io/memory/metrics.js'
import { watchEnds } from '../../src/run/ends.js'
import { createGate, type Gate } from '../../src/run/gate.js'
import { createLane, type Lane } from '../../src/run/lane.js'
import { AT, HandCommitter, HandPath, messagesOf, NotedSource } from './lane-scene.js'

const BOUNDS = {
  concurrency: 8,
  maxHeldEvents: 1000,
  maxInFlightBytes: 10_000_000,
  maxResponseBytes: 100_000,
}

let clock: VirtualClock
let metrics: MemoryMetrics
let gate: Gate
let source: NotedSource
let hand: HandPath
let lane: Lane
let failures: Error[]
let wakes: number

function build(bounds: Partial<typeof BOUNDS> = {}, delayMs: number | null = null): void {
  clock = createVirtualClock({ start: 0 })
  metrics = createMemoryMetrics()
  gate = createGate({ ...BOUNDS, ...bounds })
  source = new NotedSource()
  hand = new HandPath()
  failures = []
  wakes = 0
  lane = createLane({
    ...{ at: AT, delayMs, gate, path: hand.path, source, clock, metrics },
    commit: { intervalMs: 100, maxEvents: 500 },
    onFailed: (error) => failures.push(error),
    onLateFailure: () => undefined,
    onWake: () => {
      wakes += 1
    },
  })
}

beforeEach(() => build())

function start(from: StartOffset = { kind: 'start', offset: 0 }, automatic = true): HandCommitter {
  const committer = new HandCommitter(from, automatic)
  lane.start(committer)
  return committer
}

/** The events call, and their slots are theirs. */
async function calling(...offsets: number[]): Promise<void> {
  for (const offset of offsets) void hand.at(offset).call()
  await clock.settle()
}

async function finish(...offsets: number[]): Promise<void> {
  for (const offset of offsets) hand.at(offset).finish()
  await clock.settle()
}

describe('a lane', () => {
  it('seeks before it lets its partition be read, and takes nothing before', () => {
    expect([lane.offer(messagesOf([0]), 1), lane.state]).toEqual([0, 'opening'])
    start({ kind: 'start', offset: 42 })
    expect(source.notes).toEqual(['seek events/0 42', 'resume events/0'])
    expect([lane.state, lane.position, lane.pauses.reasons()]).toEqual(['running', 42, []])
  })

  it('works on many events at once and commits them in the order of their offsets', async () => {
    const committer = start()
    expect(lane.offer(messagesOf([0, 1, 2, 3]), 4)).toBe(4)
    await calling(0, 1, 2, 3)
    await finish(3, 1, 2)
    expect(committer.writes).toEqual([])
    await finish(0)
    await clock.advance(100)
    expect(committer.batches().flat()).toEqual([0, 1, 2, 3])
    expect(gate.figures()).toEqual({ calls: 0, events: 0, bytes: 0 })
  })

  it('commits the offset after the last event of a batch, gaps left out', async () => {
    const committer = start({ kind: 'start', offset: 10 })
    lane.offer(messagesOf([11, 15, 40]), 60)
    await finish(11, 15)
    await clock.advance(100)
    expect(committer.writes.map(({ batch }) => batch.next)).toEqual([12, 16])
    expect([lane.position, lane.figures.lag]).toEqual([41, 44])
  })

  it('drops messages below its position: they were taken before', () => {
    start({ kind: 'start', offset: 5 })
    expect(lane.offer(messagesOf([3, 4, 5, 6]), 7)).toBe(4)
    expect(lane.offer(messagesOf([5, 6, 7]), 8)).toBe(3)
    expect([hand.offsets(), metrics.value('attestr_events_total')]).toEqual([[5, 6, 7], 3])
  })

  it('keeps what the gate does not admit, and pauses its partition until half of that is gone', async () => {
    build({ maxHeldEvents: 10 })
    start()
    lane.offer(messagesOf(Array.from({ length: 274 }, (_, offset) => offset)), 600)
    expect([hand.works.length, lane.figures.queued, lane.pauses.reasons()]).toEqual([10, 264, ['full']])
    expect(source.isRead(AT)).toBe(false)
    for (let offset = 0; offset < 400 && !source.isRead(AT); offset += 1) {
      await finish(offset)
      await clock.advance(100)
    }
    expect([lane.figures.queued, lane.pauses.reasons()]).toEqual([128, []])
  })

  it('tells what it holds, how far it is behind, and how old its oldest unfinished message is', async () => {
    build({ maxHeldEvents: 2 })
    const committer = start({ kind: 'start', offset: 0 }, false)
    lane.offer(messagesOf([0, 1, 2]), 9)
    expect(lane.figures).toEqual({ queued: 1, held: 2, lag: 9, delayed: 0, oldestTimestamp: 1_000_000 })
    await finish(0)
    expect(lane.figures).toEqual({ queued: 1, held: 2, lag: 9, delayed: 0, oldestTimestamp: 1_000_001 })
    committer.end()
    await clock.settle()
    expect(lane.figures).toEqual({ queued: 0, held: 2, lag: 8, delayed: 0, oldestTimestamp: 1_000_001 })
  })
})

describe('the reasons for a pause', () => {
  it('are a set: the partition is read again only when the last of them is gone', () => {
    start()
    source.notes.length = 0
    lane.pauses.add('events-lost')
    lane.pauses.add('full')
    lane.pauses.add('events-lost')
    lane.pauses.delete('events-lost')
    expect(source.notes).toEqual(['pause events/0'])
    lane.pauses.delete('full')
    lane.pauses.delete('full')
    expect(source.notes).toEqual(['pause events/0', 'resume events/0'])
  })

  it('that came while the lane was opened keep its partition from being read', () => {
    lane.pauses.add('events-lost')
    start()
    expect([source.isRead(AT), lane.pauses.reasons()]).toEqual([false, ['events-lost']])
    lane.pauses.delete('events-lost')
    expect(source.isRead(AT)).toBe(true)
  })
})

describe('a lane whose committed offset lies outside the log', () => {
  const LOST = { kind: 'events-lost', from: 10, to: 300 } as const

  it('reads nothing until the loss is accepted', async () => {
    const committer = start(LOST)
    expect([lane.state, lane.pauses.reasons()]).toEqual(['lost', ['events-lost']])
    expect([lane.offer(messagesOf([300]), 301), source.notes]).toEqual([0, []])
    lane.acceptLoss()
    expect([lane.state, lane.position, lane.pauses.reasons()]).toEqual(['running', 300, []])
    expect(source.notes).toEqual(['seek events/0 300', 'resume events/0'])
    await clock.settle()
    expect(committer.writes.map(({ batch }) => batch)).toEqual([{ outputs: [], next: 300 }])
  })

  it('goes on by the accepted offset once, however often that is said', () => {
    start(LOST)
    lane.acceptLoss()
    lane.offer(messagesOf([300, 301]), 302)
    lane.acceptLoss()
    expect(lane.position).toBe(302)
  })

  it('says nothing about a loss when there is none', () => {
    const committer = start()
    lane.acceptLoss()
    expect([lane.position, committer.writes.length]).toEqual([0, 0])
  })
})

describe('an error', () => {
  it('of a commit closes the lane: nothing later is committed, and everything is given back', async () => {
    const committer = start({ kind: 'start', offset: 0 }, false)
    lane.offer(messagesOf([0, 1, 2]), 3)
    await calling(1, 2)
    await finish(0)
    committer.end(new Error('fenced'))
    await clock.settle()
    expect([lane.state, failures.map((error) => error.message)]).toEqual(['closed', ['fenced']])
    expect([hand.at(1).aborted, hand.at(2).aborted, committer.closed]).toEqual([true, true, 1])
    expect(gate.figures()).toEqual({ calls: 0, events: 0, bytes: 0 })
    await clock.advance(1000)
    expect([committer.writes.length, failures.length]).toEqual([1, 1])
  })

  it('of a path closes the lane, after which finished events are not committed', async () => {
    const committer = start()
    lane.offer(messagesOf([0, 1, 2]), 3)
    await finish(2)
    hand.at(1).fail(new Error('a bug'))
    await finish(0)
    await clock.advance(1000)
    expect([lane.state, failures.map((error) => error.message)]).toEqual(['closed', ['a bug']])
    expect(committer.batches().flat()).not.toContain(2)
    expect(lane.offer(messagesOf([3]), 4)).toBe(0)
  })

  it('is told once, and also when a path throws what is no error', async () => {
    start()
    lane.offer(messagesOf([0, 1]), 2)
    hand.at(0).fail('text')
    hand.at(1).fail(new Error('late'))
    await clock.settle()
    expect(failures.map((error) => error.message)).toEqual(['a path threw something that is no error'])
  })

  it('is what it is called when a path gives up without being asked', async () => {
    start()
    lane.offer(messagesOf([0]), 1)
    hand.at(0).giveUp()
    await clock.settle()
    expect([lane.state, failures.length]).toEqual(['closed', 1])
  })
})

describe('a drain', () => {
  it('finishes calls in flight, drops the rest, and closes when that is committed', async () => {
    const committer = start()
    lane.offer(messagesOf([0, 1, 2, 3]), 4)
    await calling(0, 1, 3)
    const drained = lane.drain()
    await clock.settle()
    expect([lane.state, lane.pauses.reasons()]).toEqual(['draining', ['draining']])
    expect([hand.at(0).aborted, hand.at(1).aborted]).toEqual([false, false])
    // It has no call under way, and what stands behind it cannot leave.
    expect([hand.at(2).aborted, hand.at(3).aborted]).toEqual([true, true])
    expect(gate.figures()).toMatchObject({ calls: 2, events: 2 })
    await finish(1, 0)
    await clock.drive(drained)
    expect([lane.state, committer.batches(), committer.writes[0]?.batch.next]).toEqual([
      'closed',
      [[0, 1]],
      2,
    ])
    expect([committer.closed, committer.cutOff]).toEqual([1, false])
    expect(gate.figures()).toEqual({ calls: 0, events: 0, bytes: 0 })
  })

  it('waits for the commit under way, and commits what is finished without waiting for the interval', async () => {
    const committer = start({ kind: 'start', offset: 0 }, false)
    lane.offer(messagesOf([0, 1]), 2)
    await finish(0, 1)
    let done = false
    void lane.drain().then(() => {
      done = true
    })
    await clock.settle()
    expect([done, committer.batches()]).toEqual([false, [[0]]])
    committer.end()
    await clock.settle()
    expect([done, committer.batches(), clock.monotonic()]).toEqual([false, [[0], [1]], 0])
    committer.end()
    await clock.settle()
    expect([done, lane.state, committer.cutOff]).toEqual([true, 'closed', false])
  })

  it('does not wait for a next try after a call', async () => {
    const committer = start()
    lane.offer(messagesOf([0, 1]), 2)
    await calling(0, 1)
    const drained = lane.drain()
    hand.at(1).back()
    await clock.advance(1000)
    expect(hand.at(1).aborted).toBe(true)
    await finish(0)
    await clock.drive(drained)
    expect(committer.batches()).toEqual([[0]])
  })

  it('lets an answer that waits for its turn be worked on', async () => {
    const committer = start()
    lane.offer(messagesOf([0, 1, 2]), 3)
    await calling(0, 1, 2)
    hand.at(0).back(500)
    hand.at(1).back(500)
    const drained = lane.drain()
    hand.at(2).back(500)
    await clock.advance(150)
    for (const offset of [0, 1, 2]) await finish(offset)
    await clock.drive(drained)
    expect(committer.batches().flat()).toEqual([0, 1, 2])
  })

  it('lets no call begin', async () => {
    start()
    lane.offer(messagesOf([0]), 1)
    await calling(0)
    const drained = lane.drain()
    hand.at(0).back()
    await hand.at(0).call()
    await clock.drive(drained)
    expect([hand.at(0).slot, lane.state]).toEqual([null, 'closed'])
  })

  it('takes no messages and admits none of those it had', async () => {
    build({ maxHeldEvents: 1 })
    start()
    lane.offer(messagesOf([0, 1, 2]), 3)
    await calling(0)
    const drained = lane.drain()
    expect(lane.offer(messagesOf([3]), 4)).toBe(0)
    await finish(0)
    await clock.drive(drained)
    expect(hand.offsets()).toEqual([0])
  })

  it('that is asked for again is the same drain', async () => {
    const committer = start()
    lane.offer(messagesOf([0]), 1)
    await calling(0)
    const first = lane.drain()
    const second = lane.drain()
    await finish(0)
    await clock.drive(Promise.all([first, second, lane.drain()]))
    expect(committer.batches()).toEqual([[0]])
  })

  it('of a lane that does not run closes it at once', async () => {
    await lane.drain()
    expect([lane.state, source.isRead(AT)]).toEqual(['closed', false])
    build()
    start({ kind: 'events-lost', from: 1, to: 2 })
    await lane.drain()
    expect(lane.state).toBe('closed')
  })
})

describe('a lane that is closed', () => {
  it('drops everything at once, and its committer is closed after the commit under way', async () => {
    const committer = start({ kind: 'start', offset: 0 }, false)
    lane.offer(messagesOf([0, 1, 2]), 3)
    await calling(1)
    await finish(0)
    lane.close()
    lane.close()
    expect([hand.at(1).aborted, hand.at(2).aborted, committer.closed]).toEqual([true, true, 0])
    expect(gate.figures()).toEqual({ calls: 0, events: 0, bytes: 0 })
    committer.end()
    await clock.settle()
    expect([committer.closed, committer.cutOff, failures, clock.pending()]).toEqual([1, false, [], 0])
  })
})

describe('a lane without work', () => {
  it('closes its committer after a minute, and wakes for the next message without taking it', async () => {
    const committer = start()
    lane.offer(messagesOf([0]), 1)
    await finish(0)
    await clock.advance(59_999)
    expect([lane.state, committer.closed]).toEqual(['running', 0])
    await clock.advance(1)
    expect([lane.state, committer.closed, clock.pending()]).toEqual(['idle', 1, 0])
    expect(lane.offer(messagesOf([1]), 2)).toBe(0)
    expect([wakes, source.isRead(AT), hand.offsets()]).toEqual([1, false, [0]])
  })

  it('is none that waits for an event, or for a commit', async () => {
    const committer = start({ kind: 'start', offset: 0 }, false)
    lane.offer(messagesOf([0]), 1)
    await clock.advance(600_000)
    expect(lane.state).toBe('running')
    await finish(0)
    await clock.advance(600_000)
    expect([lane.state, committer.closed]).toEqual(['running', 0])
    committer.end()
    await clock.settle()
    await clock.advance(60_000)
    expect([lane.state, lane.figures.lag]).toEqual(['idle', 0])
  })
})

describe('a lane of a retry topic', () => {
  const HOUR_MS = 3_600_000
  const committerOf = (offset = 0): HandCommitter => start({ kind: 'start', offset })

  beforeEach(() => build({}, HOUR_MS))

  /** Messages written at the start of time, due after so many ms. */
  const delayedOf = (dueAfter: readonly number[]): SourceMessage[] =>
    messagesOf(dueAfter.map((_, offset) => offset)).map((message, offset) => {
      const chain = {
        source: message,
        origin: message,
        attempt: 2,
        replays: 0,
        firstSeenAt: 0,
        callsBefore: 1,
      }
      return { ...message, timestamp: 0, headers: travelHeaders(chain, dueAfter[offset] ?? 0) }
    })

  it('keeps what is not due, and its partition paused, until it is', async () => {
    committerOf()
    expect(lane.offer(delayedOf([5000, 7000]), 9)).toBe(2)
    expect([lane.pauses.reasons(), source.isRead(AT), hand.works.length]).toEqual([['due'], false, 0])
    expect([lane.state, gate.figures().events]).toEqual(['running', 0])
    await clock.advance(4999)
    expect(hand.offsets()).toEqual([])
    await clock.advance(1)
    expect([hand.offsets(), lane.pauses.reasons()]).toEqual([[0], ['due']])
    await clock.advance(2000)
    expect([hand.offsets(), lane.pauses.reasons(), source.isRead(AT)]).toEqual([[0, 1], [], true])
  })

  it('goes on at once with what is due, and does not hold it up for what is not', async () => {
    const committer = committerOf()
    lane.offer(delayedOf([0, 0, 9000]), 3)
    expect([hand.offsets(), lane.pauses.reasons()]).toEqual([[0, 1], ['due']])
    await finish(0, 1)
    await clock.advance(200)
    expect(committer.batches().flat()).toEqual([0, 1])
  })

  it('is not behind with what is not due: that is told apart', async () => {
    committerOf()
    lane.offer(delayedOf([0, 9000, 9500]), 4)
    expect(lane.figures).toMatchObject({ held: 1, queued: 2, lag: 4, delayed: 3, oldestTimestamp: 0 })
    await finish(0)
    await clock.advance(100)
    expect(lane.figures).toMatchObject({ held: 0, lag: 3, delayed: 3, oldestTimestamp: 9000 })
    await clock.advance(9000)
    expect(lane.figures).toMatchObject({ held: 1, lag: 3, delayed: 2, oldestTimestamp: 9000 })
  })

  it('is paused for other reasons beside', async () => {
    committerOf()
    lane.pauses.add('systemic')
    lane.offer(delayedOf([1000]), 1)
    await clock.advance(1000)
    expect([lane.pauses.reasons(), source.isRead(AT)]).toEqual([['systemic'], false])
  })

  it('closes its committer while it waits long, and wakes when its first message is due', async () => {
    const committer = committerOf()
    lane.offer(delayedOf([HOUR_MS]), 1)
    await clock.advance(60_000)
    expect([lane.state, committer.closed, wakes, lane.figures.delayed]).toEqual(['idle', 1, 0, 1])
    await clock.advance(HOUR_MS - 60_001)
    expect(wakes).toBe(0)
    await clock.advance(1)
    expect([wakes, hand.offsets(), source.isRead(AT)]).toEqual([1, [], false])
    lane.close()
    expect(clock.pending()).toBe(0)
  })

  it('keeps its committer when the wait is shorter than that', async () => {
    const committer = committerOf()
    lane.offer(delayedOf([90_000]), 1)
    await clock.advance(89_999)
    expect([lane.state, committer.closed]).toEqual(['running', 0])
    await clock.advance(1)
    expect([hand.offsets(), wakes]).toEqual([[0], 0])
  })

  it('does not wait when it drains: what is not due is read again by the next owner', async () => {
    const committer = committerOf()
    lane.offer(delayedOf([0, 9000]), 2)
    await calling(0)
    const drained = lane.drain()
    await finish(0)
    await clock.drive(drained)
    expect([lane.state, committer.writes.map(({ batch }) => batch.next)]).toEqual(['closed', [1]])
    // Looks at what the drain gave up take their second.
    await clock.advance(1000)
    expect([clock.pending(), hand.offsets()]).toEqual([0, [0]])
  })

  it('that is closed while it waits leaves no timer', () => {
    committerOf()
    lane.offer(delayedOf([9000]), 1)
    lane.close()
    expect(clock.pending()).toBe(0)
  })
})

it('a lane that has read its partition to the end is not behind by the markers of transactions', async () => {
  start()
  lane.offer(messagesOf([0]), 5)
  await finish(0)
  await clock.advance(100)
  expect(lane.figures.lag).toBe(4)
  await clock.advance(60_000)
  expect([lane.state, lane.figures.lag]).toEqual(['idle', 0])
})

describe('the lag of a lane that is paused', () => {
  /** One event is done, and nothing more was read. */
  async function doneWithOne(): Promise<void> {
    start()
    lane.offer(messagesOf([0]), 1)
    await finish(0)
    await clock.advance(100)
    expect(lane.figures.lag).toBe(0)
  }

  it('grows with the end of its partition, which never goes back', async () => {
    await doneWithOne()
    lane.pauses.add('systemic')
    lane.seeEnd(7)
    expect(lane.figures.lag).toBe(6)
    lane.seeEnd(4)
    expect([lane.figures.lag, lane.position, lane.figures.queued]).toEqual([6, 1, 0])
    lane.pauses.delete('systemic')
    lane.offer(messagesOf([1, 2]), 7)
    await finish(1, 2)
    await clock.advance(100)
    expect(lane.figures.lag).toBe(4)
  })

  it('stays when it closes its committer for want of work', async () => {
    await doneWithOne()
    lane.pauses.add('systemic')
    lane.seeEnd(7)
    await clock.advance(60_000)
    expect([lane.state, lane.figures.lag]).toEqual(['idle', 6])
    lane.seeEnd(9)
    expect(lane.figures.lag).toBe(8)
  })

  it('counts behind the events that were lost', () => {
    start({ kind: 'events-lost', from: 1, to: 5 })
    lane.seeEnd(9)
    expect([lane.state, lane.figures.lag]).toEqual(['lost', 4])
  })

  it('is what the watch over the ends of partitions tells it', async () => {
    await doneWithOne()
    const ending = new AbortController()
    let end = 5
    const endsOf = async () => new Map([[AT.partition, end]])
    watchEnds({ clock, lanes: () => [lane], endsOf, signal: ending.signal })
    await clock.advance(20_000)
    expect(lane.figures.lag).toBe(0)
    lane.pauses.add('systemic')
    await clock.advance(10_000)
    expect(lane.figures.lag).toBe(4)
    end = 8
    await clock.advance(60_000)
    expect([lane.state, lane.figures.lag]).toEqual(['idle', 7])
    ending.abort()
  })
})
