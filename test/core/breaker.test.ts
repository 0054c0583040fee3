import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BREAKER_HANDSHAKES, createBreaker } from '../../src/core/breaker.js'

describe('the breaker', () => {
  it('opens at the tenth failure in a row of five different handshakes', () => {
    const breaker = createBreaker(10)
    const states = Array.from({ length: 10 }, (_, n) => breaker.failure(`DS0-${n % 5}`))
    expect(states).toEqual([...Array.from({ length: 9 }, () => false), true])
  })

  it('stays closed while fewer than five handshakes fail, however often', () => {
    const breaker = createBreaker(10)
    const states = Array.from({ length: 100 }, (_, n) => breaker.failure(`DS0-${n % 4}`))
    expect(states).not.toContain(true)
    expect(breaker.failure('DS0-fifth')).toBe(true)
  })

  it('starts anew after a success, handshakes included', () => {
    const breaker = createBreaker(10)
    for (let n = 0; n < 9; n += 1) breaker.failure(`DS0-${n}`)
    breaker.success()
    expect(Array.from({ length: 9 }, (_, n) => breaker.failure(`DS0-${n}`))).not.toContain(true)
    expect(breaker.failure('DS0-0')).toBe(true)
  })

  it('stays open until a success', () => {
    const breaker = createBreaker(10)
    for (let n = 0; n < 10; n += 1) breaker.failure(`DS0-${n}`)
    expect(breaker.failure('DS0-0')).toBe(true)
    breaker.success()
    expect(breaker.failure('DS0-0')).toBe(false)
  })

  it('agrees with counting the run of failures from its beginning', () => {
    const call = fc.oneof(
      { weight: 1, arbitrary: fc.constant(null) },
      { weight: 6, arbitrary: fc.nat({ max: 7 }) },
    )
    fc.assert(
      fc.property(fc.array(call, { maxLength: 200 }), fc.integer({ min: 1, max: 20 }), (calls, failures) => {
        const breaker = createBreaker(failures)
        let run: number[] = []
        for (const handshake of calls) {
          if (handshake === null) {
            breaker.success()
            run = []
            continue
          }
          run.push(handshake)
          const open = run.length >= failures && new Set(run).size >= BREAKER_HANDSHAKES
          expect(breaker.failure(`DS0-${handshake}`)).toBe(open)
        }
      }),
    )
  })
})
