import { beforeEach, describe, expect, it } from 'vitest'
import { createReleaseOrder, type ReleaseOrder, type Slot } from '../../src/core/release.js'
import type { EventEnd } from '../../src/core/work.js'
import { createVirtualClock, type VirtualClock } from '../../src/io/memory/clock.js'
import { createMemoryMetrics, type MemoryMetrics } from '../../src/io/memory/metrics.js'
import { type CommitLoop, createCommitLoop } from '../../src/run/commits.js'
import { HandCommitter } from './lane-scene.js'

interface Item {
  readonly offset: number
}

let clock: VirtualClock
let metrics: MemoryMetrics
let order: ReleaseOrder<Item, EventEnd>
let committer: HandCommitter
let loop: CommitLoop
let committed: { offsets: number[]; next: number }[]
let failures: unknown[]
let late: unknown[]

beforeEach(() => {
  clock = createVirtualClock({ start: 0 })
  metrics = createMemoryMetrics()
  order = createReleaseOrder()
  committer = new HandCommitter({ kind: 'start', offset: 0 }, false)
  committed = []
  failures = []
  late = []
  loop = createCommitLoop({
    ...{ committer, order, clock, metrics, commit: { intervalMs: 100, maxEvents: 3 } },
    onCommitted: (items, next) => committed.push({ offsets: items.map((item) => item.offset), next }),
    onLateFailure: (error: unknown) => late.push(error),
    onFailed: (error) => failures.push(error),
  })
})

const add = (...offsets: number[]): Slot<Item, EventEnd>[] => offsets.map((offset) => order.add({ offset }))

function finish(slots: readonly (Slot<Item, EventEnd> | undefined)[], bytes = 1): void {
  for (const slot of slots) {
    if (slot === undefined) throw new Error('no such slot')
    const value = Buffer.from(String(slot.item.offset).padEnd(bytes))
    const outputs = [{ topic: 'out', key: null, value, headers: [], sourcePartition: 0 }]
    if (order.finish(slot, { outcome: 'VERIFIED', code: null, outputs })) loop.soon(false)
  }
}

async function end(error?: Error): Promise<void> {
  committer.end(error)
  await clock.settle()
}

describe('commits', () => {
  it('hold outputs in the order of the events, and the offset after the last of them', async () => {
    const [a, b, c] = add(4, 7, 8)
    finish([b])
    expect(committer.writes).toEqual([])
    finish([a])
    await end()
    expect([committer.batches(), committer.writes[0]?.batch.next]).toEqual([[[4, 7]], 8])
    expect(committed).toEqual([{ offsets: [4, 7], next: 8 }])
    finish([c])
    await clock.advance(100)
    expect(committer.batches()).toEqual([[4, 7], [8]])
  })

  it('begin at once after a quiet time, and an interval after the end of the last one else', async () => {
    finish(add(0))
    await clock.advance(30)
    await end()
    finish(add(1))
    await clock.advance(99)
    expect(committer.batches()).toEqual([[0]])
    await clock.advance(1)
    expect(committer.batches()).toEqual([[0], [1]])
  })

  it('begin before their time when enough is ready, and take no more than that', async () => {
    finish(add(0))
    await end()
    const slots = add(1, 2, 3, 4)
    finish([slots[1], slots[2], slots[3]])
    expect(committer.batches()).toEqual([[0]])
    finish([slots[0]])
    expect(committer.batches()).toEqual([[0], [1, 2, 3]])
    await end()
    await clock.advance(100)
    expect(committer.batches()).toEqual([[0], [1, 2, 3], [4]])
  })

  it('are one at a time, however long they take', async () => {
    finish(add(0))
    finish(add(1, 2, 3, 4, 5, 6))
    await clock.advance(10_000)
    loop.soon(true)
    expect([committer.batches(), loop.size()]).toEqual([[[0]], 1])
    await end()
    expect([committer.batches(), loop.size()]).toEqual([[[0], [1, 2, 3]], 3])
  })

  it('do not wait for their interval once they are hurried', async () => {
    finish(add(0, 1, 2, 3, 4, 5, 6, 7))
    loop.soon(true)
    for (let round = 0; round < 4; round += 1) await end()
    expect(committed.flatMap(({ offsets }) => offsets)).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    expect(clock.monotonic()).toBe(0)
  })

  it('grow no larger than a bound of bytes, give or take one event', async () => {
    const [first, ...rest] = add(0, 1, 2, 3)
    finish([first])
    finish(rest, 5_000_000)
    await end()
    await end()
    await clock.advance(100)
    expect(committer.batches()).toEqual([[0], [1, 2], [3]])
  })

  it('tell an error and begin no other', async () => {
    finish(add(0, 1, 2, 3))
    const error = new Error('fenced')
    await end(error)
    await clock.advance(10_000)
    expect([failures, committed, committer.writes.length]).toEqual([[error], [], 1])
  })

  it('count what was written', async () => {
    finish(add(0, 1))
    await clock.advance(40)
    await end()
    await clock.advance(100)
    await end()
    expect(metrics.value('attestr_outcomes_total', { outcome: 'VERIFIED', code: '' })).toBe(2)
    expect(metrics.value('attestr_commits_total')).toBe(2)
    expect(metrics.observations('attestr_commit_seconds')[0]).toBe(0.04)
  })

  it('move to an offset alone', async () => {
    loop.moveTo(70)
    finish(add(70))
    expect(committer.writes.map(({ batch }) => batch)).toEqual([{ outputs: [], next: 70 }])
    await end()
    await clock.advance(100)
    expect([committed[0], committer.batches()]).toEqual([{ offsets: [], next: 70 }, [[], [70]]])
  })
})

describe('a commit loop that is closed', () => {
  it('closes its committer only after the commit under way, and tells of neither end', async () => {
    finish(add(0, 1))
    loop.close()
    expect(committer.closed).toBe(0)
    await end()
    expect([committer.closed, committer.cutOff, committed]).toEqual([1, false, []])
    expect(metrics.total('attestr_outcomes_total')).toBe(1)
  })

  it('closes its committer after a commit that failed', async () => {
    finish(add(0))
    loop.close()
    loop.close()
    await end(new Error('timed out'))
    expect([committer.closed, failures]).toEqual([1, []])
  })

  it('begins no commit any more', async () => {
    finish(add(0))
    await end()
    finish(add(1))
    loop.close()
    loop.soon(true)
    loop.moveTo(9)
    await clock.advance(1000)
    expect([committer.closed, committer.batches(), clock.pending()]).toEqual([1, [[0]], 0])
  })
})
