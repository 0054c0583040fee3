import type { Share } from './share.js'

export type Wanted = 'body' | 'call' | 'event'

/** The lanes of one side that want something of the gate, asked in turn. */
export class ActiveShares {
  private list: Share[] = []
  // A turn for each: else the lane that was given a slot would admit the event that takes its place.
  private readonly turns: Record<Wanted, number> = { body: 0, call: 0, event: 0 }

  get size(): number {
    return this.list.length
  }

  add(share: Share): void {
    if (share.active) return
    share.active = true
    this.list.push(share)
  }

  remove(share: Share): void {
    if (!share.active) return
    share.active = false
    this.list = this.list.filter((one) => one !== share)
  }

  /**
   * Asks one after the other until one takes something; those that want nothing are left out.
   *
   * Out:    whether one has
   */
  serveOne(wanted: Wanted, serve: (share: Share) => boolean): boolean {
    for (let asked = 0; asked < this.list.length; ) {
      const at = this.turns[wanted] < this.list.length ? this.turns[wanted] : 0
      this.turns[wanted] = at
      const share = this.list[at]
      if (share === undefined) return false
      if (!share.wants()) {
        this.remove(share)
        continue
      }
      this.turns[wanted] = at + 1
      if (serve(share)) return true
      asked += 1
    }
    return false
  }
}
