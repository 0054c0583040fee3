import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Output, SourceMessage, TopicPartition } from '../../src/core/model.js'
import type { CommitBatch, Committer, Delivery, EventSource, SourceListener } from '../../src/core/ports.js'

/** An assignment that stands. */
const ASSIGNED = new AbortController().signal

/** A message as a reader of the topic sees it. */
export interface ReadRow {
  readonly partition: number
  readonly offset: number
  readonly key: string | null
  readonly value: string | null
  readonly headers: Readonly<Record<string, string>>
}

/** One of several transactions that are open in a partition at the same time; each writes its values when it begins. */
export interface OverlappingTransaction {
  readonly values: readonly string[]
  readonly commit: boolean
}

/** What the contract needs of a Kafka, in memory or real. Every promise may take as long as the broker needs. */
export interface DeliveryWorld {
  /** A new topic under a name of its own. */
  createTopic(partitions: number): Promise<string>
  /** The name of a group that nobody uses. */
  newGroup(): string
  /** Writes outside of transactions, in order. */
  append(at: TopicPartition, values: readonly string[]): Promise<void>
  /** All begin in the given order, then end in `endOrder` (indexes). Returns when all have ended for a reader. */
  appendOverlapping(
    at: TopicPartition,
    transactions: readonly OverlappingTransaction[],
    endOrder: readonly number[],
  ): Promise<void>
  /** Moves the log start. */
  deleteBefore(at: TopicPartition, offset: number): Promise<void>
  setCommitted(groupId: string, at: TopicPartition, offset: number): Promise<void>
  /** Null: none. */
  committed(groupId: string, at: TopicPartition): Promise<number | null>
  /** Everything a reader finds from the start of the topic, by partition and offset. */
  read(topic: string, options: { readonly committedOnly: boolean }): Promise<readonly ReadRow[]>
  source(options: { readonly groupId: string; readonly topics: readonly string[] }): EventSource
  delivery(options: { readonly groupId: string; readonly transactional: boolean }): Delivery
  /** Begins a transaction as the owner of this partition would, writes one output and dies: it is neither committed nor aborted. */
  abandonTransaction(groupId: string, at: TopicPartition, output: Output, next: number): Promise<void>
  /** Waits until the condition holds; throws with `what` when it takes too long. */
  until(what: string, condition: () => boolean): Promise<void>
  /** Lets the world go on for a moment in which something forbidden would have time to happen. */
  moment(): Promise<void>
  close(): Promise<void>
}

/** A listener that writes down what it is told. Opens nothing and resumes nothing by itself. */
interface Recorder extends SourceListener {
  readonly events: string[]
  readonly batches: SourceMessage[][]
  assignments: (readonly TopicPartition[])[]
  heartbeats: number
  readonly outOfRanges: TopicPartition[]
  values(): string[]
  offsets(): number[]
}

function createRecorder(overrides: Partial<SourceListener> = {}): Recorder {
  const recorder: Recorder = {
    events: [],
    batches: [],
    assignments: [],
    heartbeats: 0,
    outOfRanges: [],
    values: () => recorder.batches.flat().map((message) => message.value?.toString() ?? ''),
    offsets: () => recorder.batches.flat().map((message) => message.offset),
    async revoking() {
      recorder.events.push('revoking')
      await overrides.revoking?.()
      recorder.events.push('revoked')
    },
    assigned(partitions) {
      recorder.events.push('assigned')
      recorder.assignments.push(partitions)
      overrides.assigned?.(partitions)
    },
    messages(at, batch, endOffset) {
      const taken = overrides.messages?.(at, batch, endOffset) ?? batch.length
      recorder.batches.push(batch.slice(0, taken))
      return taken
    },
    heartbeat() {
      recorder.heartbeats += 1
      overrides.heartbeat?.()
    },
    outOfRange(at) {
      recorder.outOfRanges.push(at)
      overrides.outOfRange?.(at)
    },
  }
  return recorder
}

