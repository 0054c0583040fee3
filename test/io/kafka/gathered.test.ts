import { expect, it } from 'vitest'
import { createGathered } from '../../../src/io/kafka/gathered.js'

it('asks what came meanwhile together, after it came, and gives each its own answer', async () => {
  const asked: (readonly number[])[] = []
  let go = (): void => undefined
  const gate = new Promise<void>((resolve) => {
    go = resolve
  })
  const question = createGathered(async (list: readonly number[]) => {
    asked.push(list)
    await gate
    return list.map((one) => one * 10)
  })
  const answers = [question(1), question(2), question(3)]
  expect(asked).toEqual([[1]])
  go()
  expect(await Promise.all(answers)).toEqual([10, 20, 30])
  expect(asked).toEqual([[1], [2, 3]])
})

it('an error goes to those who asked, and not to the next ones', async () => {
  let isDown = true
  const question = createGathered(async (list: readonly string[]) => {
    await Promise.resolve()
    if (isDown) throw new Error('down')
    return list
  })
  await expect(question('a')).rejects.toThrow('down')
  isDown = false
  expect(await question('b')).toBe('b')
})
