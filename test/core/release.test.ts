import { describe, expect, it } from 'vitest'
import { createReleaseOrder, type ReleaseOrder, type Slot } from '../../src/core/release.js'

const all = (): boolean => true

function withItems(count: number): { order: ReleaseOrder<number, string>; slots: Slot<number, string>[] } {
  const order = createReleaseOrder<number, string>()
  return { order, slots: Array.from({ length: count }, (_, item) => order.add(item)) }
}

function finish(order: ReleaseOrder<number, string>, slot: Slot<number, string> | undefined): boolean {
  if (slot === undefined) throw new Error('no such slot')
  return order.finish(slot, `end ${slot.item}`)
}

const taken = (order: ReleaseOrder<number, string>): number[] => order.takeReady(all).map(({ item }) => item)

describe('the release order', () => {
  it('lets nothing leave while the first is unfinished', () => {
    const { order, slots } = withItems(3)
    expect([finish(order, slots[2]), finish(order, slots[1])]).toEqual([false, false])
    expect([order.ready(), order.oldest(), taken(order)]).toEqual([0, 0, []])
  })

  it('lets everything behind the first leave with it', () => {
    const { order, slots } = withItems(3)
    finish(order, slots[1])
    expect(finish(order, slots[0])).toBe(true)
    expect([order.ready(), order.oldest()]).toEqual([2, 2])
    expect(order.takeReady(all)).toEqual([
      { item: 0, end: 'end 0' },
      { item: 1, end: 'end 1' },
    ])
    expect([order.ready(), order.size(), order.oldest()]).toEqual([0, 1, 2])
  })

  it('takes as many as are accepted, and keeps the first refused', () => {
    const { order, slots } = withItems(4)
    for (const slot of slots) finish(order, slot)
    expect(order.takeReady((_, count) => count < 2).map(({ item }) => item)).toEqual([0, 1])
    expect(order.takeReady(({ item }) => item !== 2)).toEqual([])
    expect(taken(order)).toEqual([2, 3])
  })

  it('names the unfinished in order, also behind finished ones', () => {
    const { order, slots } = withItems(4)
    finish(order, slots[2])
    finish(order, slots[0])
    expect(order.unfinished()).toEqual([1, 3])
  })

  it('gives up from the first unfinished one that is meant, finished ones behind it included', () => {
    const { order, slots } = withItems(5)
    finish(order, slots[0])
    finish(order, slots[3])
    expect(order.cutAt((item) => item === 2)).toEqual([2, 3, 4])
    expect([order.size(), order.ready(), order.oldest()]).toEqual([2, 1, 1])
    finish(order, slots[1])
    expect(taken(order)).toEqual([0, 1])
  })

  it('never gives up what is finished and free to leave', () => {
    const { order, slots } = withItems(2)
    finish(order, slots[0])
    expect(order.cutAt(all)).toEqual([1])
    expect(taken(order)).toEqual([0])
    expect(order.cutAt(all)).toEqual([])
  })

  it('is not moved by the late end of something given up', () => {
    const { order, slots } = withItems(2)
    order.cutAt((item) => item === 1)
    const next = order.add(7)
    expect(finish(order, slots[1])).toBe(false)
    finish(order, slots[0])
    expect([taken(order), order.oldest()]).toEqual([[0], 7])
    finish(order, next)
    expect(taken(order)).toEqual([7])
  })
})
