import { describe, expect, it } from 'vitest'
import { chainOf, readyAt, TRAVEL, travelFailure, travelHeaders } from '../../src/core/chain.js'
import type { Chain, MessageHeader, SourceMessage } from '../../src/core/model.js'

const NOW = 1_795_000_000_000
const source = { topic: 'attestr.retry.1m', partition: 5, offset: 7 }
const travelled: Chain = {
  source,
  origin: { topic: 'attestr.handshakes', partition: 3, offset: 4_503_599_627_370_496 },
  attempt: 3,
  replays: 1,
  firstSeenAt: NOW - 5,
  callsBefore: 8,
}

function message(headers: readonly MessageHeader[]): SourceMessage {
  return { ...source, timestamp: 0, key: null, value: null, headers }
}

function changed(key: string, value: string | null): MessageHeader[] {
  return travelHeaders(travelled, NOW).map((header) =>
    header.key === key ? { key, value: value === null ? null : Buffer.from(value) } : header,
  )
}

describe('a chain', () => {
  it('starts at a message of an events topic, whatever its headers say', () => {
    const read = chainOf(message(travelHeaders(travelled, NOW)), NOW, true)
    expect(read).toEqual({
      chain: { source, origin: source, attempt: 1, replays: 0, firstSeenAt: NOW, callsBefore: 0 },
      dueAt: null,
      sound: true,
      fault: null,
    })
  })

  it.each([NOW + 1, null])('goes on where its headers say, due at %s', (dueAt) => {
    const read = chainOf(message(travelHeaders(travelled, dueAt)), NOW, false)
    expect(read).toEqual({ chain: travelled, dueAt, sound: true, fault: null })
  })

  it('counts no calls before when the header is missing', () => {
    const headers = travelHeaders(travelled, null).filter((header) => header.key !== TRAVEL.calls)
    expect(chainOf(message(headers), NOW, false)).toMatchObject({ sound: true, chain: { callsBefore: 0 } })
  })

  it.each([
    [TRAVEL.origin, ''],
    [TRAVEL.origin, 'topic/1'],
    [TRAVEL.origin, 'topic/1/2/3'],
    [TRAVEL.origin, 'to pic/1/2'],
    [TRAVEL.origin, 'topic/-1/2'],
    [TRAVEL.origin, 'topic/01/2'],
    [TRAVEL.origin, 'topic/2147483648/2'],
    [TRAVEL.origin, 'topic/1/9007199254740993'],
    [TRAVEL.origin, 'topic/1/2\n'],
    [TRAVEL.attempt, '0'],
    [TRAVEL.attempt, '-1'],
    [TRAVEL.attempt, '1.0'],
    [TRAVEL.attempt, ' 1'],
    [TRAVEL.attempt, '2147483648'],
    [TRAVEL.replays, 'x'],
    [TRAVEL.replays, null],
    [TRAVEL.firstSeen, '99999999999999999'],
    [TRAVEL.calls, '-1'],
    [TRAVEL.due, 'tomorrow'],
    [TRAVEL.due, ''],
  ])('is not taken from %s %j', (key, value) => {
    const read = chainOf(message(changed(key, value)), NOW, false)
    expect(read).toMatchObject({ sound: false, fault: key, dueAt: null })
    expect(read.chain).toEqual({
      source,
      origin: source,
      attempt: 1,
      replays: 0,
      firstSeenAt: NOW,
      callsBefore: 0,
    })
    expect(travelFailure(read.fault)).toMatchObject({ code: 'event-undecodable' })
  })

  it.each([TRAVEL.origin, TRAVEL.attempt, TRAVEL.replays, TRAVEL.firstSeen])(
    'is not taken without %s',
    (key) => {
      const headers = travelHeaders(travelled, NOW).filter((header) => header.key !== key)
      expect(chainOf(message(headers), NOW, false)).toMatchObject({ sound: false, fault: key })
    },
  )

  it('is not taken from a header that is there twice', () => {
    const headers = [...travelHeaders(travelled, NOW), { key: TRAVEL.attempt, value: Buffer.from('3') }]
    expect(chainOf(message(headers), NOW, false)).toMatchObject({ sound: false, fault: TRAVEL.attempt })
  })
})

describe('a message of a retry topic', () => {
  const DELAY_MS = 60_000
  const at = (timestamp: number, dueAt: number | null): SourceMessage => ({
    ...message(travelHeaders(travelled, dueAt)),
    timestamp,
  })

  it('may begin when its header says', () => {
    expect(readyAt(at(NOW, NOW + 50_000), DELAY_MS, NOW + 10)).toBe(NOW + 50_000)
  })

  it('without a due time never waits', () => {
    expect(readyAt(at(NOW, null), DELAY_MS, NOW)).toBeNull()
  })

  it('whose headers cannot be read never waits: it is a dead letter', () => {
    expect(readyAt({ ...at(NOW, NOW + 50), headers: changed(TRAVEL.due, 'x') }, DELAY_MS, NOW)).toBeNull()
  })

  it('waits at most the delay of its topic from its writing, however often it is read again', () => {
    for (const later of [0, 30_000, 59_999]) {
      expect(readyAt(at(NOW, NOW + 1e9), DELAY_MS, NOW + later)).toBe(NOW + DELAY_MS)
    }
  })

  it('written by a clock that is ahead waits at most the delay of its topic from now', () => {
    expect(readyAt(at(NOW + 1e9, NOW + 1e9 + DELAY_MS), DELAY_MS, NOW)).toBe(NOW + DELAY_MS)
  })

  it('waits for nothing on the replay topic', () => {
    expect(readyAt(at(NOW, NOW + 50_000), 0, NOW + 1)).toBe(NOW)
  })
})
