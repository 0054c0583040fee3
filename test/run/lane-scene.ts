/** Doubles around lanes that are moved by hand, on a virtual clock. */
import { onAbort } from '../../src/core/abort.js'
import type { Output, SourceMessage, TopicPartition } from '../../src/core/model.js'
import type { CommitBatch, Committer, Delivery, EventSource, StartOffset } from '../../src/core/ports.js'
import type { CallSlot, EventEnd, Path, Ticket } from '../../src/core/work.js'

export const AT: TopicPartition = { topic: 'events', partition: 0 }

export function messagesOf(offsets: readonly number[], valueBytes = 10, at = AT): SourceMessage[] {
  return offsets.map((offset) => ({
    ...at,
    offset,
    timestamp: 1_000_000 + offset,
    key: null,
    value: Buffer.alloc(valueBytes),
    headers: [],
  }))
}

const outputOf = (offset: number): Output => ({
  topic: 'out',
  key: null,
  value: Buffer.from(String(offset)),
  headers: [],
  sourcePartition: 0,
})

/** Offsets of the events whose outputs a batch has. */
export const offsetsIn = (batch: CommitBatch): number[] =>
  batch.outputs.map((output) => Number(output.value.toString()))

/** One event on its path. */
export class Work {
  readonly message: SourceMessage
  readonly ticket: Ticket
  readonly ended: Promise<EventEnd | 'aborted'>
  slot: CallSlot | null | undefined
  aborted = false
  private settle: (end: EventEnd | 'aborted') => void = () => undefined
  private reject: (error: unknown) => void = () => undefined

  constructor(message: SourceMessage, ticket: Ticket) {
    this.message = message
    this.ticket = ticket
    this.ended = new Promise((resolve, reject) => {
      this.settle = resolve
      this.reject = reject
    })
    onAbort(ticket.signal, () => {
      this.aborted = true
      this.slot?.release(0)
      this.settle('aborted')
    })
  }

  /** Asks for a slot and calls. */
  call(): Promise<void> {
    return this.ticket.callSlot().then((slot) => {
      this.slot = slot
      if (slot === null) this.settle('aborted')
    })
  }

  /** The call comes back, and the event would call again later. */
  back(bodyBytes = 0): void {
    this.slot?.release(bodyBytes)
    this.slot = undefined
  }

  finish(outcome: EventEnd['outcome'] = 'VERIFIED'): void {
    this.back()
    this.settle({ outcome, code: null, outputs: [outputOf(this.message.offset)] })
  }

  giveUp(): void {
    this.settle('aborted')
  }

  fail(error: unknown): void {
    this.reject(error)
  }
}

export class HandPath {
  readonly works: Work[] = []
  readonly path: Path = (message, ticket) => {
    const work = new Work(message, ticket)
    this.works.push(work)
    return work.ended
  }

  /** The latest event with this offset. */
  at(offset: number): Work {
    const work = this.works.findLast((one) => one.message.offset === offset)
    if (work === undefined) throw new Error(`nothing works on offset ${offset}`)
    return work
  }

  offsets(): number[] {
    return this.works.map((work) => work.message.offset)
  }
}

interface Written {
  readonly batch: CommitBatch
  settle(error?: Error): void
}

export class HandCommitter implements Committer {
  readonly start: StartOffset
  readonly writes: Written[] = []
  /** Commits of which the end is told. */
  settled = 0
  closed = 0
  /** Whether a commit succeeds by itself. */
  automatic: boolean
  /** Closed while a commit was under way. */
  cutOff = false

  constructor(start: StartOffset, automatic: boolean) {
    this.start = start
    this.automatic = automatic
  }

  commit(batch: CommitBatch): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (error?: Error): void => {
        this.settled += 1
        if (error === undefined) resolve()
        else reject(error)
      }
      this.writes.push({ batch, settle })
      if (this.automatic) settle()
    })
  }

  async close(): Promise<void> {
    this.closed += 1
    if (this.settled < this.writes.length) this.cutOff = true
  }

  /** Ends the commit that is under way. */
  end(error?: Error): void {
    this.writes[this.settled]?.settle(error)
  }

  batches(): number[][] {
    return this.writes.map(({ batch }) => offsetsIn(batch))
  }
}

/** A source that notes what it is asked for. */
export class NotedSource implements EventSource {
  readonly notes: string[] = []
  private readonly resumed = new Set<string>()
  async start(): Promise<void> {}
  async stop(): Promise<void> {}
  pause(at: TopicPartition): void {
    this.resumed.delete(`${at.topic}/${at.partition}`)
    this.notes.push(`pause ${at.topic}/${at.partition}`)
  }
  resume(at: TopicPartition): void {
    this.resumed.add(`${at.topic}/${at.partition}`)
    this.notes.push(`resume ${at.topic}/${at.partition}`)
  }
  seek(at: TopicPartition, offset: number): void {
    this.notes.push(`seek ${at.topic}/${at.partition} ${offset}`)
  }
  isRead(at: TopicPartition): boolean {
    return this.resumed.has(`${at.topic}/${at.partition}`)
  }
}

type Opening = StartOffset | Error

/** Opens committers that begin where `next` says, or at 0. */
export class HandDelivery implements Delivery {
  readonly opened: string[] = []
  readonly committers: HandCommitter[] = []
  /** What the next openings give, in order. */
  readonly next: Opening[] = []
  automatic = true
  /** Of the assignments that something was opened for. */
  readonly assignments: AbortSignal[] = []
  /** Openings wait until `go` is called. */
  held = false
  private waiting: (() => void)[] = []

  open(list: readonly TopicPartition[], assigned: AbortSignal): readonly Promise<Committer | Error>[] {
    this.assignments.push(assigned)
    this.opened.push(list.map((at) => `${at.topic}/${at.partition}`).join(' '))
    return list.map(() => this.openOne())
  }

  private async openOne(): Promise<Committer | Error> {
    if (this.held) await new Promise<void>((resolve) => this.waiting.push(resolve))
    const opening = this.next.shift() ?? { kind: 'start', offset: 0 }
    if (opening instanceof Error) return opening
    const committer = new HandCommitter(opening, this.automatic)
    this.committers.push(committer)
    return committer
  }

  go(): void {
    this.held = false
    for (const resolve of this.waiting.splice(0)) resolve()
  }

  async close(): Promise<void> {}

  last(): HandCommitter {
    const committer = this.committers.at(-1)
    if (committer === undefined) throw new Error('no committer was opened')
    return committer
  }
}
