import type { SourceMessage } from '../core/model.js'
import type { Clock } from '../core/ports.js'
import { createReleaseOrder, type ReleaseOrder, type Slot } from '../core/release.js'
import type { CallSlot, EventEnd, Path, Ticket } from '../core/work.js'
import type { GateShare, Held } from './gate.js'
import { sizeOf } from './queue.js'
import type { LaneSystem } from './system-pauses.js'

/** One event from its admission to its commit. */
export interface Entry extends Held {
  /** Epoch ms from which its age counts. The message itself is not kept: it may be large, and its bytes are no longer counted. */
  readonly since: number
  /** Null when the work has ended: what hangs on the signal is to be freed before the commit. */
  controller: AbortController | null
}

export interface InFlightDeps extends Pick<LaneSystem, 'onHold'> {
  readonly path: Path
  readonly share: GateShare
  readonly clock: Clock
  /** Something is ready at the front of the order, or was given up. */
  readonly onReady: () => void
  readonly onFailed: (error: unknown) => void
}

/** The events a lane works on: each goes down the path with a ticket of its own, and ends or is given up. */
export interface InFlight {
  readonly order: ReleaseOrder<Entry, EventEnd>
  /** In: `since`, epoch ms from which the age of the message counts. */
  admit(message: SourceMessage, since: number): void
  /** The event has given its call slot back. */
  callEnded(held: Held): void
  /** Signals of the events that are not finished, in order. */
  working(): readonly AbortSignal[]
  /**
   * Gives up what has no call under way, and what stands behind it; no call begins any more. A wait before the next try
   * is not worth the drain time, so what is not finished right after its call is given up as well.
   */
  drain(): void
  /** Gives up everything; no end is heard any more. */
  abort(): void
}

export function createInFlight(deps: InFlightDeps): InFlight {
  return new EventsInFlight(deps)
}

/** By then every answer that was there has had its turn, on a busy machine too. */
const TURN_MS = 1000

const isCalling = (entry: Entry): boolean => entry.account?.calling === true
const hasAnswer = (entry: Entry): boolean => (entry.account?.response ?? 0) > 0
const NOBODY: ReadonlySet<AbortSignal> = new Set()

class EventsInFlight implements InFlight {
  readonly order = createReleaseOrder<Entry, EventEnd>()
  private readonly deps: InFlightDeps
  private state: 'open' | 'draining' | 'aborted' = 'open'

  constructor(deps: InFlightDeps) {
    this.deps = deps
  }

  admit(message: SourceMessage, since: number): void {
    const controller = new AbortController()
    const entry: Entry = { offset: message.offset, account: null, since, controller }
    const ticket: Ticket = { signal: controller.signal, calls: 0, callSlot: () => this.callSlot(entry) }
    const slot = this.order.add(entry)
    this.deps.share.enter(entry, sizeOf(message))
    this.deps.path(message, ticket).then(
      (end) => this.finish(slot, end),
      (error) => {
        if (this.state !== 'aborted') this.deps.onFailed(error)
      },
    )
  }

  private callSlot(entry: Entry): Promise<CallSlot | null> {
    return this.state === 'open' ? this.deps.share.callSlot(entry) : Promise.resolve(null)
  }

  private finish(slot: Slot<Entry, EventEnd>, end: EventEnd | 'aborted'): void {
    slot.item.controller = null
    if (this.state === 'aborted') return
    if (end === 'aborted') {
      if (this.state === 'draining') this.cut((entry) => entry === slot.item)
      else this.deps.onFailed(new Error('a path gave up without being asked'))
      return
    }
    this.deps.share.settle(
      slot.item,
      end.outputs.reduce((sum, output) => sum + output.value.length, 0),
    )
    if (this.order.finish(slot, end)) this.deps.onReady()
  }

  callEnded(held: Held): void {
    if (this.state === 'draining') this.cutLater((entry) => entry === held)
  }

  working(): readonly AbortSignal[] {
    return this.order.unfinished().flatMap(({ controller }) => controller?.signal ?? [])
  }

  drain(): void {
    this.state = 'draining'
    const onHold = this.deps.onHold?.() ?? NOBODY
    const isHeld = ({ controller }: Entry): boolean => controller !== null && onHold.has(controller.signal)
    // The answer of one that is held was of no use.
    this.cut((entry) => !isCalling(entry) && (!hasAnswer(entry) || isHeld(entry)))
    this.cutLater(hasAnswer)
  }

  /** An answer that waits for its turn is given the time to be worked on; whoever waits longer waits for a next try. */
  private cutLater(isMeant: (entry: Entry) => boolean): void {
    this.deps.clock.after(TURN_MS, () => {
      if (this.state === 'draining') this.cut((entry) => isMeant(entry) && !isCalling(entry))
    })
  }

  private cut(isGivenUp: (entry: Entry) => boolean): void {
    const entries = this.order.cutAt(isGivenUp)
    for (const entry of entries) entry.controller?.abort()
    this.deps.share.leave(entries)
    this.deps.onReady()
  }

  abort(): void {
    this.state = 'aborted'
    for (const entry of this.order.unfinished()) entry.controller?.abort()
  }
}
