import { describe, expect, it } from 'vitest'
import { pauseFor } from '../../src/core/backoff.js'
import { createVirtualClock } from '../../src/io/memory/clock.js'

describe('a wait', () => {
  it('ends after its time', async () => {
    const clock = createVirtualClock({ start: 0 })
    const wait = pauseFor(clock, 250, new AbortController().signal)
    expect(await clock.drive(wait)).toBe(true)
    expect(clock.monotonic()).toBe(250)
  })

  it('hears abort and cancels its timer', async () => {
    const clock = createVirtualClock({ start: 0 })
    const controller = new AbortController()
    const wait = pauseFor(clock, 250, controller.signal)
    controller.abort()
    expect(await wait).toBe(false)
    expect(clock.pending()).toBe(0)
  })

  it('does not begin once aborted', async () => {
    const clock = createVirtualClock({ start: 0 })
    expect(await pauseFor(clock, 250, AbortSignal.abort())).toBe(false)
    expect(clock.pending()).toBe(0)
  })

  it('is deaf to an abort that comes after it', async () => {
    const clock = createVirtualClock({ start: 0 })
    const controller = new AbortController()
    const wait = pauseFor(clock, 250, controller.signal)
    expect(await clock.drive(wait)).toBe(true)
    controller.abort()
    expect(await wait).toBe(true)
  })

  it('puts one listener on a signal, however many waits share it', async () => {
    const clock = createVirtualClock({ start: 0 })
    const controller = new AbortController()
    let added = 0
    const { signal } = controller
    const add = signal.addEventListener.bind(signal)
    signal.addEventListener = (...of: Parameters<typeof add>) => {
      added += 1
      add(...of)
    }
    const waits = Array.from({ length: 200 }, () => pauseFor(clock, 250, signal))
    controller.abort()
    expect(await Promise.all(waits)).toEqual(Array.from({ length: 200 }, () => false))
    expect(added).toBe(1)
    expect(clock.pending()).toBe(0)
  })
})
