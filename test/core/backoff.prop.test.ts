import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BACKOFF_BASE_MS, BACKOFF_CAP_MS, backoffMs } from '../../src/core/backoff.js'

const share = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
const waits = fc.nat({ max: 5_000 })

describe('full jitter', () => {
  it('stays between nothing and its bound, which doubles and is capped', () => {
    fc.assert(
      fc.property(waits, share, (waitsBefore, drawn) => {
        const delayMs = backoffMs(waitsBefore, () => drawn)
        expect(delayMs).toBeGreaterThanOrEqual(0)
        expect(delayMs).toBeLessThan(BACKOFF_CAP_MS)
        if (waitsBefore < 20) expect(delayMs).toBeLessThan(BACKOFF_BASE_MS * 2 ** waitsBefore)
      }),
    )
  })

  it('never bounds a later wait lower than an earlier one', () => {
    fc.assert(
      fc.property(waits, share, (waitsBefore, drawn) => {
        expect(backoffMs(waitsBefore + 1, () => drawn)).toBeGreaterThanOrEqual(
          backoffMs(waitsBefore, () => drawn),
        )
      }),
    )
  })

  it('uses the whole range', () => {
    expect(backoffMs(0, () => 0)).toBe(0)
    expect(backoffMs(0, () => 0.5)).toBe(BACKOFF_BASE_MS / 2)
    expect(backoffMs(40, () => 0.5)).toBe(BACKOFF_CAP_MS / 2)
  })
})
