import type { CallSlot } from '../core/work.js'
import { type ByteBounds, HeldBytes } from './held-bytes.js'
import { type Account, type GateCounters, Share } from './share.js'

export interface GateBounds extends ByteBounds {
  /** Calls in flight. */
  readonly concurrency: number
  readonly maxHeldEvents: number
}

/** What the gate asks of a lane. */
export interface GateLane {
  /** Bytes of the next message that waits for admission; null when none does. */
  waitingBytes(): number | null
  /** Take that message now: it calls `enter`. */
  admitNext(): void
  /** The event has given its call slot back. */
  callEnded(held: Held): void
  /** The first held event that is not finished. */
  oldest(): Held | null
}

/** One held event, from admission to commit. */
export interface Held {
  readonly offset: number
  /** The gate's own; null before `enter` and after `leave`. */
  account: Account | null
}

/** A lane's share of the gate. */
export interface GateShare {
  /** Messages wait for admission. */
  wantEvents(): void
  enter(held: Held, bytes: number): void
  /** Waits for a call slot; null when given up. */
  callSlot(held: Held): Promise<CallSlot | null>
  /** Stops the event's wait for a slot. */
  giveUp(held: Held): void
  /** The event is finished and holds so many bytes until its commit. */
  settle(held: Held, bytes: number): void
  leave(held: readonly Held[]): void
  /** Gives everything back. */
  close(): void
}

export interface GateFigures {
  readonly calls: number
  readonly events: number
  readonly bytes: number
}

/**
 * Bounds calls, held events and held bytes for all lanes, each with a counter of its own.
 *
 * Lanes are served in turn; none holds more than half of a bound while another waits. One call slot is kept for the oldest
 * events of lanes, and one lane's oldest event may pass the byte bound: results leave in offset order, so without these two
 * rules calls would wait for bytes, bytes for a commit, the commit for the oldest event, and that event for a slot.
 *
 * Source: house.md section 1, gate; product.md P6, P7
 */
export interface Gate {
  join(lane: GateLane): GateShare
  figures(): GateFigures
}

export function createGate(bounds: GateBounds): Gate {
  return new SharedGate(bounds)
}

/** Whose turn it is, an index of the active shares. */
interface Round {
  next: number
}

/** With little concurrency, so many events may wait for a call all the same. */
const FEWEST_WAITING = 32

class SharedGate implements Gate, GateCounters {
  readonly bounds: GateBounds
  readonly shares = new Set<Share>()
  /** Those that want something, served in turn. */
  active: Share[] = []
  private readonly callTurn: Round = { next: 0 }
  private readonly eventTurn: Round = { next: 0 }
  calls = 0
  events = 0
  beginning = 0
  waitingCalls = 0
  waitingBodies = 0
  readonly bytes: HeldBytes
  serving = false

  constructor(bounds: GateBounds) {
    this.bounds = bounds
    this.bytes = new HeldBytes(bounds)
  }

  join(lane: GateLane): GateShare {
    const share = new Share(this, lane)
    this.shares.add(share)
    return share
  }

  part(share: Share): void {
    this.shares.delete(share)
    this.active = this.active.filter((one) => one !== share)
    this.serve(null)
  }

  figures(): GateFigures {
    return { calls: this.calls, events: this.events, bytes: this.bytes.total }
  }

  endCall(share: Share, account: Account): void {
    account.calling = false
    share.calls -= 1
    this.calls -= 1
  }

  /** Serves lanes in turn until nobody can be served. Not re-entrant: an admission may ask again. */
  serve(asking: Share | null): void {
    if (asking !== null && !asking.active && asking.open) {
      asking.active = true
      this.active.push(asking)
    }
    if (this.serving) return
    this.serving = true
    try {
      this.serveInTurn()
    } finally {
      this.serving = false
    }
  }

  /** Calls and admissions take turns apart: else a lane without events that wait would never be given one. */
  private serveInTurn(): void {
    let admitted = true
    while (admitted) {
      this.serveRound(this.callTurn, this.mayCall, this.serveBodyOrCall)
      // An event that was admitted may want to call at once.
      admitted = this.serveRound(this.eventTurn, this.mayAdmit, this.serveEvent)
    }
  }