const textOutput = (topic: string, key: string | null, value: string, sourcePartition = 0): Output => ({
  topic,
  key: key === null ? null : Buffer.from(key),
  value: Buffer.from(value),
  headers: [{ key: 'note', value: Buffer.from(value) }],
  sourcePartition,
})

const range = (count: number, name = 'v'): string[] => Array.from({ length: count }, (_, i) => `${name}${i}`)

async function openOne(delivery: Delivery, at: TopicPartition): Promise<Committer> {
  const [opened] = await Promise.all(delivery.open([at], ASSIGNED))
  if (opened === undefined || opened instanceof Error) throw opened ?? new Error('nothing was opened')
  return opened
}

/** `settled` holds how a commit ended, as a value. */
const tryCommit = (committer: Committer, batch: CommitBatch): Promise<'written' | 'refused'> =>
  committer.commit(batch).then(
    () => 'written',
    () => 'refused',
  )

/**
 * What every Kafka edge promises: an EventSource and a Delivery, on the twin and on the real broker.
 *
 * In:     name         of the edge, for the test report
 *         createWorld  called once; all tests share the world, each makes its own topics and groups
 */
export function describeDeliveryContract(name: string, createWorld: () => Promise<DeliveryWorld>): void {
  describe(name, () => {
    let world: DeliveryWorld
    beforeAll(async () => {
      world = await createWorld()
    })
    afterAll(() => world.close())
    const current = (): DeliveryWorld => world

    describe('as a source', () => sourceContract(current))
    describe('in a group', () => groupContract(current))
    describe('exactly once', () => transactionContract(current))
    describe('where to start', () => startContract(current))
    describe('at least once', () => plainContract(current))
  })
}

async function started(
  world: DeliveryWorld,
  topics: readonly string[],
  overrides: Partial<SourceListener> = {},
) {
  const groupId = world.newGroup()
  const source = world.source({ groupId, topics })
  const recorder = createRecorder(overrides)
  await source.start(recorder)
  await world.until('the group is joined', () => recorder.assignments.length > 0)
  return { groupId, source, recorder }
}

