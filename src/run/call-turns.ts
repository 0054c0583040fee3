import type { Share, Side } from './share.js'

interface Lanes {
  readonly calls: number
  readonly shares: ReadonlySet<Share>
  readonly fresh: Side
  readonly others: Side
}

/** Who may take a free call slot. */
export class CallTurns {
  private readonly concurrency: number
  private readonly lanes: Lanes
  /** Had its oldest event calling when that was last asked. */
  private keeper: Share | null = null

  constructor(concurrency: number, lanes: Lanes) {
    this.concurrency = concurrency
    this.lanes = lanes
  }

  /**
   * In:     isOldest    the caller is the oldest event of its lane
   *         isLastHope  nobody else could take the slot
   */
  mayCall(share: Share, isOldest: boolean, isLastHope: boolean): boolean {
    const { calls, fresh, others } = this.lanes
    const isOther = !share.side.fresh
    if (isOther && fresh.waiting > 0 && others.calls * 2 >= this.concurrency) {
      // Bytes they hold may wait for nothing but the commit behind an oldest event of theirs.
      return isOldest && isLastHope && !this.isAnOtherOldestCalling()
    }
    if (isOldest) return true
    if (calls === this.concurrency - 1 && !this.oldestIsCalling()) return false
    return share.calls * 2 < this.concurrency || fresh.waiting + others.waiting === share.waiters.length
  }

  private isAnOtherOldestCalling(): boolean {
    for (const share of this.lanes.shares) {
      if (!share.side.fresh && share.oldestCalls()) return true
    }
    return false
  }

  private oldestIsCalling(): boolean {
    if (this.keeper?.oldestCalls() === true) return true
    this.keeper = null
    for (const share of this.lanes.shares) {
      if (!share.oldestCalls()) continue
      this.keeper = share
      return true
    }
    return false
  }
}
