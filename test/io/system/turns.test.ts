import { expect, it } from 'vitest'
import { createDepartures } from '../../../src/io/system/departures.js'
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

it('lets calls that go out in the same round go first', async () => {
  const departures = createDepartures()
  const turn = createTurns(departures)
  const seen: string[] = []
  const work = turn().then(() => seen.push('work'))
  for (const name of ['a', 'b']) {
    const gone = departures.begin()
    setImmediate(() => {
      seen.push(name)
      gone()
    })
  }
  await work
  expect(seen).toEqual(['a', 'b', 'work'])
})

it('waits one round at most for a call that does not go out', async () => {
  const departures = createDepartures()
  const turn = createTurns(departures)
  const gone = departures.begin()
  await turn()
  await turn()
  gone()
  gone()
  expect(departures.pending()).toBe(false)
  await turn()
})