function sourceContract(current: () => DeliveryWorld): void {
  test('nothing is read before a partition is resumed', async () => {
    const world = current()
    const topic = await world.createTopic(2)
    await world.append({ topic, partition: 0 }, range(3))
    await world.append({ topic, partition: 1 }, range(3))
    const { source, recorder } = await started(world, [topic])
    await world.until('a heartbeat', () => recorder.heartbeats > 0)
    await world.moment()
    expect(recorder.batches).toEqual([])
    source.seek({ topic, partition: 1 }, 0)
    source.resume({ topic, partition: 1 })
    await world.until('the messages', () => recorder.values().length >= 3)
    expect(new Set(recorder.batches.flat().map((message) => message.partition))).toEqual(new Set([1]))
    await source.stop()
  })

  test('an assignment names every partition of the topics once', async () => {
    const world = current()
    const topic = await world.createTopic(3)
    const { source, recorder } = await started(world, [topic])
    const partitions = recorder.assignments[0]?.map((at) => `${at.topic}/${at.partition}`).sort()
    expect(partitions).toEqual([0, 1, 2].map((partition) => `${topic}/${partition}`))
    await source.stop()
  })

  test('a seek is honoured, also one back', async () => {
    const world = current()
    const topic = await world.createTopic(1)
    const at = { topic, partition: 0 }
    await world.append(at, range(10))
    const { source, recorder } = await started(world, [topic])
    source.seek(at, 7)
    source.resume(at)
    await world.until('the end', () => recorder.values().length >= 3)
    expect(recorder.values()).toEqual(['v7', 'v8', 'v9'])
    source.seek(at, 4)
    await world.until('the end again', () => recorder.values().length >= 9)
    expect(recorder.values().slice(3)).toEqual(['v4', 'v5', 'v6', 'v7', 'v8', 'v9'])
    await source.stop()
  })

  test('messages come whole and in offset order, with the end of the partition', async () => {
    const world = current()
    const topic = await world.createTopic(1)
    const at = { topic, partition: 0 }
    await world.append(at, range(300))
    const ends = new Set<number>()
    const { source, recorder } = await started(world, [topic], {
      messages(_, batch, endOffset) {
        ends.add(endOffset)
        return batch.length
      },
    })
    source.seek(at, 0)
    source.resume(at)
    await world.until('all messages', () => recorder.values().length >= 300)
    expect(recorder.offsets()).toEqual(Array.from({ length: 300 }, (_, i) => i))
    expect(recorder.values()).toEqual(range(300))
    expect([...ends]).toEqual([300])
    const [first] = recorder.batches.flat()
    expect(first).toMatchObject({ topic, partition: 0, offset: 0 })
    expect(first?.timestamp).toBeGreaterThan(0)
    await source.stop()
  })

  test('what is not taken is offered again, once it is wanted', async () => {
    const world = current()
    const topic = await world.createTopic(1)
    const at = { topic, partition: 0 }
    await world.append(at, range(20))
    let left = 5
    const { source, recorder } = await started(world, [topic], {
      messages(_, batch) {
        const taken = Math.min(left, batch.length)
        left -= taken
        if (left === 0) source.pause(at)
        return taken
      },
    })
    source.seek(at, 0)
    source.resume(at)
    await world.until('the first five', () => recorder.values().length >= 5)
    await world.moment()
    expect(recorder.values()).toEqual(range(5))
    left = 100
    source.resume(at)
    await world.until('the others', () => recorder.values().length >= 20)
    expect(recorder.values()).toEqual(range(20))
    await source.stop()
  })

  test('a paused partition delivers nothing, and nothing is lost by it', async () => {
    const world = current()
    const topic = await world.createTopic(1)
    const at = { topic, partition: 0 }
    await world.append(at, range(2))
    const { source, recorder } = await started(world, [topic])
    source.seek(at, 0)
    source.resume(at)
    await world.until('the first two', () => recorder.values().length >= 2)
    source.pause(at)
    await world.append(at, ['late'])
    const before = recorder.heartbeats
    await world.until('another heartbeat', () => recorder.heartbeats > before)
    await world.moment()
    expect(recorder.values()).toEqual(range(2))
    source.resume(at)
    await world.until('the late one', () => recorder.values().length >= 3)
    expect(recorder.values()).toEqual(['v0', 'v1', 'late'])
    await source.stop()
  })

  test('of ten overlapping transactions, half of them aborted, no aborted record is delivered', async () => {
    const world = current()
    const topic = await world.createTopic(1)
    const at = { topic, partition: 0 }
    const transactions = range(10, 't').map((value, i) => ({
      values: [`${value}a`, `${value}b`],
      commit: i % 2 === 0,
    }))
    // The last to begin is the first to end: the case in which a list of aborted transactions is out of order.
    await world.appendOverlapping(at, transactions, [9, 8, 7, 6, 5, 4, 3, 2, 1, 0])
    await world.appendOverlapping(at, transactions, [3, 0, 7, 1, 9, 5, 2, 8, 6, 4])
    await world.append(at, ['last'])
    const { source, recorder } = await started(world, [topic])
    source.seek(at, 0)
    source.resume(at)
    await world.until('the last one', () => recorder.values().includes('last'))
    const committed = transactions.filter((one) => one.commit).flatMap((one) => one.values)
    expect(recorder.values()).toEqual([...committed, ...committed, 'last'])
    expect(recorder.offsets()).toEqual([...recorder.offsets()].sort((a, b) => a - b))
    expect(recorder.offsets().at(-1)).toBe(60)
    await source.stop()
  })

  test('a read that begins between overlapping transactions delivers no aborted record', async () => {
    const world = current()
    const topic = await world.createTopic(1)
    const at = { topic, partition: 0 }
    const transactions = range(4, 't').map((value) => ({ values: [value], commit: false }))
    await world.appendOverlapping(at, transactions, [1, 0, 3, 2])
    await world.append(at, ['good'])
    for (const from of [1, 2, 3]) {
      const { source, recorder } = await started(world, [topic])
      source.seek(at, from)
      source.resume(at)
      await world.until('the good one', () => recorder.values().length > 0)
      expect(recorder.values()).toEqual(['good'])
      await source.stop()
    }
  })

  test('a position outside of the log is reported, and nothing is reset or read', async () => {
    const world = current()
    const topic = await world.createTopic(1)
    const at = { topic, partition: 0 }
    await world.append(at, range(10))
    await world.deleteBefore(at, 5)
    const { source, recorder } = await started(world, [topic])
    source.seek(at, 2)
    source.resume(at)
    await world.until('the report', () => recorder.outOfRanges.length > 0)
    await world.moment()
    expect(recorder.outOfRanges).toEqual([at])
    expect(recorder.batches).toEqual([])
    source.seek(at, 5)
    source.resume(at)
    await world.until('the rest of the log', () => recorder.values().length >= 5)
    expect(recorder.offsets()).toEqual([5, 6, 7, 8, 9])
    await source.stop()
  })
}