  /** Out: whether anyone was served. */
  private serveRound(round: Round, isWorthwhile: () => boolean, serve: (share: Share) => boolean): boolean {
    let served = false
    let idle = 0
    while (idle < this.active.length && isWorthwhile()) {
      if (round.next >= this.active.length) round.next = 0
      const share = this.active[round.next]
      if (share?.wants() !== true) {
        if (share !== undefined) share.active = false
        this.active.splice(round.next, 1)
        continue
      }
      const isServed = serve(share)
      served ||= isServed
      idle = isServed ? 0 : idle + 1
      round.next += 1
    }
    return served
  }

  /** Whether anything is left to give: nearly always nothing is, and then nobody need be asked. */
  private readonly mayCall = (): boolean =>
    this.waitingBodies > 0 || (this.waitingCalls > 0 && this.calls < this.bounds.concurrency)

  private readonly mayAdmit = (): boolean => this.events < this.bounds.maxHeldEvents && !this.enoughWait()

  /**
   * Events that could not call for long are better not begun: they would only grow old in memory. One that was just begun
   * will ask for a slot soon: without counting it, all that is queued would be begun in one go.
   */
  private enoughWait(): boolean {
    return this.waitingCalls + this.beginning >= Math.max(this.bounds.concurrency, FEWEST_WAITING)
  }

  private readonly serveBodyOrCall = (share: Share): boolean => this.serveBody(share) || this.serveCall(share)

  private serveBody(share: Share): boolean {
    const at = share.admits.findIndex((account) =>
      this.mayHold(share, account, account.wanted - account.response),
    )
    const account = share.admits[at]
    if (account === undefined) return false
    share.admits.splice(at, 1)
    this.waitingBodies -= 1
    this.bytes.grow(share, account, account.wanted)
    account.admit?.()
    account.admit = null
    return true
  }

  private serveCall(share: Share): boolean {
    const { concurrency } = this.bounds
    if (share.waiters.length === 0 || this.calls >= concurrency) return false
    const oldest = share.lane.oldest()?.account ?? null
    const isOldest = oldest !== null && oldest.wait !== null
    const account = isOldest ? oldest : share.waiters[0]
    if (account === undefined) return false
    if (!isOldest) {
      if (this.calls === concurrency - 1 && oldest?.calling !== true && !this.oldestIsCalling()) return false
      if (share.calls * 2 >= concurrency && this.anotherWaits(share, (one) => one.waiters.length > 0))
        return false
    }
    const reserve = this.bytes.reserve()
    if (!this.mayHold(share, account, reserve)) return false
    share.waiters.splice(share.waiters.indexOf(account), 1)
    this.waitingCalls -= 1
    this.bytes.grow(share, account, reserve)
    account.calling = true
    share.calls += 1
    this.calls += 1
    account.wait?.(share.slotFor(account))
    account.wait = null
    return true
  }

  private readonly serveEvent = (share: Share): boolean => {
    const bytes = share.lane.waitingBytes()
    if (bytes === null || this.events >= this.bounds.maxHeldEvents || this.enoughWait()) return false
    if (share.events > 0) {
      const overHalf = share.events * 2 >= this.bounds.maxHeldEvents || this.bytes.overHalf(share, bytes)
      if (overHalf && this.anotherWaits(share, (one) => one.lane.waitingBytes() !== null)) return false
    }
    if (!this.bytes.mayAdmit(share, bytes)) return false
    share.lane.admitNext()
    return true
  }

  mayHold(share: Share, account: Account, extra: number): boolean {
    return this.bytes.mayHold(share, account, extra, () =>
      this.anotherWaits(share, (one) => one.admits.length + one.waiters.length > 0),
    )
  }

  private anotherWaits(share: Share, waits: (one: Share) => boolean): boolean {
    return this.active.some((one) => one !== share && waits(one))
  }

  private oldestIsCalling(): boolean {
    for (const share of this.shares) {
      if (share.lane.oldest()?.account?.calling === true) return true
    }
    return false
  }
}
