import { describe, expect, it } from 'vitest'
import type { KafkaAdmin, TopicSettings } from '../../../src/io/kafka/admin.js'
import { ensureTopics, settleFirstOffsets } from '../../../src/io/kafka/topics.js'

const LOG = { debug() {}, info() {}, warn() {}, error() {} }

/** A cluster as the questions of a start find it. */
function cluster(parts: {
  readonly committed?: Readonly<Record<string, number>>
  readonly ends?: Readonly<Record<string, number>>
}) {
  const created: TopicSettings[] = []
  const set: ReadonlyMap<string, ReadonlyMap<number, number>>[] = []
  const admin: KafkaAdmin = {
    committed: async (_group, topic) => new Map([[0, parts.committed?.[topic] ?? -1]]),
    ranges: async (topic) => [{ partition: 0, low: 0, high: parts.ends?.[topic] ?? 0 }],
    offsetsAt: async () => new Map(),
    compacted: async () => false,
    retentionMs: async () => null,
    existing: async () => new Set(['there']),
    create: async (topics) => {
      created.push(...topics)
      return topics.map(({ topic }) => topic)
    },
    setOffsets: async (_group, read) => {
      const offsets = await read()
      if (offsets !== null) set.push(offsets)
    },
    deleteGroup: async () => undefined,
    close: async () => undefined,
  }
  return { admin, created, set }
}

const TOPICS = {
  ...{ events: ['e'], verified: 'v', deadLetter: 'd', outcomes: 'o', replay: 'p' },
  ...{ retry: [{ topic: 'r1' }, { topic: 'r2' }], partitions: 7, replicationFactor: 2 },
}

describe('topics that are missing', () => {
  it('are created: what waits on retry and replay topics is kept for ever', async () => {
    const { admin, created } = cluster({})
    const made = await ensureTopics(admin, { ...TOPICS, create: true }, LOG)
    expect(made).toEqual(['e', 'v', 'd', 'o', 'r1', 'r2', 'p'])
    for (const { topic, partitions, replicationFactor, config } of created) {
      expect([partitions, replicationFactor, config['cleanup.policy']]).toEqual([7, 2, 'delete'])
      const waits = ['r1', 'r2', 'p'].includes(topic)
      expect(config['retention.ms'] === '-1').toBe(waits)
    }
  })

  it('are named when they may not be created, retry and replay topics too', async () => {
    const refused = ensureTopics(cluster({}).admin, { ...TOPICS, create: false }, LOG)
    await expect(refused).rejects.toThrow('topics do not exist: e, v, d, o, r1, r2, p')
  })
})

describe('the first offsets', () => {
  const needs = {
    groupId: 'g',
    events: ['e'],
    delayed: ['r1', 'p'],
    outcomes: 'o',
    startFrom: 'latest',
  } as const
  const telling = (...of: string[]) => {
    const asked: string[] = []
    return {
      asked,
      tellOf: async (_topic: string, topics: readonly string[]) => {
        asked.push(...topics)
        return topics.some((topic) => of.includes(topic))
      },
    }
  }

  it('of a start from the end are those of events alone: retry and replay topics begin at their start', async () => {
    const { admin, set } = cluster({ ends: { e: 9, r1: 4, p: 2 } })
    await settleFirstOffsets(admin, needs, telling().tellOf)
    expect(set).toEqual([new Map([['e', new Map([[0, 9]])]])])
  })

  it('are missing for a retry topic that outcomes tell of, though events have theirs', async () => {
    const { admin } = cluster({ committed: { e: 3 }, ends: { e: 9, r1: 4 } })
    const settled = settleFirstOffsets(admin, needs, telling('r1').tellOf)
    await expect(settled).rejects.toMatchObject({
      ...{
        code: 'offsets-missing',
        message: 'offsets-missing: group g has no offsets of r1, but o holds outcomes of its events',
      },
    })
  })

  it('are not missing for a retry topic that nobody has read yet', async () => {
    const { admin, set } = cluster({ committed: { e: 3 }, ends: { e: 9, r1: 4 } })
    await settleFirstOffsets(admin, needs, telling('e').tellOf)
    expect(set).toEqual([])
  })

  it('are not looked for in the outcomes when nothing lies on a retry topic, or it has offsets', async () => {
    const { admin } = cluster({ committed: { e: 3, p: 1 }, ends: { e: 9, r1: 0, p: 2 } })
    const { asked, tellOf } = telling('r1', 'p')
    await settleFirstOffsets(admin, needs, tellOf)
    expect(asked).toEqual([])
  })

  it('are not missing when another process has committed them meanwhile', async () => {
    const { admin } = cluster({ committed: { e: 3 }, ends: { e: 9, r1: 4 } })
    let questions = 0
    const busy: KafkaAdmin = {
      ...admin,
      committed: async (group, topic) => {
        if (topic === 'r1') questions += 1
        return questions > 1 && topic === 'r1' ? new Map([[0, 1]]) : admin.committed(group, topic)
      },
    }
    await settleFirstOffsets(busy, needs, telling('r1').tellOf)
    expect(questions).toBe(2)
  })
})
