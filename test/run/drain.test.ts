/** P8: a drain finishes and commits what is in flight within its limit. Each planted fault shows that this can go red. */
import { expect, it } from 'vitest'
import type { Clock, CommitBatch, Delivery } from '../../src/core/ports.js'
import { createVirtualClock } from '../../src/io/memory/clock.js'
import { createMemoryLog } from '../../src/io/memory/log.js'
import { createMemoryMetrics } from '../../src/io/memory/metrics.js'
import { createGate } from '../../src/run/gate.js'
import { createLanes, type Lanes } from '../../src/run/lanes.js'
import { AT, HandPath, messagesOf, NotedSource, offsetsIn } from './lane-scene.js'

const LIMIT_MS = 5000
const CALL_MS = 700
const COMMIT_MS = 300

interface World {
  readonly clock: Clock
  /** Begins a commit; resolves when the broker has it. */
  readonly write: (offsets: readonly number[]) => Promise<void>
}

type Commit = (world: World, offsets: readonly number[]) => Promise<void>
type Drain = (lanes: Lanes) => Promise<void>

const rightCommit: Commit = ({ write }, offsets) => write(offsets)
const rightDrain: Drain = (lanes) => lanes.drain(LIMIT_MS)

/** In: whether a call never comes back. Out: what was wrong at the moment when the drain said that it was done. */
async function violationsOf(commit: Commit, drain: Drain, hangs = false): Promise<string[]> {
  const clock = createVirtualClock({ start: 0 })
  const hand = new HandPath()
  const written: number[] = []
  const world: World = {
    clock,
    write: (offsets) =>
      new Promise((resolve) => {
        clock.after(COMMIT_MS, () => {
          written.push(...offsets)
          resolve()
        })
      }),
  }
  const delivery: Delivery = {
    open: (list) =>
      list.map(async () => ({
        start: { kind: 'start', offset: 0 } as const,
        commit: (batch: CommitBatch) => commit(world, offsetsIn(batch)),
        close: async () => undefined,
      })),
    close: async () => undefined,
  }
  const lanes = createLanes({
    ...{ source: new NotedSource(), delivery, path: hand.path, clock, eventTopics: [AT.topic] },
    gate: createGate({ concurrency: 8, maxHeldEvents: 99, maxInFlightBytes: 1e7, maxResponseBytes: 1e5 }),
    ...{ metrics: createMemoryMetrics(), log: createMemoryLog() },
    ...{ commit: { intervalMs: 100, maxEvents: 2 }, sessionTimeoutMs: 15_000, rebalanceDrainMs: 3000 },
  })
  lanes.assigned([AT])
  await clock.settle()
  lanes.messages(AT, messagesOf([0, 1, 2, 3, 4, 5]), 6)
  for (const offset of hangs ? [0, 1, 2, 3, 4] : [0, 1, 2, 3]) void hand.at(offset).call()
  await clock.settle()
  // 0 to 2 are finished, 3 is about to be; 4, if it calls, never is; 5 waits.
  for (const offset of [0, 1, 2]) hand.at(offset).finish()
  clock.after(CALL_MS, () => hand.at(3).finish())
  await clock.settle()
  await clock.drive(drain(lanes))
  const missing = [0, 1, 2, 3].filter((offset) => !written.includes(offset))
  return [
    ...missing.map((offset) => `${offset} was not written`),
    ...(clock.monotonic() > LIMIT_MS ? ['the limit was passed'] : []),
  ]
}

it('a drain writes all that is finished or in flight, and then says that it is done', async () => {
  expect(await violationsOf(rightCommit, rightDrain)).toEqual([])
  expect(await violationsOf(rightCommit, rightDrain, true)).toEqual([])
})

it('a drain that drops finished work is seen', async () => {
  const drops: Drain = async (lanes) => lanes.abort()
  expect(await violationsOf(rightCommit, drops)).toContain('2 was not written')
})

it('a drain that does not wait for its last commit is seen', async () => {
  const hasty: Drain = async (lanes) => {
    const drained = lanes.drain(LIMIT_MS).then(() => 'done')
    const turn = (): Promise<string> => new Promise((resolve) => setImmediate(resolve, 'turn'))
    // The call is back; its commit is under way.
    for (let held = 6; held > 1; held = lanes.list()[0]?.figures.held ?? 0) {
      if ((await Promise.race([drained, turn()])) === 'done') return
    }
  }
  expect(await violationsOf(rightCommit, hasty)).toContain('3 was not written')
})

it('a commit that is told before its end is seen', async () => {
  const early: Commit = async ({ write }, offsets) => {
    void write(offsets)
  }
  expect(await violationsOf(early, rightDrain)).toContain('3 was not written')
})

it('a drain without a limit is seen', async () => {
  const patient: Drain = (lanes) => lanes.drain(10 * LIMIT_MS)
  expect(await violationsOf(rightCommit, patient, true)).toEqual(['the limit was passed'])
})
