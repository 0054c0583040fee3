import type { Room } from './room.js'
import type { Account, Share } from './share.js'

export interface ByteBounds {
  readonly maxInFlightBytes: number
  readonly maxResponseBytes: number
}

/** Weight of the newest body in the running estimate. */
const ESTIMATE_WEIGHT = 0.1
const FIRST_ESTIMATE_BYTES = 8192

/**
 * Counts the bytes that lanes hold: values, responses and outputs, from admission to commit.
 *
 * The bound may be passed by the first event a lane holds, one lane at a time: its commit frees bytes and waits for nothing
 * else. Only calls in flight and events that wait for nothing but their commit stand in the way of the next one that
 * passes: one that waits for a call slot would lock out the call that has it.
 */
export class HeldBytes {
  total = 0
  private readonly bounds: ByteBounds
  private readonly room: Room
  private estimate = FIRST_ESTIMATE_BYTES
  /** Pushed the total above its bound and are about to give it back. */
  private readonly passing = new Set<Account>()

  constructor(bounds: ByteBounds, room: Room) {
    this.bounds = bounds
    this.room = room
  }

  /** What a call reserves before its response is known. */
  reserve(): number {
    return Math.min(Math.ceil(this.estimate), this.bounds.maxResponseBytes)
  }

  sawBody(bytes: number): void {
    this.estimate += (bytes - this.estimate) * ESTIMATE_WEIGHT
  }

  hold(share: Share, bytes: number): void {
    share.bytes += bytes
    share.side.bytes += bytes
    this.total += bytes
  }

  /** The account's response holds so many bytes in all. */
  grow(share: Share, account: Account, total: number): void {
    this.hold(share, total - account.response)
    account.response = total
    this.notePassing(share, account)
  }

  /** The event is finished and holds so many bytes until its commit. */
  settle(share: Share, account: Account, bytes: number): void {
    this.hold(share, bytes - account.base - account.response)
    account.base = bytes
    account.response = 0
    this.notePassing(share, account)
  }

  private notePassing(share: Share, account: Account): void {
    if (this.total > this.bounds.maxInFlightBytes && share.isFirst(account)) this.passing.add(account)
  }

  /** The call has ended; so many bytes of its body are held on. */
  endResponse(share: Share, account: Account, bodyBytes: number): void {
    this.hold(share, bodyBytes - account.response)
    account.response = bodyBytes
    if (bodyBytes === 0) this.passing.delete(account)
  }

  release(share: Share, account: Account): void {
    this.hold(share, -account.base - account.response)
    this.passing.delete(account)
  }

  /** Whether the account may hold so many bytes more for its response. */
  mayHold(share: Share, account: Account, extra: number): boolean {
    if (this.fits(extra) && this.room.forBytes(share, extra)) return true
    return share.isFirst(account) && (this.passing.size === 0 || this.passing.has(account))
  }

  /** Whether the share may admit an event with so many bytes. */
  mayAdmit(share: Share, bytes: number): boolean {
    if (this.fits(bytes)) return true
    return share.events === 0 && this.fits(0) && this.passing.size === 0
  }

  private fits(extra: number): boolean {
    return this.total + extra <= this.bounds.maxInFlightBytes
  }
}
