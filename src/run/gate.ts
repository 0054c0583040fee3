import { type Pace, UNPACED } from '../core/pace.js'
import type { CallSlot } from '../core/work.js'
import type { Wanted } from './active-shares.js'
import { CallTurns } from './call-turns.js'
import { type ByteBounds, HeldBytes } from './held-bytes.js'
import { Room } from './room.js'
import { type Account, createSide, type GateCounters, Share, type Side } from './share.js'

export interface GateBounds extends ByteBounds {
  /** Calls in flight. */
  readonly concurrency: number
  readonly maxHeldEvents: number
}

/** What the gate asks of a lane. */
export interface GateLane {
  /** It reads an events topic; the others wait anyway: they read delayed and replayed events. */
  readonly fresh: boolean
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
 * Bounds calls, held events and held bytes for all lanes, each with a counter of its own, and keeps the rate of calls.
 *
 * Lanes are served in turn. None starts more than half of the calls while another waits, and none holds more than half of
 * the events or bytes: one slow event keeps all that came behind it, and the other lanes need room. While fresh lanes want
 * calls, the others together have every second one, half of those in flight, and a quarter of the events and bytes.
 *
 * One call slot is kept for the oldest events of lanes, and one lane's oldest event may pass the byte bound: results leave
 * in offset order, so without these two rules calls would wait for bytes, bytes for a commit, the commit for the oldest
 * event, and that event for a slot.
 *
 * Source: house.md section 1, gate; product.md P6, P7
 */
export interface Gate {
  join(lane: GateLane): GateShare
  figures(): GateFigures
}

/** In: `pace`, the rate of calls; no bound when left out. */
export function createGate(bounds: GateBounds, pace: Pace = UNPACED): Gate {
  return new SharedGate(bounds, pace)
}

/** With little concurrency, so many events of a side may wait for a call all the same. */
const FEWEST_WAITING = 32

class SharedGate implements Gate, GateCounters {
  readonly bounds: GateBounds
  readonly pace: Pace
  readonly shares = new Set<Share>()
  calls = 0
  events = 0
  waitingBodies = 0
  readonly fresh = createSide(true)
  readonly others = createSide(false)
  readonly bytes: HeldBytes
  serving = false
  private readonly lastWas: Record<Wanted, Side> = {
    body: this.others,
    call: this.others,
    event: this.others,
  }
  private readonly room: Room
  private readonly turns: CallTurns

  constructor(bounds: GateBounds, pace: Pace) {
    this.bounds = bounds
    this.pace = pace
    this.room = new Room(bounds, this.shares, this.fresh)
    this.bytes = new HeldBytes(bounds, this.room)
    this.turns = new CallTurns(bounds.concurrency, this)
  }

  join(lane: GateLane): GateShare {
    const share = new Share(this, lane, lane.fresh ? this.fresh : this.others)
    this.shares.add(share)
    share.side.lanes += 1
    return share
  }

  part(share: Share): void {
    this.shares.delete(share)
    share.side.lanes -= 1
    share.side.active.remove(share)
    this.serve(null)
  }

  figures(): GateFigures {
    return { calls: this.calls, events: this.events, bytes: this.bytes.total }
  }

  endCall(share: Share, account: Account): void {
    account.calling = false
    share.calls -= 1
    share.side.calls -= 1
    this.calls -= 1
    if (!account.reserved) return
    account.reserved = false
    this.pace.unused()
  }

  /** Serves lanes in turn until nobody can be served. Not re-entrant: an admission may ask again. */
  serve(asking: Share | null): void {
    if (asking?.open === true) asking.side.active.add(asking)
    if (this.serving) return
    this.serving = true
    try {
      this.serveInTurn()
    } finally {
      this.serving = false
    }
    if (this.wantsCalls() && this.pace.waitMs() > 0) this.pace.whenOpen(() => this.serve(null))
  }

  private serveInTurn(): void {
    for (let again = true; again; ) {
      again = false
      while (this.waitingBodies > 0 && this.serveOne('body')) again = true
      while (this.wantsCalls() && this.pace.waitMs() === 0 && this.serveOne('call')) again = true
      while (this.mayAdmit() && this.serveOne('event')) again = true
    }
  }

  /** One of each side by turns; a side that can take nothing leaves its turn to the other one. */
  private serveOne(wanted: Wanted): boolean {
    const { fresh, others } = this
    const wasFresh = this.lastWas[wanted].fresh
    if (this.serveSide(wanted, wasFresh ? others : fresh, false)) return true
    if (this.serveSide(wanted, wasFresh ? fresh : others, false)) return true
    return wanted === 'call' && fresh.waiting > 0 && this.serveSide(wanted, others, true)
  }

  private serveSide(wanted: Wanted, side: Side, isLastHope: boolean): boolean {
    if (!side.active.serveOne(wanted, (share) => this.give(wanted, share, isLastHope))) return false
    this.lastWas[wanted] = side
    return true
  }

  private give(wanted: Wanted, share: Share, isLastHope: boolean): boolean {
    if (wanted === 'body') return this.serveBody(share)
    return wanted === 'call' ? this.serveCall(share, isLastHope) : this.serveEvent(share)
  }

  private wantsCalls(): boolean {
    return this.fresh.waiting + this.others.waiting > 0 && this.calls < this.bounds.concurrency
  }

  private mayAdmit(): boolean {
    return this.events < this.bounds.maxHeldEvents && (this.admits(this.fresh) || this.admits(this.others))
  }

  private admits(side: Side): boolean {
    return side.active.size > 0 && !this.enoughWait(side)
  }

  /**
   * Events that could not call for long are better not begun: they would only grow old in memory. One that was just begun
   * will ask for a slot soon: without counting it, all that is queued would be begun in one go.
   */
  private enoughWait(side: Side): boolean {
    return side.waiting + side.beginning >= Math.max(this.bounds.concurrency, FEWEST_WAITING)
  }

  private serveBody(share: Share): boolean {
    const at = share.admits.findIndex((account) =>
      this.bytes.mayHold(share, account, account.wanted - account.response),
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

  private serveCall(share: Share, isLastHope: boolean): boolean {
    if (share.waiters.length === 0 || this.calls >= this.bounds.concurrency) return false
    const oldest = share.lane.oldest()?.account ?? null
    const isOldest = oldest !== null && oldest.wait !== null
    const account = isOldest ? oldest : share.waiters[0]
    if (account === undefined || !this.turns.mayCall(share, isOldest, isLastHope)) return false
    const reserve = this.bytes.reserve()
    if (!this.bytes.mayHold(share, account, reserve) || !this.pace.reserve()) return false
    share.waiters.splice(share.waiters.indexOf(account), 1)
    share.side.waiting -= 1
    this.bytes.grow(share, account, reserve)
    account.calling = true
    account.reserved = true
    share.calls += 1
    share.side.calls += 1
    this.calls += 1
    account.wait?.(share.slotFor(account))
    account.wait = null
    return true
  }

  private serveEvent(share: Share): boolean {
    const bytes = share.lane.waitingBytes()
    if (bytes === null || this.events >= this.bounds.maxHeldEvents || this.enoughWait(share.side))
      return false
    if (share.events > 0 && !this.room.forEvent(share, bytes)) return false
    if (!this.bytes.mayAdmit(share, bytes)) return false
    share.lane.admitNext()
    return true
  }
}
