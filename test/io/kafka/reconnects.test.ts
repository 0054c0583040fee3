import { expect, it } from 'vitest'
import { createReconnects, type Reconnects } from '../../../src/io/kafka/reconnects.js'

const FIRST_MS = 20
const make = (): Reconnects =>
  createReconnects({
    ...{ firstMs: FIRST_MS, mostMs: 40 },
    errorFor: (address) => new Error(`${address} fails`),
  })

/** How many of them have gone on, and how many were told that it failed. */
async function endsOf(turns: readonly Promise<void>[]): Promise<readonly [number, number]> {
  let [begun, failed] = [0, 0]
  for (const turn of turns) {
    turn.then(
      () => {
        begun += 1
      },
      () => {
        failed += 1
      },
    )
  }
  await new Promise((resolve) => setTimeout(resolve, 5 * FIRST_MS))
  return [begun, failed]
}

const five = (reconnects: Reconnects, address = 'a:1'): Promise<void>[] =>
  Array.from({ length: 5 }, () => reconnects.turn(address))

it('lets everyone connect to a broker that works', async () => {
  expect(await endsOf(five(make()))).toEqual([5, 0])
})

it('lets one try a broker that fails, after a wait, and tells the others how it went', async () => {
  const reconnects = make()
  reconnects.failed('a:1')
  const startedAt = performance.now()
  const turns = five(reconnects)
  await turns[0]
  expect(performance.now() - startedAt).toBeGreaterThan(FIRST_MS / 2)
  expect(await endsOf(turns)).toEqual([1, 0])
  reconnects.failed('a:1')
  await expect(turns[1]).rejects.toThrow('a:1 fails')
  expect(await endsOf(turns)).toEqual([1, 4])
  // The next round, after the others have come back.
  expect(await endsOf(five(reconnects))).toEqual([1, 0])
})

it('lets all go on once the broker has answered', async () => {
  const reconnects = make()
  reconnects.failed('a:1')
  const turns = five(reconnects)
  await turns[0]
  reconnects.worked('a:1')
  expect(await endsOf([...turns, ...five(reconnects)])).toEqual([10, 0])
})

it('keeps nobody waiting for a turn that was not used', async () => {
  const reconnects = make()
  reconnects.failed('a:1')
  const turns = five(reconnects)
  await turns[0]
  reconnects.released('a:1')
  expect(await endsOf(turns)).toEqual([1, 4])
  expect(await endsOf(five(reconnects))).toEqual([1, 0])
})

it('keeps brokers apart', async () => {
  const reconnects = make()
  reconnects.failed('a:1')
  expect(await endsOf(five(reconnects, 'a:2'))).toEqual([5, 0])
})
