import { describe, expect, it } from 'vitest'
import type { OutcomeKind } from '../../src/core/outcome.js'
import { createFloodWatch, type FloodWatch } from '../../src/run/flood.js'

/** Out: what was said to the last of them. */
function count(watch: FloodWatch, times: number, outcome: OutcomeKind): boolean {
  let floods = false
  for (let i = 0; i < times; i += 1) floods = watch.count(outcome)
  return floods
}

describe('a flood of dead letters', () => {
  it('is a share of so many outcomes, and never of fewer', () => {
    const watch = createFloodWatch({ share: 0.5, window: 500 })
    expect(count(watch, 499, 'DEAD')).toBe(false)
    expect(count(watch, 1, 'DEAD')).toBe(true)
  })

  it('begins at exactly the share', () => {
    const watch = createFloodWatch({ share: 0.5, window: 500 })
    expect(count(watch, 251, 'VERIFIED')).toBe(false)
    expect(count(watch, 249, 'DEAD')).toBe(false)
    // The oldest of the window falls out.
    expect(count(watch, 1, 'DEAD')).toBe(true)
  })

  it('is over the last ones only', () => {
    const watch = createFloodWatch({ share: 0.5, window: 10 })
    count(watch, 1000, 'VERIFIED')
    expect(count(watch, 4, 'DEAD')).toBe(false)
    expect(count(watch, 1, 'DEAD')).toBe(true)
    expect(count(watch, 1, 'SKIPPED')).toBe(true)
    expect(count(watch, 5, 'SKIPPED')).toBe(false)
  })

  it('does not count delays, which are no end', () => {
    const watch = createFloodWatch({ share: 0.5, window: 4 })
    count(watch, 4, 'DEAD')
    expect(count(watch, 100, 'DELAYED')).toBe(false)
    expect(count(watch, 1, 'DEAD')).toBe(true)
  })

  it('that was accepted is none until the share was once under its bound', () => {
    const watch = createFloodWatch({ share: 0.5, window: 10 })
    count(watch, 10, 'DEAD')
    watch.accept()
    expect(count(watch, 1000, 'DEAD')).toBe(false)
    expect(count(watch, 6, 'VERIFIED')).toBe(false)
    expect(count(watch, 5, 'DEAD')).toBe(true)
  })

  it('is never told when it is turned off', () => {
    const watch = createFloodWatch(null)
    watch.accept()
    expect(count(watch, 10_000, 'DEAD')).toBe(false)
  })
})
