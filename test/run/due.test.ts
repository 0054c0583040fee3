import { beforeEach, describe, expect, it } from 'vitest'
import { travelHeaders } from '../../src/core/chain.js'
import type { SourceMessage } from '../../src/core/model.js'
import type { Clock } from '../../src/core/ports.js'
import { createVirtualClock, type VirtualClock } from '../../src/io/memory/clock.js'
import { createDueWatch, type DueWatch } from '../../src/run/due.js'

const DELAY_MS = 3_600_000
const START = 1_000_000

let clock: VirtualClock
let told: string[]
beforeEach(() => {
  clock = createVirtualClock({ start: START })
  told = []
})

const watch = (delayMs: number | null = DELAY_MS, time: Clock = clock): DueWatch =>
  createDueWatch({
    ...{ clock: time, delayMs },
    onWait: () => void told.push(`waits at ${clock.monotonic()}`),
    onDue: () => void told.push(`due at ${clock.monotonic()}`),
  })

function message(offset: number, dueAt: number | null): SourceMessage {
  const source = { topic: 'retry', partition: 0, offset }
  const chain = { ...{ source, origin: source, attempt: 2, replays: 0 }, firstSeenAt: 5, callsBefore: 1 }
  return { ...source, timestamp: START, key: null, value: null, headers: travelHeaders(chain, dueAt) }
}

describe('the first message of a lane', () => {
  it('waits until it is due, and that is told once', async () => {
    const due = watch()
    const first = message(7, START + 90_000)
    due.look(first)
    due.look(first)
    expect([due.waiting()?.offset, due.leftMs()]).toEqual([7, 90_000])
    await clock.advance(89_999)
    expect(told).toEqual(['waits at 0'])
    await clock.advance(1)
    expect([told, due.waiting(), due.leftMs()]).toEqual([['waits at 0', 'due at 90000'], null, 0])
    expect(clock.pending()).toBe(0)
  })

  it('does not wait when it is due, has no due time, or lies on an events topic', () => {
    const due = watch()
    for (const first of [message(1, START), message(2, START - 1), message(3, null)]) {
      due.look(first)
      expect(due.waiting()).toBeNull()
    }
    const events = watch(null)
    events.look(message(1, START + 5))
    expect([events.waiting(), events.leftMs(), told, clock.pending()]).toEqual([null, 0, [], 0])
  })

  it('counts as late from its due time, or from its writing when it had none', () => {
    const due = watch()
    expect(due.since(message(1, START + 500))).toBe(START + 500)
    expect(due.since(message(1, null))).toBe(START)
    expect(watch(null).since(message(1, START + 500))).toBe(START)
  })

  it('is looked at again when the wall clock is set forward while its timer runs', async () => {
    let ahead = 0
    const due = watch(DELAY_MS, { ...clock, now: () => clock.now() + ahead })
    due.look(message(1, START + DELAY_MS))
    ahead = DELAY_MS - 1000
    await clock.advance(60_000)
    expect([told.length, due.waiting()]).toEqual([2, null])
  })

  it('waits on when the wall clock is set back', async () => {
    let ahead = 0
    const due = watch(DELAY_MS, { ...clock, now: () => clock.now() + ahead })
    due.look(message(1, START + 30_000))
    ahead = -20_000
    await clock.advance(49_999)
    expect(due.leftMs()).toBe(1)
    await clock.advance(1)
    expect(told).toEqual(['waits at 0', 'due at 50000'])
  })

  it('is forgotten by a stop', async () => {
    const due = watch()
    due.look(message(1, START + 10))
    due.stop()
    await clock.advance(100)
    expect([told, due.waiting(), clock.pending()]).toEqual([['waits at 0'], null, 0])
  })
})
