import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import {
  DESCRIBE_PRODUCERS,
  DESCRIBE_TRANSACTIONS,
  type TopicAnswer,
} from '../../../src/io/kafka/describe.js'
import { createHangingTransactions, OFFSETS_TOPIC, partitionOfGroup } from '../../../src/io/kafka/hanging.js'
import type { RawBroker, RawCluster } from '../../../src/io/kafka/transactions.js'
import { createMemoryLog } from '../../../src/io/memory/log.js'

type Transaction = readonly [state: string, error?: number]

// Its waits between two tries would be seconds.
beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

interface Answers {
  readonly versions?: RawBroker['versions']
  /** One after another; the last one again and again. */
  readonly transactions?: readonly Transaction[]
  /** By leader; a leader is its own number. */
  readonly producers?: Readonly<Record<number, readonly object[]>>
  readonly metadata?: readonly TopicAnswer[]
}

const BOTH = { [DESCRIBE_PRODUCERS]: {}, [DESCRIBE_TRANSACTIONS]: {} }
const GROUP = 'group'

/** Partition n is led by the n-th. */
const topic = (name: string, leaders: readonly number[], topicErrorCode = 0): TopicAnswer => ({
  ...{ topic: name, topicErrorCode },
  partitionMetadata: leaders.map((leader, partitionId) => ({ partitionId, leader })),
})
/** The partition of the offsets of the group is led by broker 2, the others by nobody. */
const OFFSETS = topic(
  OFFSETS_TOPIC,
  Array.from({ length: 50 }, (_, partition) => (partition === partitionOfGroup(GROUP, 50) ? 2 : -1)),
)

function scene(answers: Answers) {
  const { versions = BOTH, transactions = [['Empty']], producers = {} } = answers
  const { metadata = [topic('out', [1]), OFFSETS] } = answers
  const left = [...transactions]
  const asked: number[] = []
  const brokerOf = (node: number): RawBroker => ({
    versions,
    lookupRequest: () => () => ({ request: { apiKey: 'metadata' }, response: {} }),
    connectionPool: {
      async send(protocol) {
        const { apiKey } = (protocol as { request: { apiKey: number | string } }).request
        if (apiKey === 'metadata') return { topicMetadata: metadata }
        if (apiKey === DESCRIBE_PRODUCERS) {
          asked.push(node)
          return producers[node] ?? []
        }
        const [state, error = 0] = (left.length > 1 ? left.shift() : left[0]) as Transaction
        return [{ error, state, producerId: '5' }]
      },
    },
  })
  const cluster: RawCluster = {
    findBroker: async ({ nodeId }) => brokerOf(Number(nodeId)),
    findGroupCoordinator: async () => brokerOf(1),
  }
  const log = createMemoryLog()
  const hanging = createHangingTransactions({ topics: ['out'], groupId: GROUP, log })
  const { signal } = new AbortController()
  return {
    ...{ log, asked },
    wasCommitted: () => inTime(hanging.wasCommitted(cluster, 'id', signal)),
    openOf: (producerId: string) =>
      inTime(hanging.openOf(cluster, { transactionalId: 'id', producerId, signal })),
    forget: () => hanging.forget('id'),
  }
}

/** After all waits between two tries. */
async function inTime<T>(answer: Promise<T>): Promise<T> {
  answer.catch(() => undefined)
  await vi.advanceTimersByTimeAsync(60_000)
  return answer
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
  expect(await scene({ transactions: [[state, error]] }).wasCommitted()).toBe(committed)
})

it('waits for a coordinator that is loading', async () => {
  const { wasCommitted } = scene({ transactions: [['', 14], ['', 16], ['CompleteCommit']] })
  expect(await wasCommitted()).toBe(true)
})

it('remembers what a producer that was begun has wiped out, until nothing hangs any more', async () => {
  const { wasCommitted, forget } = scene({ transactions: [['CompleteCommit'], ['Empty']] })
  expect([await wasCommitted(), await wasCommitted()]).toEqual([true, true])
  forget()
  expect(await wasCommitted()).toBe(false)
})

it('what came later counts more than what is remembered', async () => {
  const { wasCommitted } = scene({ transactions: [['CompleteCommit'], ['CompleteAbort'], ['Empty']] })
  expect([await wasCommitted(), await wasCommitted(), await wasCommitted()]).toEqual([true, false, false])
})

it('asks for what is open before a decision can be lost: what cannot be answered fails then', async () => {
  const { wasCommitted } = scene({
    transactions: [['CompleteCommit']],
    producers: { 1: [at('out', 6)] },
  })
  await expect(wasCommitted()).rejects.toThrow('PRODUCERS_ERROR_6: the producers of out/0')
})

it('waits for the leader of a topic that was just made', async () => {
  const producers: Record<number, object[]> = { 1: [at('out', 6)] }
  const { openOf } = scene({ producers })
  setTimeout(() => {
    producers[1] = [at('out', 0, '5')]
  }, 200)
  expect(await openOf('5')).toHaveLength(1)
})

it('any other error is no answer', async () => {
  await expect(scene({ transactions: [['', 7]] }).wasCommitted()).rejects.toThrow('TRANSACTION_ERROR_7')
  const { openOf } = scene({ producers: { 1: [at('out', 3)] } })
  await expect(openOf('5')).rejects.toThrow('PRODUCERS_ERROR_3: the producers of out/0')
  const unknown = scene({ metadata: [topic('out', [], 3), OFFSETS] })
  await expect(unknown.openOf('5')).rejects.toThrow('TOPIC_ERROR_3: out')
  const leaderless = scene({ metadata: [topic('out', [1, -1]), OFFSETS] })
  await expect(leaderless.openOf('5')).rejects.toThrow('NO_LEADER: out/1')
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
  ['a broker that hides the offsets', { metadata: [topic('out', [1]), topic(OFFSETS_TOPIC, [], 29)] }],
  ['a broker that hides the producers', { producers: { 1: [at('out', 29)] } }],
])('%s leaves it unchecked, which is told once', async (_, answers) => {
  const { openOf, wasCommitted, log } = scene(answers)
  expect(await wasCommitted()).toBe(false)
  expect(await openOf('5')).toEqual([])
  expect(await openOf('5')).toEqual([])
  expect(log.of('hanging-unchecked')).toHaveLength(1)
})

it.each([
  // Java: Math.abs("...".hashCode()) % 50; the third has the least hash of all.
  ['group', 98629247 % 50],
  ['polygenelubricants', 0],
])('the offsets of %s lie in partition %i', (group, partition) => {
  expect(partitionOfGroup(group, 50)).toBe(partition)
})
