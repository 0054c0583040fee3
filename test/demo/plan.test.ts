import { describe, expect, it } from 'vitest'
import { FAILURES } from '../../src/core/failure.js'
import { MIN_EVENTS } from '../../src/demo/bounds.js'
import { PLAIN, SPECIAL } from '../../src/demo/cases.js'
import { createPlan, endName } from '../../src/demo/plan.js'

const sum = (counts: ReadonlyMap<string, number>): number => [...counts.values()].reduce((a, b) => a + b, 0)

describe('the plan of a demo', () => {
  it.each([MIN_EVENTS, 137, 1000, 5000])('of %d events has so many, and every kind among them', (count) => {
    const { events, expected } = createPlan(count, 1)
    expect(events.length).toBe(count)
    expect(sum(expected)).toBe(count)
    expect(new Set(events.map(({ kind }) => kind))).toEqual(new Set([...PLAIN, ...SPECIAL]))
  })

  it('brings about every failure code that no bug of ours is needed for', () => {
    const codes = Object.keys(FAILURES).filter((code) => code !== 'record-unencodable')
    const { expected } = createPlan(MIN_EVENTS, 1)
    expect(codes.filter((code) => !expected.has(endName({ outcome: 'DEAD', code })))).toEqual([])
  })

  it('gives every event a handshake of its own, but for those that are sent again', () => {
    const { events } = createPlan(1000, 1)
    const own = events.filter(({ kind }) => kind.repeats !== true).map(({ handshakeId }) => handshakeId)
    expect(new Set(own).size).toBe(own.length)
    const known = new Set(own)
    const again = events.filter(({ kind }) => kind.repeats === true)
    expect(again.length).toBeGreaterThan(0)
    expect(again.every(({ handshakeId }) => known.has(handshakeId))).toBe(true)
  })

  it('ends with plain events, so that calls which fail lie among calls that succeed', () => {
    const { events } = createPlan(1000, 1)
    expect(events.slice(750).every(({ kind }) => PLAIN.includes(kind))).toBe(true)
    expect(PLAIN).toContain(events[0]?.kind)
  })

  it('never has enough handshakes that fail for good to open the breaker by themselves', () => {
    const failing = createPlan(100_000, 1).events.filter(({ kind }) => kind.end.code === 'retries-exhausted')
    expect(failing.length).toBeLessThan(5)
  })
})
