import type { Output, SourceMessage } from '../../src/core/model.js'
import type {
  CommitBatch,
  Committer,
  Delivery,
  EventSource,
  ResultApi,
  StartOffset,
} from '../../src/core/ports.js'
import { createCommitter, type Writer } from '../../src/io/memory/committer.js'
import type { MemoryBroker } from '../../src/io/memory/kafka.js'
import { createNetwork } from '../../src/io/memory/network.js'
import { createTransactionalWriter } from '../../src/io/memory/writers.js'
import type { Doubles, Setting } from './instance.js'

/** Replaces what each committer writes. */
function withCommit(
  right: Delivery,
  commit: (committer: Committer, batch: CommitBatch, lastNext: number) => Promise<void>,
): Delivery {
  const wrap = (committer: Committer): Committer => {
    let lastNext = committer.start.kind === 'start' ? committer.start.offset : 0
    return {
      start: committer.start,
      close: () => committer.close(),
      async commit(batch) {
        await commit(committer, batch, lastNext)
        lastNext = batch.next
      },
    }
  }
  return {
    open: (list, signal) =>
      right
        .open(list, signal)
        .map((opening) => opening.then((opened) => (opened instanceof Error ? opened : wrap(opened)))),
    close: () => right.close(),
  }
}

/** The offset first, its outputs in the next transaction: a crash between the two loses them. */
const commitsEarly = (right: Delivery): Delivery =>
  withCommit(right, async (committer, batch) => {
    await committer.commit({ outputs: [], next: batch.next })
    await committer.commit(batch)
  })

/** Half of the outputs, then the rest with the offset: an event's records fall into two transactions. */
const splitsBatches = (right: Delivery): Delivery =>
  withCommit(right, async (committer, { outputs, next }, lastNext) => {
    const half = Math.ceil(outputs.length / 2)
    await committer.commit({ outputs: outputs.slice(0, half), next: lastNext })
    await committer.commit({ outputs: outputs.slice(half), next })
  })

/** Every batch is written twice. */
const writesTwice = (right: Delivery): Delivery =>
  withCommit(right, async (committer, batch) => {
    await committer.commit(batch)
    await committer.commit(batch)
  })

/** Outputs in the reverse order. */
const reverses = (right: Delivery): Delivery =>
  withCommit(right, (committer, { outputs, next }) =>
    committer.commit({ outputs: [...outputs].reverse(), next }),
  )

/** Reads where to start, and only then fences: a commit in flight is not seen. */
function readsBeforeFencing(right: Delivery, { broker, groupId }: Setting): Delivery {
  return {
    open(list, signal) {
      const starts = list.map((at): StartOffset => {
        const offset = broker.offsets.committed(groupId, at) ?? broker.log(at).start()
        return { kind: 'start', offset }
      })
      return right.open(list, signal).map(async (opening, index) => {
        const one = await opening
        const start = starts[index]
        if (one instanceof Error || start === undefined) return one
        return { start, commit: (batch: CommitBatch) => one.commit(batch), close: () => one.close() }
      })
    },
    close: () => right.close(),
  }
}

/** One transactional id for the process: whoever had the partition before is not fenced. */
function fencesNobody(_: Delivery, setting: Setting): Delivery {
  const { broker, groupId, clock, name } = setting
  const network = createNetwork(broker, setting)
  const never = new AbortController().signal
  let turn: Promise<unknown> = Promise.resolve()
  let begun: Promise<(at: { topic: string; partition: number }) => Writer> | null = null

  async function begin() {
    const id = `${groupId}.${name}`
    const session = await network.call('init-producer', () => broker.transactions.init(id, 8000))
    return (at: { topic: string; partition: number }): Writer =>
      createTransactionalWriter({ broker, network, clock, groupId, at, session, signal: never })
  }

  /** The partitions share a producer, which has one transaction at a time. After an error it is made anew. */
  function inTurn(write: () => Promise<void>): Promise<void> {
    const written = turn.then(write)
    turn = written.catch(() => {
      begun = null
    })
    return written
  }

  return {
    open: (list) =>
      list.map(async (at) => {
        try {
          begun ??= begin()
          const write = (await begun)(at)
          const read = () => broker.offsets.committed(groupId, at) ?? broker.log(at).start()
          const offset = await network.call('offset-fetch', read)
          return createCommitter({
            start: { kind: 'start', offset },
            writer: (batch) => inTurn(() => write(batch)),
            closed: () => undefined,
          })
        } catch (error) {
          begun = null
          return error instanceof Error ? error : new Error('not opened')
        }
      }),
    close: async () => undefined,
  }
}

/** Passes on only what `isDropped` does not name. */
function without(right: EventSource, isDropped: (message: SourceMessage) => boolean): EventSource {
  return {
    ...right,
    start: (listener) =>
      right.start({
        revoking: () => listener.revoking(),
        assigned: (partitions) => listener.assigned(partitions),
        heartbeat: () => listener.heartbeat(),
        outOfRange: (at) => listener.outOfRange(at),
        messages(at, batch, endOffset) {
          const passed = batch.filter((message) => !isDropped(message))
          const taken = listener.messages(at, passed, endOffset)
          return taken === passed.length ? batch.length : batch.indexOf(passed[taken] as SourceMessage)
        },
      }),
  }
}