function groupContract(current: () => DeliveryWorld): void {
  test('while everything is paused the membership stays alive', async () => {
    const world = current()
    const topic = await world.createTopic(1)
    const { source, recorder } = await started(world, [topic])
    await world.until('some heartbeats', () => recorder.heartbeats >= 5)
    expect(recorder.assignments).toHaveLength(1)
    await source.stop()
  })

  test('a member that joins gets its share only after the other has let go', async () => {
    const world = current()
    const topic = await world.createTopic(2)
    const journal: string[] = []
    const first = await started(world, [topic], {
      async revoking() {
        journal.push('first revoking')
        await world.moment()
        journal.push('first revoked')
      },
      assigned: () => void journal.push('first assigned'),
    })
    const second = world.source({ groupId: first.groupId, topics: [topic] })
    const recorder = createRecorder({ assigned: () => void journal.push('second assigned') })
    await second.start(recorder)
    await world.until('both have a share', () =>
      [first.recorder, recorder].every((one) => one.assignments.at(-1)?.length === 1),
    )
    expect(journal.slice(0, 3)).toEqual(['first assigned', 'first revoking', 'first revoked'])
    expect(journal.slice(3)).toEqual(expect.arrayContaining(['first assigned', 'second assigned']))
    expect(recorder.events).toEqual(['assigned'])
    await Promise.all([first.source.stop(), second.stop()])
  })

  test('between revoking and the next assignment nothing is delivered, and a new assignment is paused', async () => {
    const world = current()
    const topic = await world.createTopic(1)
    const at = { topic, partition: 0 }
    await world.append(at, range(3))
    let held = false
    const early: string[] = []
    const first = await started(world, [topic], {
      async revoking() {
        held = true
        await world.append(at, ['during'])
        await world.moment()
      },
      messages(_, batch) {
        if (held) early.push(...batch.map((message) => message.value?.toString() ?? ''))
        return batch.length
      },
    })
    first.source.seek(at, 0)
    first.source.resume(at)
    await world.until('the first three', () => first.recorder.values().length >= 3)
    const second = world.source({ groupId: first.groupId, topics: [topic] })
    await second.start(createRecorder())
    await world.until('another generation', () => first.recorder.assignments.length >= 2)
    await world.moment()
    expect(early).toEqual([])
    await Promise.all([first.source.stop(), second.stop()])
  })

  test('a member that leaves gives its partitions to the others', async () => {
    const world = current()
    const topic = await world.createTopic(2)
    const first = await started(world, [topic])
    const second = world.source({ groupId: first.groupId, topics: [topic] })
    await second.start(createRecorder())
    await world.until('a shared topic', () => first.recorder.assignments.at(-1)?.length === 1)
    await second.stop()
    await world.until('all partitions', () => first.recorder.assignments.at(-1)?.length === 2)
    await first.source.stop()
  })
}

