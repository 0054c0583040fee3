import { describe, expect, it } from 'vitest'
import { isSettled, rangesOf, type ScopeOptions, takeScope } from '../../../src/tools/reconcile/scope.js'

const OPTIONS: ScopeOptions = {
  ...{ groupId: 'g', delivery: 'exactly-once', startFrom: 'earliest', since: null, settled: 'committed' },
  topics: {
    ...{ events: ['events'], retry: ['retry.1m', 'retry.1h'], replay: ['replay'] },
    ...{ verified: 'verified', deadLetter: 'dead', outcomes: 'outcomes' },
  },
}

/** A cluster that notes what it is asked; every topic has one partition, written from 10 to 50. */
function cluster(missing: readonly string[] = []) {
  const asked: string[] = []
  const { events, retry, replay, verified, deadLetter, outcomes } = OPTIONS.topics
  const all = [...events, ...retry, ...replay, verified, deadLetter, outcomes]
  return {
    asked,
    admin: {
      existing: async () => new Set(all.filter((topic) => !missing.includes(topic))),
      committed: async (_: string, topic: string) => {
        asked.push(`committed ${topic}`)
        return new Map([[0, topic === 'replay' ? -1 : topic === 'retry.1h' ? 99 : 30]])
      },
      offsetsAt: async () => new Map([[0, 20]]),
      compacted: async (topic: string) => topic === 'events',
    },
    written: {
      ranges: async (topic: string) => {
        asked.push(`ends of ${topic}`)
        return [{ partition: 0, low: 10, high: 50 }]
      },
      close: async () => undefined,
    },
  }
}

describe('the scope of a proof', () => {
  it('is fixed in the one order in which the connector may run on', async () => {
    const { admin, written, asked } = cluster()
    await takeScope(admin, written, OPTIONS)
    const ends = asked.findIndex((question) => question.startsWith('ends'))
    expect(asked.slice(0, ends).every((question) => question.startsWith('committed'))).toBe(true)
    expect(asked.slice(ends)).toEqual([
      ...['ends of verified', 'ends of dead', 'ends of outcomes'],
      ...['ends of retry.1h', 'ends of retry.1m', 'ends of replay', 'ends of events'],
    ])
  })

  it('reads from the start of the logs, or from the time that is asked for', async () => {
    const { admin, written } = cluster()
    const all = rangesOf(await takeScope(admin, written, OPTIONS))
    expect(all).toHaveLength(7)
    expect(new Set(all.map(({ from, end }) => `${from}..${end}`))).toEqual(new Set(['10..50']))
    const young = rangesOf(await takeScope(admin, written, { ...OPTIONS, since: 5 }))
    expect(new Set(young.map(({ from, end }) => `${from}..${end}`))).toEqual(new Set(['20..50']))
  })

  it('holds for done what lies below a committed offset, and never what lies above the end', async () => {
    const { admin, written } = cluster()
    const scope = await takeScope(admin, written, OPTIONS)
    const at = (topic: string, offset: number) => isSettled(scope, { topic, partition: 0, offset })
    expect([
      at('events', 29),
      at('events', 30),
      at('replay', 10),
      at('retry.1h', 49),
      at('retry.1h', 50),
    ]).toEqual([...[true, false, false, true, false]])
    expect(scope.inputs.get('replay')?.partitions.get(0)).toMatchObject({ hasOffset: false })
    expect(scope.inputs.get('events')).toMatchObject({ kind: 'event', compacted: true })
    const demo = await takeScope(admin, written, { ...OPTIONS, settled: 'all' })
    expect(demo.inputs.get('replay')?.partitions.get(0)).toMatchObject({ settled: 50, hasOffset: true })
  })

  it('goes without retry and replay topics that do not exist, and without no other', async () => {
    const without = cluster(['retry.1m', 'replay'])
    const scope = await takeScope(without.admin, without.written, OPTIONS)
    expect([...scope.inputs.keys()]).toEqual(['retry.1h', 'events'])
    const { admin, written } = cluster(['dead', 'events'])
    await expect(takeScope(admin, written, OPTIONS)).rejects.toMatchObject({
      ...{ name: 'TopicsMissing', topics: ['events', 'dead'] },
    })
  })
})
