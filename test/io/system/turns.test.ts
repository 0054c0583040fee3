import { expect, it } from 'vitest'
import { createTurns } from '../../../src/io/system/turns.js'

it('hands out turns in order, one in each round of the event loop', async () => {
  const turn = createTurns()
  const seen: string[] = []
  let rounds = 0
  const count = (): void => {
    rounds += 1
    if (rounds < 10) setImmediate(count)
  }
  setImmediate(count)
  await Promise.all(['a', 'b', 'c'].map((name) => turn().then(() => seen.push(`${name}${rounds}`))))
  expect(seen.map((one) => one[0])).toEqual(['a', 'b', 'c'])
  expect(new Set(seen.map((one) => one.slice(1))).size).toBe(3)
})

it('goes on after it has been idle', async () => {
  const turn = createTurns()
  await turn()
  await turn()
  await expect(turn()).resolves.toBeUndefined()
})