/** Every twentieth message or so is never passed on. */
const dropsMessages = (right: EventSource): EventSource =>
  without(right, (message) => message.offset % 20 === 7)

const isDelay = ({ topic }: { readonly topic: string }): boolean => topic.startsWith('attestr.retry.')

const passedOn = new WeakMap<MemoryBroker, Map<string, string>>()

/** What waits is not passed on again to the next owner of its partition. */
function forgetsWhatWaits(right: EventSource, { broker, name }: Setting): EventSource {
  const owners = passedOn.get(broker) ?? new Map<string, string>()
  passedOn.set(broker, owners)
  return without(right, (message) => {
    if (!isDelay(message)) return false
    const place = `${message.topic}/${message.partition}@${message.offset}`
    const owner = owners.get(place) ?? name
    owners.set(place, owner)
    return owner !== name
  })
}

/** Messages of retry topics without the time until which they wait. */
function waitsForNothing(right: EventSource): EventSource {
  const hurried = (message: SourceMessage): SourceMessage => ({
    ...message,
    headers: message.headers.filter(({ key }) => key !== 'attestr.due'),
  })
  return {
    ...right,
    start: (listener) =>
      right.start({
        revoking: () => listener.revoking(),
        assigned: (partitions) => listener.assigned(partitions),
        heartbeat: () => listener.heartbeat(),
        outOfRange: (at) => listener.outOfRange(at),
        messages: (at, batch, endOffset) => listener.messages(at, batch.map(hurried), endOffset),
      }),
  }
}

/** Leaves out a retry message. */
const losesDelay = (right: Delivery): Delivery =>
  withCommit(right, (committer, { outputs, next }) => {
    const victim = outputs.findIndex(isDelay)
    return committer.commit({ outputs: outputs.filter((_, index) => index !== victim), next })
  })

/** The offset with all but the retry messages, and these in the next transaction. */
const delaysLater = (right: Delivery): Delivery =>
  withCommit(right, async (committer, { outputs, next }) => {
    await committer.commit({ outputs: outputs.filter((output) => !isDelay(output)), next })
    const delays = outputs.filter(isDelay)
    if (delays.length > 0) await committer.commit({ outputs: delays, next })
  })

/** The retry messages in a transaction of their own, before the offset. */
const delaysEarly = (right: Delivery): Delivery =>
  withCommit(right, async (committer, { outputs, next }, lastNext) => {
    const delays = outputs.filter(isDelay)
    if (delays.length > 0) await committer.commit({ outputs: delays, next: lastNext })
    await committer.commit({ outputs: outputs.filter((output) => !isDelay(output)), next })
  })

/** Asks twice and uses the second answer. */
const callsTwice = (right: ResultApi): ResultApi => ({
  async call(request) {
    await right.call(request)
    return right.call(request)
  },
  close: () => right.close(),
})

/** Leaves out one record of an event. */
const losesRecord = (right: Delivery): Delivery =>
  withCommit(right, (committer, { outputs, next }) => {
    const isVictim = (output: Output): boolean => output.topic === 'attestr.verified'
    const victim = outputs.findIndex(isVictim)
    return committer.commit({ outputs: outputs.filter((_, index) => index !== victim), next })
  })

/** Faults of a connector, each with the violations of which at least one must be found. */
export const PLANTED: Readonly<
  Record<string, { readonly doubles: Doubles; readonly shows: readonly string[] }>
> = {
  'an offset committed before its outputs': { doubles: { delivery: commitsEarly }, shows: ['lost'] },
  'a start offset read before fencing': { doubles: { delivery: readsBeforeFencing }, shows: ['doubled'] },
  'one transactional id for a process': { doubles: { delivery: fencesNobody }, shows: ['doubled'] },
  'a source that drops a message': { doubles: { source: dropsMessages }, shows: ['lost'] },
  'records of one event in two transactions': {
    doubles: { delivery: splitsBatches },
    shows: ['records-split'],
  },
  'a batch written twice': { doubles: { delivery: writesTwice }, shows: ['doubled'] },
  'outputs in reverse order': { doubles: { delivery: reverses }, shows: ['out-of-order'] },
  'a record left out': { doubles: { delivery: losesRecord }, shows: ['records-missing'] },
  'a retry message left out': { doubles: { delivery: losesDelay }, shows: ['delay-missing'] },
  'an offset committed before its retry message': {
    doubles: { delivery: delaysLater },
    shows: ['delay-split', 'delay-missing'],
  },
  'a retry message written before its offset': {
    doubles: { delivery: delaysEarly },
    shows: ['delay-split', 'delay-doubled'],
  },
  'a retry message that does not wait': { doubles: { source: waitsForNothing }, shows: ['started-early'] },
  'a restart that forgets what waits': { doubles: { source: forgetsWhatWaits }, shows: ['lost'] },
  'a call made twice': { doubles: { api: callsTwice }, shows: ['calls-repeated'] },
}
