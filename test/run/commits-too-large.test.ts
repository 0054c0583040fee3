import { beforeEach, describe, expect, it } from 'vitest'
import { BatchTooLarge, type CommitBatch, type Committer } from '../../src/core/ports.js'
import { createReleaseOrder, type ReleaseOrder } from '../../src/core/release.js'
import type { EventEnd } from '../../src/core/work.js'
import { createVirtualClock, type VirtualClock } from '../../src/io/memory/clock.js'
import { createMemoryMetrics, type MemoryMetrics } from '../../src/io/memory/metrics.js'
import { type CommitLoop, createCommitLoop } from '../../src/run/commits.js'

interface Item {
  readonly offset: number
}

/** A broker that stores no record, and no batch of records, over a bound. */
class NarrowCommitter implements Committer {
  readonly start = { kind: 'start', offset: 0 } as const
  readonly written: CommitBatch[] = []
  refused = 0
  closed = 0
  private readonly maxBytes: number
  constructor(maxBytes: number) {
    this.maxBytes = maxBytes
  }
  async commit(batch: CommitBatch): Promise<void> {
    const sizes = batch.outputs.map((output) => output.value.length)
    const largest = batch.apart === true ? Math.max(0, ...sizes) : sizes.reduce((sum, one) => sum + one, 0)
    await Promise.resolve()
    if (largest > this.maxBytes) {
      this.refused += 1
      throw new BatchTooLarge()
    }
    this.written.push(batch)
  }
  async close(): Promise<void> {
    this.closed += 1
  }
}

let clock: VirtualClock
let metrics: MemoryMetrics
let order: ReleaseOrder<Item, EventEnd>
let committer: NarrowCommitter
let loop: CommitLoop
let next: number
let failures: unknown[]
let late: unknown[]

function begin(maxBytes: number): void {
  clock = createVirtualClock({ start: 0 })
  metrics = createMemoryMetrics()
  order = createReleaseOrder()
  committer = new NarrowCommitter(maxBytes)
  next = 0
  failures = []
  late = []
  loop = createCommitLoop({
    ...{ committer, order, clock, metrics, commit: { intervalMs: 100, maxEvents: 100 } },
    onCommitted: (items: readonly Item[], to) => {
      expect(items[0]?.offset).toBe(next)
      next = to
    },
    onLateFailure: (error: unknown) => late.push(error),
    onFailed: (error) => failures.push(error),
  })
}

beforeEach(() => begin(100))

const end = (outcome: EventEnd['outcome'], sizes: readonly number[], instead?: () => EventEnd): EventEnd => ({
  outcome,
  code: outcome === 'DEAD' ? 'record-too-large' : null,
  outputs: sizes.map((size) => ({
    ...{ topic: 'out', key: null, headers: [], sourcePartition: 0 },
    value: Buffer.alloc(size),
  })),
  ...(instead === undefined ? {} : { instead }),
})

const verified = (...sizes: number[]): EventEnd => end('VERIFIED', sizes, () => end('DEAD', [20]))

let offset = 0

/** The events are finished; all but the first of a loop wait for one commit together. */
function finish(...ends: EventEnd[]): void {
  const slots = ends.map(() => order.add({ offset: offset++ }))
  for (const [index, slot] of slots.entries()) {
    const given = ends[index]
    if (given !== undefined) order.finish(slot, given)
  }
  loop.soon(false)
}

beforeEach(() => {
  offset = 0
})

describe('a batch that the broker refuses as too large', () => {
  it('is written in halves, and the one event that is too large alone ends dead', async () => {
    finish(verified(30, 30), verified(20, 120), verified(30))
    await clock.settle()
    expect([next, failures]).toEqual([3, []])
    expect(committer.written.map(({ apart, next: to }) => [apart, to])).toEqual([
      [false, 1],
      [true, 2],
      [false, 3],
    ])
    expect(metrics.value('attestr_outcomes_total', { outcome: 'VERIFIED', code: '' })).toBe(2)
    expect(metrics.value('attestr_outcomes_total', { outcome: 'DEAD', code: 'record-too-large' })).toBe(1)
    expect(metrics.value('attestr_batches_refused_total')).toBe(committer.refused)
    finish(verified(60), verified(30))
    await clock.advance(100)
    expect(committer.written.at(-1)).toMatchObject({ next: 5 })
    expect(committer.written).toHaveLength(4)
  })

  it('keeps its records together when none is too large alone: an event of many records is whole', async () => {
    finish(verified(60, 60, 60))
    await clock.settle()
    expect(committer.written.map(({ outputs, apart }) => [outputs.length, apart])).toEqual([[3, true]])
    expect(next).toBe(1)
  })

  it('makes the next ones smaller when no event was too large alone, and they make up for it by their number', async () => {
    begin(20_000)
    const events = Array.from({ length: 100 }, () => verified(1000))
    finish(...events)
    await clock.settle()
    // 100, 50 and 25 of them are too many.
    expect([next, committer.refused, committer.written.length]).toEqual([100, 7, 8])
    finish(...Array.from({ length: 3 }, () => events).flat())
    await clock.advance(100)
    // What was taken before is taken again, and nothing waits for the interval.
    expect([next, failures, committer.refused]).toEqual([400, [], 7])
  })

  it('goes on with the smaller forms of a dead letter until one fits', async () => {
    finish(end('DEAD', [500], () => end('DEAD', [200], () => end('DEAD', [10]))))
    await clock.settle()
    expect([next, committer.refused]).toEqual([1, 3])
  })

  it('fails the lane when nothing smaller is left: an operator must look', async () => {
    finish(end('DEAD', [500]))
    await clock.settle()
    expect([next, failures]).toEqual([0, [new BatchTooLarge()]])
  })

  it('counts what is left of it as under way', async () => {
    finish(verified(60), verified(60), verified(60))
    const sizes: number[] = []
    for (let turn = 0; turn < 40; turn += 1) {
      if (sizes.at(-1) !== loop.size()) sizes.push(loop.size())
      await Promise.resolve()
    }
    expect(sizes).toEqual([3, 2, 1, 0])
  })
})

describe('a loop that is closed meanwhile', () => {
  it('leaves the rest to the next owner and closes its committer once', async () => {
    finish(verified(60), verified(60), verified(60))
    for (let turn = 0; loop.size() !== 2; turn += 1) {
      expect(turn).toBeLessThan(100)
      await Promise.resolve()
    }
    loop.close()
    await clock.settle()
    expect([committer.closed, committer.written.length, failures, late]).toEqual([1, 2, [], []])
  })
})
