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
    open: (list) =>
      right
        .open(list)
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
    open(list) {
      const starts = list.map((at): StartOffset => {
        const offset = broker.offsets.committed(groupId, at) ?? broker.log(at).start()
        return { kind: 'start', offset }
      })
      return right.open(list).map(async (opening, index) => {
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

/** Every twentieth message or so is never passed on. */
function dropsMessages(right: EventSource): EventSource {
  const isDropped = (message: SourceMessage): boolean => message.offset % 20 === 7
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
  'a call made twice': { doubles: { api: callsTwice }, shows: ['calls-repeated'] },
}
