import { expect, it } from 'vitest'
import type { Output } from '../../../src/core/model.js'
import { sends } from '../../../src/io/kafka/produce.js'

/** Records of events, by their sizes in KB; those of an event share one key object. */
const outputsOf = (...events: readonly number[][]): Output[] =>
  events.flatMap((sizes, event) => {
    const key = Buffer.from(`DS0${event}`)
    return sizes.map((size, stage) => ({
      ...{ topic: stage === 0 ? 'one' : 'two', key, headers: [], sourcePartition: 0 },
      value: Buffer.alloc(size * 1000),
    }))
  })

/** How many records of which event are in each send. */
const cut = (outputs: readonly Output[], apart = false): string[] =>
  [...sends({ outputs, apart }, 0)].map(({ topicMessages }) => {
    const keys = (topicMessages ?? []).flatMap(({ messages }) => messages.map(({ key }) => String(key)))
    return keys.sort().join(' ').replaceAll('DS0', '')
  })

it.each([
  ['all of it where it fits', [[100, 100], [100]], ['0 0 1']],
  [
    'between events',
    [
      [400, 400],
      [50, 100],
    ],
    ['0 0', '1 1'],
  ],
  ['before an event that would fit in part', [[500], [300, 300], [200]], ['0', '1 1 2']],
  ['within an event that fits into no send', [[100], [500, 500]], ['0 1', '1']],
  ['nothing', [], []],
])('a batch is cut into sends: %s', (_, events, expected) => {
  expect(cut(outputsOf(...events))).toEqual(expected)
})

it('record by record when they are to be apart', () => {
  expect(cut(outputsOf([1, 1], [1]), true)).toEqual(['0', '0', '1'])
})
