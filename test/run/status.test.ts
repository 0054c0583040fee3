import { describe, expect, it } from 'vitest'
import type { Lane } from '../../src/run/lane.js'
import { hasWork, type StatusParts, statusOf } from '../../src/run/status.js'

type LaneParts = {
  readonly state?: Lane['state']
  readonly queued?: number
  readonly held?: number
  readonly pausedFor?: readonly string[]
}

const laneOf = ({ state = 'running', queued = 0, held = 0, pausedFor = [] }: LaneParts = {}): Lane =>
  ({
    at: { topic: 'events', partition: 0 },
    ...{ state, position: 0, figures: { queued, held, lag: 5, delayed: 2, oldestTimestamp: 1000 } },
    pauses: { reasons: () => pausedFor },
  }) as unknown as Lane

const RUNNING: StatusParts['system'] = {
  ...{ state: 'running', reason: null, reasons: [], credential: null, since: 7, nextProbe: null },
}
const PAUSED: StatusParts['system'] = {
  ...{ state: 'paused', reason: 'credentials', reasons: ['credentials', 'flood'] },
  ...{ credential: 'main', since: 9, nextProbe: 19 },
}

const RATES = { callsPerSecond: 4, eventsPerSecond: 3, callsBound: null }

const of = (more: Partial<StatusParts>) =>
  statusOf({
    ...{ system: RUNNING, gate: { calls: 1, events: 2, bytes: 3 }, lanes: [laneOf()] },
    ...{ isStalled: false, now: 4000, drift: [], hasJoined: true, rates: RATES, ...more },
  })

describe('the status of a connector', () => {
  it('is ready when it runs and nothing is in its way', () => {
    expect(of({})).toMatchObject({
      ready: true,
      state: 'running',
      reason: null,
      lagEvents: 3,
      delayedEvents: 2,
      lagSeconds: 3,
    })
  })

  it.each([
    ['joining', { lanes: [], hasJoined: false }, 'starting'],
    ['events-lost', { lanes: [laneOf(), laneOf({ state: 'lost' })] }, 'paused'],
    ['partitions-failed', { lanes: [laneOf({ state: 'closed' })] }, 'running'],
    ['no-progress', { isStalled: true }, 'running'],
  ] as const)('is not ready for %s', (reason, more, state) => {
    expect(of(more)).toMatchObject({ ready: false, reason, reasons: [reason], state })
  })

  it('is ready without partitions when the group has none for it', () => {
    expect(of({ lanes: [] })).toMatchObject({ ready: true, state: 'running', partitions: [], rates: RATES })
  })

  it('in a pause tells all reasons, the credential, since when, and the next probe', () => {
    expect(of({ system: PAUSED, lanes: [], isStalled: true })).toMatchObject({
      ...{ ready: false, state: 'paused', reason: 'credentials', reasons: ['credentials', 'flood'] },
      ...{ credential: 'main', since: 9, nextProbe: 19 },
    })
  })

  it('that has stopped is draining, to the end', () => {
    expect(of({ system: { ...RUNNING, state: 'stopped' } })).toMatchObject({
      ready: false,
      state: 'draining',
    })
  })
})

describe('a partition', () => {
  it.each([
    [true, { held: 1 }],
    [true, { queued: 1 }],
    [true, { state: 'opening' as const }],
    [true, { held: 1, queued: 1, pausedFor: ['due'] }],
    [false, {}],
    [false, { queued: 5, pausedFor: ['due'] }],
  ])('has work that should move (%s): %j', (expected, parts) => {
    expect(hasWork(laneOf(parts))).toBe(expected)
  })
})
