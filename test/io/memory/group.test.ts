import { describe, expect, test } from 'vitest'
import type { TopicPartition } from '../../../src/core/model.js'
import type { SourceListener } from '../../../src/core/ports.js'
import { createVirtualClock } from '../../../src/io/memory/clock.js'
import { createMemoryBroker } from '../../../src/io/memory/kafka.js'
import type { Faults } from '../../../src/io/memory/network.js'
import { createSeededRandom } from '../../../src/io/memory/random.js'
import { createMemorySource } from '../../../src/io/memory/source.js'
import { createLife } from '../../support/life.js'

const SESSION_MS = 6000

function createWorld(partitions = 4) {
  const clock = createVirtualClock({ start: 0 })
  const broker = createMemoryBroker({ clock, random: createSeededRandom(1) })
  broker.createTopic('in', partitions)
  const group = broker.group('g')

  async function member(memberId: string, faults: Faults = () => null) {
    const life = createLife(clock)
    const journal: string[] = []
    const values: string[] = []
    let share: readonly TopicPartition[] = []
    const source = createMemorySource(broker, {
      ...{ groupId: 'g', memberId, topics: ['in'], sessionTimeoutMs: SESSION_MS },
      ...{ clock: life.clock, random: createSeededRandom(2), faults },
    })
    const listener: SourceListener = {
      async revoking() {
        journal.push('revoking')
      },
      assigned(assigned) {
        share = assigned
        journal.push(`assigned ${assigned.length}`)
        for (const at of assigned) source.resume(at)
      },
      messages(_, batch) {
        values.push(...batch.map((one) => one.value?.toString() ?? ''))
        return batch.length
      },
      heartbeat: () => undefined,
      outOfRange: () => undefined,
    }
    const joined = source.start(listener)
    return { source, life, journal, values, joined, share: () => share }
  }
  return { clock, broker, group, member }
}

describe('the consumer group', () => {
  test('every partition belongs to exactly one member of a generation', async () => {
    const { clock, group, member } = createWorld(5)
    const members = await Promise.all(['a', 'b', 'c'].map((name) => member(name)))
    await clock.runUntil(() => group.state().stable && group.state().members.length === 3, 60_000)
    await clock.advance(100)
    const owned = members.flatMap((one) => one.share().map((at) => at.partition))
    expect(owned.sort()).toEqual([0, 1, 2, 3, 4])
  })

  test('a killed member holds up a joiner until its session ends, and no longer', async () => {
    const { clock, group, member } = createWorld()
    const first = await member('a')
    await clock.drive(first.joined)
    first.life.kill()
    const second = await member('b')
    await clock.advance(SESSION_MS / 2)
    expect(second.journal).toEqual([])
    await clock.drive(second.joined)
    expect(second.journal).toEqual(['assigned 4'])
    expect(clock.monotonic()).toBeLessThanOrEqual(SESSION_MS + 100)
    expect(group.state().members).toEqual(['b'])
  })

  test('a frozen member does not notice that it lost its partitions, until it is refused', async () => {
    const { clock, broker, member } = createWorld()
    const [zombie, other] = await Promise.all([member('a'), member('b')])
    await clock.runUntil(() => zombie.share().length === 2 && other.share().length === 2, 60_000)
    zombie.life.freeze()
    const before = zombie.journal.length
    await clock.runUntil(() => other.share().length === 4, 60_000)
    expect(zombie.share()).toHaveLength(2)
    expect(zombie.journal).toHaveLength(before)
    const [own] = zombie.share()
    if (own === undefined) throw new Error('the zombie had a share')
    broker.append(own, [{ value: Buffer.from('both read it') }])
    await clock.advance(200)
    expect(other.values).toEqual(['both read it'])
    expect(zombie.values).toEqual([])
    zombie.life.thaw()
    await clock.runUntil(() => zombie.values.length > 0, 60_000)
    expect(zombie.values).toEqual(['both read it'])
    await clock.runUntil(() => zombie.share().length === 2 && other.share().length === 2, 60_000)
    expect(zombie.journal.slice(before)).toEqual(['revoking', 'assigned 2'])
  })

  test('a member that does not answer a rebalance is given up after the rebalance time-out', async () => {
    const { clock, group } = createWorld()
    const request = { topics: ['in'], sessionTimeoutMs: 60_000, rebalanceTimeoutMs: 1000 }
    await group.join({ ...request, memberId: 'slow' })
    const joined = group.join({ ...request, memberId: 'new' })
    const reply = await clock.drive(joined)
    expect(clock.monotonic()).toBe(1000)
    expect(reply.partitions).toHaveLength(4)
    expect(() => group.heartbeat('slow', 1)).toThrow('UNKNOWN_MEMBER_ID')
  })

  test('lost requests of every kind are made up for', async () => {
    const { clock, broker, member } = createWorld(1)
    const random = createSeededRandom(5)
    const faults: Faults = () => {
      const drawn = random()
      if (drawn < 0.1) return { kind: 'lost-request' }
      return drawn < 0.2 ? { kind: 'lost-reply' } : null
    }
    const one = await member('a', faults)
    const expected = Array.from({ length: 50 }, (_, i) => `e${i}`)
    for (const value of expected) {
      broker.append({ topic: 'in', partition: 0 }, [{ value: Buffer.from(value) }])
      await clock.advance(1000)
    }
    await clock.runUntil(() => one.values.includes('e49'), 600_000)
    expect(new Set(one.values)).toEqual(new Set(expected))
    const stopping = clock.monotonic()
    await clock.drive(one.source.stop())
    expect(clock.monotonic() - stopping).toBeLessThanOrEqual(10_000)
  })

  test('a member that stops while it waits for the group leaves no ghost', async () => {
    const { clock, group, member } = createWorld()
    const first = await member('a')
    await clock.drive(first.joined)
    const second = await member('b')
    await clock.advance(100)
    await clock.drive(second.source.stop())
    await clock.runUntil(() => group.state().stable, 60_000)
    expect(group.state().members).toEqual(['a'])
  })
})
