import { beforeEach, describe, expect, it } from 'vitest'
import type { CallSlot } from '../../src/core/work.js'
import { createGate, type Gate, type GateLane, type GateShare, type Held } from '../../src/run/gate.js'

/** A call reserves this before the first body was seen. */
const FIRST_ESTIMATE = 8192

/** One held event, moved by hand. */
class HandEvent implements Held {
  readonly offset: number
  account: Held['account'] = null
  slot: CallSlot | null | undefined
  bodyGranted = false
  finished = false
  constructor(offset: number) {
    this.offset = offset
  }
  get calling(): boolean {
    return this.slot !== undefined && this.slot !== null
  }
}

class HandLane implements GateLane {
  readonly fresh: boolean
  readonly events: HandEvent[] = []
  readonly ended: Held[] = []
  readonly share: GateShare
  private readonly queue: number[] = []

  constructor(gate: Gate, fresh = true) {
    this.fresh = fresh
    this.share = gate.join(this)
  }

  waitingBytes(): number | null {
    return this.queue[0] ?? null
  }

  admitNext(): void {
    const event = new HandEvent(this.events.length)
    this.events.push(event)
    this.share.enter(event, this.queue.shift() ?? 0)
  }

  callEnded(held: Held): void {
    this.ended.push(held)
  }

  oldest(): HandEvent | null {
    return this.events.find((event) => !event.finished) ?? null
  }

  offer(...bytes: number[]): void {
    this.queue.push(...bytes)
    this.share.wantEvents()
  }

  at(index: number): HandEvent {
    const event = this.events[index]
    if (event === undefined) throw new Error(`event ${index} was not admitted`)
    return event
  }

  /** These events want to call. */
  ask(...indexes: number[]): Promise<void> {
    for (const index of indexes) {
      void this.share.callSlot(this.at(index)).then((slot) => {
        this.at(index).slot = slot
      })
    }
    return settled()
  }

  /** The head of an answer says how long its body is. */
  announce(index: number, bytes: number): Promise<void> {
    const event = this.at(index)
    const granted = event.slot?.budget.admit(bytes) ?? null
    if (granted === null) event.bodyGranted = true
    else
      void granted.then(() => {
        event.bodyGranted = true
      })
    return settled()
  }

  release(index: number): Promise<void> {
    this.at(index).slot?.release(0)
    this.at(index).slot = undefined
    return settled()
  }

  finish(index: number, bytes: number): Promise<void> {
    this.at(index).slot?.release(0)
    this.at(index).slot = undefined
    this.at(index).finished = true
    this.share.settle(this.at(index), bytes)
    return settled()
  }

  leave(...indexes: number[]): Promise<void> {
    this.share.leave(indexes.map((index) => this.at(index)))
    return settled()
  }

