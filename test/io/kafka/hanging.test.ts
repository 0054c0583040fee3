import { expect, it } from 'vitest'
import { DESCRIBE_PRODUCERS, DESCRIBE_TRANSACTIONS } from '../../../src/io/kafka/describe.js'
import { createHangingTransactions, OFFSETS_TOPIC } from '../../../src/io/kafka/hanging.js'
import type { RawBroker, RawCluster } from '../../../src/io/kafka/transactions.js'
import { createMemoryLog } from '../../../src/io/memory/log.js'

interface Answers {
  readonly versions?: RawBroker['versions']
  /** One after another; the last one again and again. */
  readonly transactions?: readonly { readonly error: number; readonly state: string }[]
  /** By leader; a leader is its own number. */
  readonly producers?: Readonly<Record<number, readonly object[]>>
  readonly offsetsRefused?: boolean
}

const BOTH = { [DESCRIBE_PRODUCERS]: {}, [DESCRIBE_TRANSACTIONS]: {} }
const refused = Object.assign(new Error('refused'), { type: 'TOPIC_AUTHORIZATION_FAILED' })

/** The one partition of `out` is led by broker 1, that of the offsets by broker 2. */
function scene({ versions = BOTH, transactions = [], producers = {}, offsetsRefused = false }: Answers) {
  const left = [...transactions]
  const asked: number[] = []
  const brokerOf = (node: number): RawBroker => ({
    versions,
    connectionPool: {
      async send(protocol) {
        const { apiKey } = (protocol as { request: { apiKey: number } }).request
        if (apiKey === DESCRIBE_PRODUCERS) {
          asked.push(node)
          return producers[node] ?? []
        }
        return [left.length > 1 ? left.shift() : left[0]]
      },
    },
    async metadata([topic]) {
      if (topic === OFFSETS_TOPIC && offsetsRefused) throw refused
      const leader = topic === OFFSETS_TOPIC ? 2 : 1
      return { topicMetadata: [{ topic: topic as string, partitionMetadata: [{ partitionId: 0, leader }] }] }
    },
  })
  const cluster: RawCluster = {
    findBroker: async ({ nodeId }) => brokerOf(Number(nodeId)),
    findGroupCoordinator: async () => brokerOf(1),
  }
  const log = createMemoryLog()
  const hanging = createHangingTransactions(['out'], log)
  return {
    ...{ log, asked },
    wasCommitted: () => hanging.wasCommitted(cluster, 'id'),
    openOf: (producerId: string) => hanging.openOf(cluster, 'id', producerId),
  }
}

const at = (topic: string, error: number, ...producerIds: string[]) => ({
  ...{ topic, partition: 0, error },
  open: producerIds.map((producerId) => ({ topic, partition: 0, producerId })),
})

it.each([
  ['CompleteCommit', 0, true],
  ['PrepareCommit', 0, true],
  ['CompleteAbort', 0, false],
  ['Ongoing', 0, false],
  ['Empty', 0, false],
  // Unknown, or not ours to ask for.
  ['', 105, false],
  ['', 53, false],
])('state %s, error %i: committed is %s', async (state, error, committed) => {
  expect(await scene({ transactions: [{ error, state }] }).wasCommitted()).toBe(committed)
})

it('waits for a coordinator that is loading', async () => {
  const loading = { error: 14, state: '' }
  const moved = { error: 16, state: '' }
  const { wasCommitted } = scene({ transactions: [loading, moved, { error: 0, state: 'CompleteCommit' }] })
  expect(await wasCommitted()).toBe(true)
})

it('any other error is no answer', async () => {
  await expect(scene({ transactions: [{ error: 7, state: '' }] }).wasCommitted()).rejects.toThrow('error 7')
  const { openOf } = scene({ producers: { 1: [at('out', 3)] } })
  await expect(openOf('5')).rejects.toThrow('error 3 for the producers of out/0')
})

it('asks each leader, and finds what is open of a producer in records and in offsets', async () => {
  const { openOf, asked, log } = scene({
    producers: { 1: [at('out', 0, '5', '6')], 2: [at(OFFSETS_TOPIC, 0, '5')] },
  })
  expect(await openOf('5')).toMatchObject([{ topic: 'out' }, { topic: OFFSETS_TOPIC }])
  expect(await openOf('7')).toEqual([])
  expect(asked).toEqual([1, 2, 1, 2])
  expect(log.of('hanging-unchecked')).toEqual([])
})

it.each([
  ['an old broker', { versions: {} }],
  ['a broker that hides the offsets', { offsetsRefused: true }],
  ['a broker that hides the producers', { producers: { 1: [at('out', 29)] } }],
])('%s leaves it unchecked, which is told once', async (_, answers) => {
  const { openOf, wasCommitted, log } = scene({ transactions: [{ error: 0, state: 'Empty' }], ...answers })
  expect(await wasCommitted()).toBe(false)
  expect(await openOf('5')).toEqual([])
  expect(await openOf('5')).toEqual([])
  expect(log.of('hanging-unchecked')).toHaveLength(1)
})
