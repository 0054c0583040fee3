import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createReleaseOrder, type Slot } from '../../src/core/release.js'

/** What may happen, `at` picks the place among those that are meant. */
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('add' as const), at: fc.constant(0) }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('finish' as const), at: fc.nat(400) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('take' as const), at: fc.nat(12) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cut' as const), at: fc.nat(400) }) },
)

/** The order in its plainest form: a list, walked from the front each time. */
interface Row {
  readonly item: number
  readonly slot: Slot<number, string>
  finished: boolean
}

const readyOf = (rows: readonly Row[]): number => {
  const at = rows.findIndex((row) => !row.finished)
  return at < 0 ? rows.length : at
}

it('is what a plain list would be: whatever finishes when, all leaves in order, nothing lost, nothing twice', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400, size: 'max' }), (steps) => {
      const order = createReleaseOrder<number, string>()
      let rows: Row[] = []
      let added = 0
      const left: number[] = []
      const givenUp: number[] = []
      for (const { kind, at } of steps) {
        const unfinished = rows.filter((row) => !row.finished)
        if (kind === 'add') {
          rows.push({ item: added, slot: order.add(added), finished: false })
          added += 1
        } else if (kind === 'finish') {
          const row = unfinished[at % (unfinished.length || 1)]
          if (row === undefined) continue
          row.finished = true
          expect(order.finish(row.slot, `end ${row.item}`)).toBe(row === unfinished[0])
        } else if (kind === 'take') {
          const expected = rows.slice(0, Math.min(at, readyOf(rows)))
          const slots = order.takeReady((_, count) => count < at)
          expect(slots).toEqual(expected.map(({ item }) => ({ item, end: `end ${item}` })))
          left.push(...slots.map((slot) => slot.item))
          rows = rows.slice(slots.length)
        } else {
          const row = unfinished[at % (unfinished.length || 1)]
          const cut = row === undefined ? [] : rows.slice(rows.indexOf(row))
          const isMeant = (item: number): boolean => row !== undefined && item >= row.item
          expect(order.cutAt(isMeant)).toEqual(cut.map(({ item }) => item))
          givenUp.push(...cut.map(({ item }) => item))
          rows = rows.filter((one) => !cut.includes(one))
        }
        expect([order.size(), order.ready()]).toEqual([rows.length, readyOf(rows)])
        expect(order.oldest()).toBe(rows.find((one) => !one.finished)?.item ?? null)
        expect(order.unfinished()).toEqual(rows.flatMap((one) => (one.finished ? [] : [one.item])))
      }
      expect(left).toEqual([...left].sort((a, b) => a - b))
      const seen = [...left, ...givenUp, ...rows.map(({ item }) => item)].sort((a, b) => a - b)
      expect(seen).toEqual(Array.from({ length: added }, (_, item) => item))
    }),
    { numRuns: 300 },
  )
})
