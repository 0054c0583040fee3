import type { Share, Side } from './share.js'

interface RoomBounds {
  readonly maxHeldEvents: number
  readonly maxInFlightBytes: number
}

/** One lane of several: behind one slow event all that came after it is held. */
const LANE_PART = 0.5
/** All lanes that are not fresh together, beside fresh lanes. */
const OTHERS_PART = 0.5
/** The same while a fresh lane wants something. */
const OTHERS_PART_WANTED = 0.25

/** How much of the events and bytes a lane may hold, so that the others have room for theirs. */
export class Room {
  private readonly bounds: RoomBounds
  private readonly shares: { readonly size: number }
  private readonly fresh: Side

  constructor(bounds: RoomBounds, shares: { readonly size: number }, fresh: Side) {
    this.bounds = bounds
    this.shares = shares
    this.fresh = fresh
  }

  /** Whether the share may hold one event more, with so many bytes. */
  forEvent(share: Share, bytes: number): boolean {
    const { maxHeldEvents } = this.bounds
    const [lanePart, sidePart] = this.parts(share)
    const mayHold = share.events < lanePart * maxHeldEvents && share.side.events < sidePart * maxHeldEvents
    return mayHold && this.forBytes(share, bytes)
  }

  forBytes(share: Share, extra: number): boolean {
    const { maxInFlightBytes } = this.bounds
    const [lanePart, sidePart] = this.parts(share)
    const laneFits = share.bytes + extra <= lanePart * maxInFlightBytes
    return laneFits && share.side.bytes + extra <= sidePart * maxInFlightBytes
  }

  /** Of the whole, for a lane and for its side; no bound where nobody else could use it. */
  private parts({ side }: Share): readonly [number, number] {
    const lanePart = this.shares.size > 1 ? LANE_PART : Number.POSITIVE_INFINITY
    if (side.fresh || this.fresh.lanes === 0) return [lanePart, Number.POSITIVE_INFINITY]
    return [lanePart, this.fresh.active.size > 0 ? OTHERS_PART_WANTED : OTHERS_PART]
  }
}