function transactionContract(current: () => DeliveryWorld): void {
  const setUp = async () => {
    const world = current()
    const at = { topic: await world.createTopic(2), partition: 1 }
    for (const partition of [0, 1]) await world.append({ ...at, partition }, range(30))
    const output = await world.createTopic(3)
    const groupId = world.newGroup()
    const delivery = world.delivery({ groupId, transactional: true })
    return { world, at, output, groupId, delivery }
  }
  const valuesOf = async (world: DeliveryWorld, topic: string): Promise<string[]> =>
    (await world.read(topic, { committedOnly: true })).map((row) => row.value ?? '').sort()

  test('a batch is visible with its offset once the commit returns', async () => {
    const { world, at, output, groupId, delivery } = await setUp()
    const committer = await openOne(delivery, at)
    expect(committer.start).toEqual({ kind: 'start', offset: 0 })
    const outputs = range(5).map((value) => textOutput(output, value, value))
    await committer.commit({ outputs, next: 5 })
    await committer.commit({ outputs: [textOutput(output, 'k', 'second')], next: 6 })
    await committer.close()
    // A reader of the offset that did not fence may still see the one before; the next owner does not.
    const next = await openOne(delivery, at)
    expect(next.start).toEqual({ kind: 'start', offset: 6 })
    expect(await world.committed(groupId, at)).toBe(6)
    expect(await valuesOf(world, output)).toEqual(['second', ...range(5)])
    await delivery.close()
  })

  test('key, value, headers and order of one key arrive as given', async () => {
    const { world, at, output, delivery } = await setUp()
    const committer = await openOne(delivery, at)
    await committer.commit({ outputs: range(9).map((value) => textOutput(output, 'one', value)), next: 1 })
    await openOne(delivery, at)
    const rows = await world.read(output, { committedOnly: true })
    expect(rows.map((row) => row.value)).toEqual(range(9))
    expect(new Set(rows.map((row) => row.partition)).size).toBe(1)
    expect(rows[0]).toMatchObject({ key: 'one', headers: { note: 'v0' } })
    await delivery.close()
  })

  test('keys are placed as the Java client places them, and no key by the partition of the source', async () => {
    const { world, at, output, delivery } = await setUp()
    const committer = await openOne(delivery, at)
    const keys = ['DS0abcdef', 'DS0abcdeg', '21', 'foobar', 'a-little-bit-long-string', 'é', 'DS0abcden']
    const outputs = [
      ...keys.map((key) => textOutput(output, key, key)),
      ...[0, 1, 2, 3, 7].map((partition) => textOutput(output, null, `none${partition}`, partition)),
    ]
    await committer.commit({ outputs, next: 1 })
    await openOne(delivery, at)
    const placed = Object.fromEntries(
      (await world.read(output, { committedOnly: true })).map((row) => [row.value, row.partition]),
    )
    expect(placed).toEqual({
      // (Utils.murmur2(key) & 0x7fffffff) % 3
      DS0abcdef: 2,
      DS0abcdeg: 2,
      '21': 0,
      foobar: 0,
      'a-little-bit-long-string': 2,
      é: 0,
      DS0abcden: 1,
      ...{ none0: 0, none1: 1, none2: 2, none3: 0, none7: 1 },
    })
    await delivery.close()
  })

  test('a batch without outputs moves the offset, also many of them in a row', async () => {
    const { world, at, groupId, delivery } = await setUp()
    const committer = await openOne(delivery, at)
    for (let next = 1; next <= 20; next += 1) await committer.commit({ outputs: [], next })
    await committer.close()
    const again = await openOne(delivery, at)
    expect(again.start).toEqual({ kind: 'start', offset: 20 })
    expect(await world.committed(groupId, at)).toBe(20)
    await delivery.close()
  })

  test('opening fences the owner before: its batch is refused and nothing of it is visible', async () => {
    const { world, at, output, groupId, delivery } = await setUp()
    const zombie = await openOne(delivery, at)
    await zombie.commit({ outputs: [textOutput(output, 'k', 'before')], next: 1 })
    const other = world.delivery({ groupId, transactional: true })
    const owner = await openOne(other, at)
    expect(owner.start).toEqual({ kind: 'start', offset: 1 })
    expect(await tryCommit(zombie, { outputs: [textOutput(output, 'k', 'zombie')], next: 9 })).toBe('refused')
    await owner.commit({ outputs: [textOutput(output, 'k', 'owner')], next: 2 })
    expect(await tryCommit(zombie, { outputs: [], next: 9 })).toBe('refused')
    await owner.close()
    expect((await openOne(other, at)).start).toEqual({ kind: 'start', offset: 2 })
    expect(await valuesOf(world, output)).toEqual(['before', 'owner'])
    await Promise.all([delivery.close(), other.close()])
  })

  test('a transaction that its owner left open is aborted by the next owner, at once', async () => {
    const { world, at, output, groupId, delivery } = await setUp()
    const committer = await openOne(delivery, at)
    await committer.commit({ outputs: [textOutput(output, 'k', 'whole')], next: 3 })
    await world.abandonTransaction(groupId, at, textOutput(output, 'k', 'torn'), 4)
    const next = await openOne(delivery, at)
    expect(next.start).toEqual({ kind: 'start', offset: 3 })
    await next.commit({ outputs: [textOutput(output, 'k', 'again')], next: 4 })
    await openOne(delivery, at)
    expect(await valuesOf(world, output)).toEqual(['again', 'whole'])
    const all = await world.read(output, { committedOnly: false })
    expect(all.map((row) => row.value)).toContain('torn')
    await delivery.close()
  })

  test('after an error a committer refuses everything but close', async () => {
    const { world, at, output, groupId, delivery } = await setUp()
    const committer = await openOne(delivery, at)
    const other = world.delivery({ groupId, transactional: true })
    const thief = await openOne(other, at)
    await thief.close()
    expect(await tryCommit(committer, { outputs: [textOutput(output, 'k', 'a')], next: 1 })).toBe('refused')
    expect(await tryCommit(committer, { outputs: [textOutput(output, 'k', 'b')], next: 1 })).toBe('refused')
    await committer.close()
    expect(await tryCommit(committer, { outputs: [], next: 1 })).toBe('refused')
    expect(await valuesOf(world, output)).toEqual([])
    await Promise.all([delivery.close(), other.close()])
  })

  test('committers of two partitions do not disturb each other', async () => {
    const { world, at, output, delivery } = await setUp()
    const other = { ...at, partition: 0 }
    const [left, right] = await Promise.all(delivery.open([at, other], ASSIGNED))
    if (left === undefined || right === undefined) throw new Error('two were asked for')
    if (left instanceof Error || right instanceof Error) throw new Error('both must open')
    for (let next = 1; next <= 5; next += 1) {
      await Promise.all([
        left.commit({ outputs: [textOutput(output, 'k', `left${next}`)], next }),
        right.commit({ outputs: [textOutput(output, 'k', `right${next}`)], next: 2 * next }),
      ])
    }
    const starts = (await Promise.all(delivery.open([at, other], ASSIGNED))).map(
      (opened) => opened instanceof Error || opened.start,
    )
    expect(starts).toEqual([
      { kind: 'start', offset: 5 },
      { kind: 'start', offset: 10 },
    ])
    expect(await valuesOf(world, output)).toHaveLength(10)
    await delivery.close()
  })

  test('the offset read by an owner who fences a commit in flight is final', async () => {
    const { world, at, output, groupId, delivery } = await setUp()
    let expected = 0
    for (let round = 0; round < 10; round += 1) {
      const old = await openOne(delivery, at)
      expect(old.start).toEqual({ kind: 'start', offset: expected })
      const value = `round${round}`
      const inFlight = tryCommit(old, { outputs: [textOutput(output, 'k', value)], next: expected + 1 })
      const other = world.delivery({ groupId, transactional: true })
      const [owner] = await Promise.all([openOne(other, at), inFlight])
      if (owner.start.kind !== 'start') throw new Error('nothing was lost')
      expect(owner.start.offset - expected).toBeLessThanOrEqual(1)
      expected = owner.start.offset
      expect((await openOne(other, at)).start).toEqual({ kind: 'start', offset: expected })
      expect(await valuesOf(world, output)).toHaveLength(expected)
      await other.close()
    }
    await delivery.close()
  })

  test('open never throws: a partition that does not exist is an Error in its place', async () => {
    const { at, delivery } = await setUp()
    const missing = { topic: `${at.topic}-missing`, partition: 0 }
    const [good, bad] = await Promise.all(delivery.open([at, missing], ASSIGNED))
    expect(bad).toBeInstanceOf(Error)
    expect(good).not.toBeInstanceOf(Error)
    await delivery.close()
  })
}

