import type { Pace } from '../core/pace.js'
import type { BodyBudget } from '../core/ports.js'
import type { CallSlot } from '../core/work.js'
import { ActiveShares } from './active-shares.js'
import type { GateLane, GateShare, Held } from './gate.js'
import type { HeldBytes } from './held-bytes.js'

/** What the gate keeps of one held event. */
export interface Account {
  readonly held: Held
  /** Event value, later the outputs. */
  base: number
  /** Response bytes reserved or held. */
  response: number
  calling: boolean
  /** Has not asked for a slot yet, and is not finished. */
  beginning: boolean
  /** Has the right to a call that has not gone out. */
  reserved: boolean
  /** Waits for a slot. */
  wait: ((slot: CallSlot | null) => void) | null
  /** Waits for response bytes up to `wanted`. */
  admit: (() => void) | null
  wanted: number
  /** How far a body of unknown length has grown; 0: there is none. */
  grown: number
}

/** The lanes of one kind together: those of events topics, or those of retry and replay topics. */
export interface Side {
  readonly fresh: boolean
  lanes: number
  readonly active: ActiveShares
  calls: number
  /** Events that have not asked for a slot yet. */
  beginning: number
  /** Events that wait for a slot. */
  waiting: number
  events: number
  bytes: number
}

export function createSide(fresh: boolean): Side {
  const counts = { lanes: 0, calls: 0, beginning: 0, waiting: 0, events: 0, bytes: 0 }
  return { fresh, active: new ActiveShares(), ...counts }
}

/** What a share needs of the gate it belongs to. */
export interface GateCounters {
  events: number
  /** Bodies that wait for bytes, over all shares. */
  waitingBodies: number
  readonly bytes: HeldBytes
  readonly pace: Pace
  endCall(share: Share, account: Account): void
  /** Puts the share among those that want something, and serves. */
  serve(share: Share): void
  part(share: Share): void
}

/** One lane's part of the gate: who waits, and what it holds. */
export class Share implements GateShare {
  readonly gate: GateCounters
  readonly lane: GateLane
  readonly side: Side
  readonly held = new Set<Held>()
  /** Wait for a slot, in offset order. */
  waiters: Account[] = []
  /** Wait for bytes. */
  admits: Account[] = []
  calls = 0
  events = 0
  bytes = 0
  open = true
  /** Among those that the gate serves. */
  active = false

  constructor(gate: GateCounters, lane: GateLane, side: Side) {
    this.gate = gate
    this.lane = lane
    this.side = side
  }

  wantEvents(): void {
    this.gate.serve(this)
  }

  enter(held: Held, bytes: number): void {
    const account: Account = {
      held,
      base: bytes,
      response: 0,
      calling: false,
      beginning: true,
      reserved: false,
      wait: null,
      admit: null,
      wanted: 0,
      grown: 0,
    }
    held.account = account
    this.held.add(held)
    this.events += 1
    this.side.events += 1
    this.side.beginning += 1
    this.gate.events += 1
    this.gate.bytes.hold(this, bytes)
  }

  /** Whether it wants anything of the gate. */
  wants(): boolean {
    return this.waiters.length > 0 || this.admits.length > 0 || this.lane.waitingBytes() !== null
  }

  callSlot(held: Held): Promise<CallSlot | null> {
    const { account } = held
    if (!this.open || account === null) return Promise.resolve(null)
    this.endBeginning(account)
    // What the last answer held is of no use any more.
    this.gate.bytes.endResponse(this, account, 0)
    return new Promise((resolve) => {
      account.wait = resolve
      // An event that comes back from back-off is older than those that wait: it keeps its place.
      let at = this.waiters.length
      while (at > 0 && (this.waiters[at - 1]?.held.offset ?? 0) > held.offset) at -= 1
      if (at === this.waiters.length) this.waiters.push(account)
      else this.waiters.splice(at, 0, account)
      this.side.waiting += 1
      this.gate.serve(this)
    })
  }

  giveUp(held: Held): void {
    const { account } = held
    if (account === null || account.wait === null) return
    const { wait } = account
    account.wait = null
    this.waiters = this.waiters.filter((one) => one !== account)
    this.side.waiting -= 1
    wait(null)
  }

  slotFor(account: Account): CallSlot {
    return {
      budget: this.budgetFor(account),
      sent: () => {
        if (!account.reserved) return
        account.reserved = false
        this.gate.pace.sent()
      },
      release: (bodyBytes) => this.release(account, bodyBytes),
    }
  }

  /** Whether the first event that is not finished has a call in flight. */
  oldestCalls(): boolean {
    return this.calls > 0 && this.lane.oldest()?.account?.calling === true
  }

  private budgetFor(account: Account): BodyBudget {
    return {
      admit: (total) => {
        this.gate.bytes.sawBody(total)
        if (total <= account.response || !account.calling) return null
        if (this.gate.bytes.mayHold(this, account, total - account.response)) {
          this.gate.bytes.grow(this, account, total)
          return null
        }
        account.wanted = total
        this.admits.push(account)
        this.gate.waitingBodies += 1
        return new Promise((resolve) => {
          account.admit = resolve
          this.gate.serve(this)
        })
      },
      grown: (total) => {
        if (!account.calling) return
        account.grown = total
        if (total > account.response) this.gate.bytes.grow(this, account, total)
      },
    }
  }

  private release(account: Account, bodyBytes: number): void {
    if (!account.calling) return
    this.gate.endCall(this, account)
    this.dropAdmit(account)
    if (account.grown > 0) this.gate.bytes.sawBody(account.grown)
    account.grown = 0
    this.gate.bytes.endResponse(this, account, bodyBytes)
    this.lane.callEnded(account.held)
    this.gate.serve(this)
  }

  private endBeginning(account: Account): void {
    if (!account.beginning) return
    account.beginning = false
    this.side.beginning -= 1
  }

  private dropAdmit(account: Account): void {
    if (account.admit === null) return
    account.admit = null
    this.admits = this.admits.filter((one) => one !== account)
    this.gate.waitingBodies -= 1
  }

  /** Whether nothing before it is held, finished or not: then nothing but the event itself delays its commit. */
  isFirst(account: Account): boolean {
    return this.held.values().next().value === account.held
  }

  settle(held: Held, bytes: number): void {
    const { account } = held
    if (account === null) return
    this.endBeginning(account)
    this.gate.bytes.settle(this, account, bytes)
    this.gate.serve(this)
  }

  leave(held: readonly Held[]): void {
    for (const one of held) this.drop(one)
    this.gate.serve(this)
  }

  drop(held: Held): void {
    const { account } = held
    if (account === null) return
    this.endBeginning(account)
    this.giveUp(held)
    this.dropAdmit(account)
    held.account = null
    this.held.delete(held)
    this.events -= 1
    this.side.events -= 1
    this.gate.events -= 1
    this.gate.bytes.release(this, account)
    if (account.calling) this.gate.endCall(this, account)
  }

  close(): void {
    if (!this.open) return
    this.open = false
    for (const held of [...this.held]) this.drop(held)
    this.gate.part(this)
  }
}