  calling(): number[] {
    return this.events.filter((event) => event.calling).map((event) => event.offset)
  }
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

const WIDE = {
  concurrency: 100,
  maxHeldEvents: 100,
  maxInFlightBytes: 10_000_000,
  maxResponseBytes: 1_000_000,
}

function lanesAt(gate: Gate, count: number): [HandLane, HandLane, HandLane] {
  const [a, b, c] = Array.from({ length: count }, () => new HandLane(gate))
  if (a === undefined) throw new Error('no lane')
  return [a, b ?? a, c ?? a]
}

describe('the bounds of the gate', () => {
  it('are three: calls alone run out, and events are still admitted', async () => {
    const gate = createGate({ ...WIDE, concurrency: 2 })
    const [lane] = lanesAt(gate, 1)
    lane.offer(10, 10, 10, 10)
    await lane.ask(0, 1, 2, 3)
    expect(lane.calling()).toEqual([0, 1])
    expect(gate.figures()).toEqual({ calls: 2, events: 4, bytes: 40 + 2 * FIRST_ESTIMATE })
  })

  it('are three: events alone run out, and calls are still given', async () => {
    const gate = createGate({ ...WIDE, maxHeldEvents: 2 })
    const [lane] = lanesAt(gate, 1)
    lane.offer(10, 10, 10)
    await lane.ask(0, 1)
    expect([lane.events.length, lane.calling()]).toEqual([2, [0, 1]])
    await lane.finish(0, 5)
    expect(lane.events.length).toBe(2)
    await lane.leave(0)
    expect(lane.events.length).toBe(3)
  })

  it('are three: bytes alone run out, for events and for calls', async () => {
    const gate = createGate({ ...WIDE, maxInFlightBytes: 20_000, maxResponseBytes: 20_000 })
    const [lane] = lanesAt(gate, 1)
    lane.offer(1000, 1000, 1000)
    await lane.ask(0, 1, 2)
    expect(lane.calling()).toEqual([0, 1])
    lane.offer(1000)
    expect(lane.events.length).toBe(3)
  })

  it('hold an event from its admission to its commit, and its call only as long as it lasts', async () => {
    const gate = createGate(WIDE)
    const [lane] = lanesAt(gate, 1)
    lane.offer(100)
    expect(gate.figures()).toEqual({ calls: 0, events: 1, bytes: 100 })
    await lane.ask(0)
    await lane.announce(0, 50_000)
    expect(gate.figures()).toEqual({ calls: 1, events: 1, bytes: 50_100 })
    await lane.release(0)
    expect(gate.figures()).toEqual({ calls: 0, events: 1, bytes: 100 })
    await lane.finish(0, 700)
    expect(gate.figures()).toEqual({ calls: 0, events: 1, bytes: 700 })
    await lane.leave(0)
    expect(gate.figures()).toEqual({ calls: 0, events: 0, bytes: 0 })
  })

  it('are not moved by a slot that is given back twice', async () => {
    const gate = createGate(WIDE)
    const [lane] = lanesAt(gate, 1)
    lane.offer(1)
    await lane.ask(0)
    const { slot } = lane.at(0)
    slot?.release(0)
    slot?.release(0)
    expect(gate.figures()).toEqual({ calls: 0, events: 1, bytes: 1 })
    expect(lane.ended).toEqual([lane.at(0)])
  })
})

describe('a body', () => {
  it('that is longer than what its call reserved is read only when the difference is free', async () => {
    const gate = createGate({ ...WIDE, maxInFlightBytes: 60_000, maxResponseBytes: 50_000 })
    const [lane] = lanesAt(gate, 1)
    lane.offer(0, 0)
    await lane.ask(0, 1)
    await lane.announce(0, 40_000)
    await lane.announce(1, 40_000)
    expect([lane.at(0).bodyGranted, lane.at(1).bodyGranted]).toEqual([true, false])
    await lane.finish(0, 100)
    await lane.leave(0)
    expect(lane.at(1).bodyGranted).toBe(true)
    expect(gate.figures().bytes).toBe(40_000)
  })

  it('that is shorter than what its call reserved is read at once', async () => {
    const gate = createGate({ ...WIDE, maxInFlightBytes: 17_000, maxResponseBytes: 10_000 })
    const [lane] = lanesAt(gate, 1)
    lane.offer(0, 0)
    await lane.ask(0, 1)
    await lane.announce(1, FIRST_ESTIMATE)
    expect(lane.at(1).bodyGranted).toBe(true)
  })

  it('of unknown length grows without waiting', async () => {
    const gate = createGate({ ...WIDE, maxInFlightBytes: 20_000, maxResponseBytes: 20_000 })
    const [lane] = lanesAt(gate, 1)
    lane.offer(0, 0)
    await lane.ask(0, 1)
    lane.at(1).slot?.budget.grown(15_000)
    lane.at(1).slot?.budget.grown(18_000)
    expect(gate.figures().bytes).toBe(FIRST_ESTIMATE + 18_000)
  })

  it.each(['announced', 'grown'] as const)('that was %s moves what the next call reserves', async (how) => {
    const gate = createGate(WIDE)
    const [lane] = lanesAt(gate, 1)
    lane.offer(0, 0)
    for (let round = 0; round < 100; round += 1) {
      await lane.ask(0)
      if (how === 'announced') await lane.announce(0, 200_000)
      else lane.at(0).slot?.budget.grown(200_000)
      await lane.release(0)
    }
    await lane.ask(1)
    expect(gate.figures().bytes).toBeGreaterThan(190_000)
    expect(gate.figures().bytes).toBeLessThanOrEqual(200_000)
  })

  it('never makes the next call reserve more than a response may have', async () => {
    const gate = createGate({ ...WIDE, maxInFlightBytes: 20_000, maxResponseBytes: 5000 })
    const [lane] = lanesAt(gate, 1)
    lane.offer(0)
    await lane.ask(0)
    expect(gate.figures().bytes).toBe(5000)
  })
})

describe('lanes', () => {
  it('are served in turn', async () => {
    const gate = createGate({ ...WIDE, concurrency: 5 })
    const [a, b, c] = lanesAt(gate, 3)
    a.offer(0, 0, 0, 0, 0, 0, 0, 0)
    b.offer(0, 0)
    c.offer(0, 0)
    await a.ask(0)
    await a.ask(1, 2, 3)
    await b.ask(0, 1)
    await c.ask(0, 1)
    expect([a.calling(), b.calling(), c.calling()]).toEqual([[0, 1, 2, 3], [0], []])
    await a.release(1)
    await a.release(2)
    expect([a.calling(), b.calling(), c.calling()]).toEqual([[0, 3], [0, 1], [0]])
  })

  it('begin no more events than may wait for a call, however many are queued', async () => {
    const gate = createGate({ ...WIDE, maxHeldEvents: 1000, concurrency: 40 })
    const [lane] = lanesAt(gate, 1)
    lane.offer(...Array.from({ length: 200 }, () => 0))
    expect(lane.events).toHaveLength(40)
    await lane.ask(...lane.events.keys())
    // All of them call now: as many may wait.
    expect([lane.calling().length, lane.events.length]).toEqual([40, 80])
  })

  it('are given events in turn, though others have all the events that may wait', async () => {
    const gate = createGate({ ...WIDE, maxHeldEvents: 1000, concurrency: 32 })
    const [a, b] = lanesAt(gate, 2)
    a.offer(...Array.from({ length: 90 }, () => 0))
    await a.ask(...a.events.keys())
    await a.ask(...[...a.events.keys()].slice(32))
    b.offer(0, 0, 0, 0)
    expect([a.events.length, b.events.length]).toEqual([64, 0])
    for (const index of [0, 1, 2, 3, 4, 5]) await a.release(index)
    expect(b.events.length).toBeGreaterThanOrEqual(3)
  })

  it('have at most half of the calls while another waits, and all of them while none does', async () => {
    const gate = createGate({ ...WIDE, concurrency: 8 })
    const [a, b] = lanesAt(gate, 2)
    a.offer(...Array.from({ length: 12 }, () => 0))
    b.offer(...Array.from({ length: 12 }, () => 0))
    await a.ask(...Array.from({ length: 12 }, (_, index) => index))
    expect(a.calling().length).toBe(8)
    await b.ask(...Array.from({ length: 12 }, (_, index) => index))
    for (let index = 0; index < 4; index += 1) await a.finish(index, 0)
    expect([a.calling().length, b.calling().length]).toEqual([4, 4])
    for (let index = 4; index < 8; index += 1) await a.finish(index, 0)
    expect([a.calling().length, b.calling().length]).toEqual([4, 4])
  })

  it('hold at most half of the events each, but one always', async () => {
    const gate = createGate({ ...WIDE, maxHeldEvents: 4 })
    const [a, b] = lanesAt(gate, 2)
    a.offer(...Array.from({ length: 10 }, () => 0))
    b.offer(...Array.from({ length: 10 }, () => 0))
    expect([a.events.length, b.events.length]).toEqual([2, 2])
    await a.finish(0, 0)
    await a.leave(0)
    expect([a.events.length, b.events.length]).toEqual([3, 2])
    const narrow = createGate({ ...WIDE, maxHeldEvents: 1 })
    const [c, d] = lanesAt(narrow, 2)
    c.offer(0)
    d.offer(0)
    expect([c.events.length, d.events.length]).toEqual([1, 0])
  })

  it('hold everything when there is no other', async () => {
    const gate = createGate({ ...WIDE, maxHeldEvents: 4 })
    const [a, b] = lanesAt(gate, 2)
    a.offer(...Array.from({ length: 10 }, () => 0))
    expect(a.events.length).toBe(2)
    b.share.close()
    expect(a.events.length).toBe(4)
  })

  it('of retry topics hold at most half together beside those of events topics, a quarter while these want some', async () => {
    const gate = createGate({ ...WIDE, maxHeldEvents: 16 })
    const retries = Array.from({ length: 4 }, () => new HandLane(gate, false))
    const fresh = new HandLane(gate)
    const held = (): number => retries.reduce((sum, one) => sum + one.events.length, 0)
    for (const one of retries) one.offer(...Array.from({ length: 10 }, () => 0))
    // The first takes half of all, the others one each.
    expect(retries.map((one) => one.events.length)).toEqual([8, 1, 1, 1])
    fresh.offer(...Array.from({ length: 20 }, () => 0))
    expect([held(), fresh.events.length]).toEqual([11, 5])
    for (let index = 0; index < 6; index += 1) {
      await retries[0]?.finish(index, 0)
      await retries[0]?.leave(index)
    }
    expect([held(), fresh.events.length]).toEqual([11, 8])
    await retries[0]?.finish(6, 0)
    await retries[0]?.leave(6)
    expect(held()).toBe(11)
    await retries[1]?.finish(0, 0)
    await retries[1]?.leave(0)
    // Room for one again, and one always for a lane that holds none.
    expect(held()).toBe(13)
  })

  it('hold at most half of the bytes each', async () => {
    const gate = createGate({ ...WIDE, maxInFlightBytes: 100_000, maxResponseBytes: 50_000 })
    const [a, b] = lanesAt(gate, 2)
    a.offer(0, 0)
    b.offer(0, 0, 0)
    await a.ask(0, 1)
    await b.ask(0, 1, 2)
    await b.announce(1, 30_000)
    expect(b.at(1).bodyGranted).toBe(true)
    await a.announce(1, 45_000)
    await b.announce(2, 20_000)
    expect([a.at(1).bodyGranted, b.at(2).bodyGranted]).toEqual([false, false])
    await a.release(1)
    expect(b.at(2).bodyGranted).toBe(false)
    await b.release(1)
    expect(b.at(2).bodyGranted).toBe(true)
  })

  it('give everything back when they close, and who waits is told', async () => {
    const gate = createGate({ ...WIDE, concurrency: 2 })
    const [a, b] = lanesAt(gate, 2)
    a.offer(10, 10, 10)
    b.offer(10)
    await a.ask(0, 1, 2)
    await b.ask(0)
    expect([a.calling(), b.calling()]).toEqual([[0, 1], []])
    const late = a.at(0).slot
    a.share.close()
    await settled()
    expect([a.at(2).slot, b.calling()]).toEqual([null, [0]])
    expect(gate.figures()).toEqual({ calls: 1, events: 1, bytes: 10 + FIRST_ESTIMATE })
    late?.release(0)
    late?.budget.grown(500_000)
    expect([late?.budget.admit(500_000), gate.figures().calls]).toEqual([null, 1])
    await a.ask(1)
    expect(a.at(1).slot).toBe(null)
    await b.finish(0, 0)
    await b.leave(0)
    expect(gate.figures()).toEqual({ calls: 0, events: 0, bytes: 0 })
  })

  it('take a wait back without a trace', async () => {
    const gate = createGate({ ...WIDE, concurrency: 1 })
    const [lane] = lanesAt(gate, 1)
    lane.offer(0, 0)
    await lane.ask(0, 1)
    lane.share.giveUp(lane.at(1))
    await settled()
    expect(lane.at(1).slot).toBe(null)
    await lane.finish(0, 0)
    await lane.leave(0, 1)
    expect(gate.figures()).toEqual({ calls: 0, events: 0, bytes: 0 })
  })
})

it('an event that was given up waits for its body no more', async () => {
  const gate = createGate({ ...WIDE, maxInFlightBytes: 30_000, maxResponseBytes: 30_000 })
  const [lane] = lanesAt(gate, 1)
  lane.offer(0, 0, 0)
  await lane.ask(0, 1, 2)
  await lane.announce(2, 30_000)
  await lane.leave(2)
  await lane.finish(0, 0)
  await lane.finish(1, 0)
  await lane.leave(0, 1)
  expect(lane.at(2).bodyGranted).toBe(false)
  expect(gate.figures()).toEqual({ calls: 0, events: 0, bytes: 0 })
})

it('an event that comes back from back-off waits before younger ones', async () => {
  const gate = createGate({ ...WIDE, concurrency: 2 })
  const [lane] = lanesAt(gate, 1)
  lane.offer(0, 0, 0, 0)
  await lane.ask(0, 1, 2, 3)
  await lane.release(1)
  expect(lane.calling()).toEqual([0, 2])
  await lane.ask(1)
  await lane.release(2)
  expect(lane.calling()).toEqual([0, 1])
})

describe('the oldest event of a lane', () => {
  let gate: Gate
  let a: HandLane
  let b: HandLane
  let c: HandLane

  beforeEach(() => {
    gate = createGate({ ...WIDE, concurrency: 3, maxInFlightBytes: 30_000, maxResponseBytes: 30_000 })
    ;[a, b, c] = lanesAt(gate, 3)
  })

  it('finds a call slot kept for it', async () => {
    b.share.close()
    c.share.close()
    a.offer(0, 0, 0, 0)
    await a.ask(1, 2, 3)
    expect(a.calling()).toEqual([1, 2])
    await a.ask(0)
    expect(a.calling()).toEqual([0, 1, 2])
  })

  it('goes before those that have waited longer', async () => {
    b.share.close()
    c.share.close()
    a.offer(0, 0, 0, 0, 0)
    await a.ask(0, 1, 2, 3, 4)
    await a.release(0)
    expect(a.calling()).toEqual([1, 2])
    await a.ask(0)
    expect(a.calling()).toEqual([0, 1, 2])
  })

  it('may pass the bound of bytes', async () => {
    a.offer(0, 0)
    b.offer(0, 0)
    await a.ask(1)
    await b.ask(1)
    await a.announce(1, 15_000)
    await b.announce(1, 15_000)
    await a.ask(0)
    expect(a.calling()).toEqual([0, 1])
    expect(gate.figures().bytes).toBeGreaterThan(30_000)
    await a.announce(0, 20_000)
    expect([a.at(0).bodyGranted, gate.figures().bytes]).toEqual([true, 50_000])
  })

  it('passes it in one lane at a time', async () => {
    a.offer(0)
    b.offer(0)
    c.offer(0)
    await a.ask(0)
    await a.announce(0, 30_000)
    await b.ask(0)
    await c.ask(0)
    expect([b.calling(), c.calling()]).toEqual([[0], []])
    await b.announce(0, 20_000)
    expect([b.at(0).bodyGranted, gate.figures().bytes]).toEqual([true, 50_000])
    await b.release(0)
    expect(c.calling()).toEqual([0])
  })

  it('that has passed it and waits for its commit keeps others from passing', async () => {
    a.offer(0)
    b.offer(0)
    await a.ask(0)
    await a.finish(0, 40_000)
    await b.ask(0)
    expect(b.calling()).toEqual([])
    await a.leave(0)
    expect(b.calling()).toEqual([0])
  })

  it('passes it no more while finished events before it wait for their commit, which frees bytes by itself', async () => {
    b.share.close()
    c.share.close()
    a.offer(0, 0, 0, 0)
    await a.ask(0)
    await a.announce(0, 30_000)
    await a.finish(0, 30_000)
    await a.ask(1, 2, 3)
    expect([a.calling(), gate.figures().bytes]).toEqual([[], 30_000])
    await a.leave(0)
    expect(a.calling()).toEqual([1, 2])
  })

  it('is never locked out by an event that holds bytes and waits for a slot', async () => {
    const narrow = createGate({ ...WIDE, concurrency: 1, maxInFlightBytes: 10_000, maxResponseBytes: 10_000 })
    const [one, two] = lanesAt(narrow, 2)
    one.offer(0)
    await one.ask(0)
    two.offer(5000)
    expect(two.events.length).toBe(1)
    await two.ask(0)
    await one.announce(0, 9000)
    expect(one.at(0).bodyGranted).toBe(true)
    await one.finish(0, 0)
    expect(two.calling()).toEqual([0])
  })

  it('is admitted above the bound of bytes when its lane holds nothing, one lane at a time', async () => {
    a.offer(0)
    await a.ask(0)
    await a.announce(0, 30_000)
    b.offer(100)
    c.offer(100)
    expect([b.events.length, c.events.length]).toEqual([1, 0])
    await a.finish(0, 0)
    expect(c.events.length).toBe(1)
  })
})

describe('the body of an answer', () => {
  it('is counted until its event has ended or calls again', async () => {
    const gate = createGate({
      concurrency: 4,
      maxHeldEvents: 9,
      maxInFlightBytes: 100_000,
      maxResponseBytes: 9000,
    })
    const lane = new HandLane(gate)
    lane.offer(10, 10)
    for (const index of [0, 1]) {
      const event = lane.at(index)
      event.slot = await lane.share.callSlot(event)
    }
    lane.at(0).slot?.release(3000)
    lane.at(1).slot?.release(2000)
    expect(gate.figures()).toMatchObject({ calls: 0, bytes: 5020 })
    lane.share.settle(lane.at(0), 40)
    const again = await lane.share.callSlot(lane.at(1))
    again?.release(0)
    expect(gate.figures()).toMatchObject({ calls: 0, bytes: 50 })
  })
})
