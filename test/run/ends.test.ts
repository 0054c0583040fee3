import { expect, it } from 'vitest'
import { createVirtualClock } from '../../src/io/memory/clock.js'
import { watchEnds } from '../../src/run/ends.js'
import type { LaneState } from '../../src/run/lane-figures.js'

function laneOf(partition: number, state: LaneState, pausedFor: readonly string[], position = 5) {
  const seen: number[] = []
  return {
    ...{ at: { topic: 't', partition }, state, position, seen, seeEnd: (end: number) => seen.push(end) },
    pauses: { reasons: () => pausedFor } as never,
  }
}

it('paused lanes hear where their partitions end, as long as somebody can say', async () => {
  const clock = createVirtualClock({ start: 0 })
  const ending = new AbortController()
  const lanes = [
    laneOf(0, 'running', ['systemic']),
    laneOf(1, 'running', []),
    laneOf(2, 'lost', ['events-lost']),
    laneOf(3, 'opening', ['opening']),
    laneOf(4, 'idle', ['systemic']),
    laneOf(5, 'idle', ['systemic'], -1),
  ]
  let asked = 0
  watchEnds({
    ...{ clock, lanes: () => lanes, signal: ending.signal },
    endsOf: async () => {
      asked += 1
      if (asked === 2) throw new Error('no broker')
      return new Map([0, 1, 2, 3, 4, 5].map((partition) => [partition, 10 * asked + partition]))
    },
  })
  await clock.advance(30_000)
  expect(lanes.map(({ seen }) => seen)).toEqual([[10, 30], [], [12, 32], [], [14, 34], []])
  ending.abort()
  await clock.advance(30_000)
  expect(asked).toBe(3)
})