function startContract(current: () => DeliveryWorld): void {
  test.each([true, false])(
    'without a committed offset it starts at the log start (transactional %s)',
    async (transactional) => {
      const world = current()
      const at = { topic: await world.createTopic(1), partition: 0 }
      await world.append(at, range(5))
      await world.deleteBefore(at, 2)
      const delivery = world.delivery({ groupId: world.newGroup(), transactional })
      expect((await openOne(delivery, at)).start).toEqual({ kind: 'start', offset: 2 })
      await delivery.close()
    },
  )

  test.each([true, false])(
    'a committed offset outside of the log is events-lost, never reset (transactional %s)',
    async (transactional) => {
      const world = current()
      const topic = await world.createTopic(3)
      const groupId = world.newGroup()
      for (const partition of [0, 1, 2]) await world.append({ topic, partition }, range(5))
      const [below, above, end] = [0, 1, 2].map((partition) => ({ topic, partition }))
      if (below === undefined || above === undefined || end === undefined) throw new Error('three partitions')
      await world.setCommitted(groupId, below, 1)
      await world.deleteBefore(below, 3)
      await world.setCommitted(groupId, above, 6)
      await world.setCommitted(groupId, end, 5)
      const delivery = world.delivery({ groupId, transactional })
      const starts = (await Promise.all(delivery.open([below, above, end], ASSIGNED))).map(
        (one) => one instanceof Error || one.start,
      )
      expect(starts).toEqual([
        { kind: 'events-lost', from: 1, to: 3 },
        { kind: 'events-lost', from: 6, to: 0 },
        { kind: 'start', offset: 5 },
      ])
      expect(await world.committed(groupId, below)).toBe(1)
      expect(await world.committed(groupId, above)).toBe(6)
      await delivery.close()
    },
  )
}

function plainContract(current: () => DeliveryWorld): void {
  test('a batch is written before its offset, and both are there when the commit returns', async () => {
    const world = current()
    const at = { topic: await world.createTopic(1), partition: 0 }
    await world.append(at, range(9))
    const output = await world.createTopic(2)
    const groupId = world.newGroup()
    const delivery = world.delivery({ groupId, transactional: false })
    const committer = await openOne(delivery, at)
    await committer.commit({ outputs: range(4).map((value) => textOutput(output, 'k', value)), next: 4 })
    await committer.commit({ outputs: [], next: 5 })
    expect(await world.committed(groupId, at)).toBe(5)
    expect((await world.read(output, { committedOnly: true })).map((row) => row.value)).toEqual(range(4))
    await committer.close()
    expect(await tryCommit(committer, { outputs: [], next: 9 })).toBe('refused')
    expect((await openOne(delivery, at)).start).toEqual({ kind: 'start', offset: 5 })
    await delivery.close()
  })
}
