import { expect, it } from 'vitest'
import { createPositions } from '../../../src/io/kafka/positions.js'

const AT = { topic: 'events', partition: 3 }
const batch = (fetchedOffset: number, passesTo: number | null = null) => ({ at: AT, fetchedOffset, passesTo })

it('a batch is wanted only from the position that was asked for', () => {
  const positions = createPositions()
  expect(positions.check(batch(500))).toBe('unknown')
  positions.sought(AT, 100)
  expect(positions.check(batch(100))).toBe('wanted')
  expect(positions.check(batch(500))).toBe(100)
  expect(positions.check(batch(90))).toBe(100)
  positions.clear()
  expect(positions.check(batch(100))).toBe('unknown')
})

it('a batch of control records alone moves the position, if it was wanted itself', () => {
  const positions = createPositions()
  positions.sought(AT, 100)
  expect(positions.check(batch(500, 503))).toBe(100)
  expect(positions.check(batch(100, 104))).toBe('wanted')
  expect(positions.check(batch(104))).toBe('wanted')
})

it('what was taken of a batch moves the position, unless it was sought meanwhile, even to the same place', () => {
  const positions = createPositions()
  positions.sought(AT, 100)
  const before = positions.of(AT)
  positions.advance(AT, before, 110)
  expect(positions.check(batch(110))).toBe('wanted')
  positions.sought(AT, 100)
  positions.advance(AT, before, 120)
  expect(positions.of(AT)).toEqual({ next: 100 })
})
