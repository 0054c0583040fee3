/** A place in the order of release. `end` is null until the work is finished. */
export interface Slot<T, E> {
  readonly item: T
  end: E | null
}

/**
 * Work finishes in any order and leaves in the order in which it came.
 *
 * Out: `oldest` is the first one not finished: nothing behind it can leave. `takeReady` takes finished ones from the front.
 * Source: house.md section 1, lane
 */
export interface ReleaseOrder<T, E> {
  add(item: T): Slot<T, E>
  /** Out: whether anything became ready at the front. */
  finish(slot: Slot<T, E>, end: E): boolean
  oldest(): T | null
  /** The first not taken, finished or not. */
  first(): T | null
  /** Not taken yet, finished or not. */
  size(): number
  ready(): number
  /** In: `accept` is asked for each in order; the first one refused ends the taking. */
  takeReady(accept: (slot: Slot<T, E>, taken: number) => boolean): Slot<T, E>[]
  /** Those not finished, in order. */
  unfinished(): T[]
  /** Gives up everything that is not finished and what stands behind it: it can no longer leave. Out: what was given up. */
  cutAt(isGivenUp: (item: T) => boolean): T[]
}

export function createReleaseOrder<T, E>(): ReleaseOrder<T, E> {
  const slots: Slot<T, E>[] = []
  /** First not finished. */
  let front = 0
  return {
    add(item) {
      const slot: Slot<T, E> = { item, end: null }
      slots.push(slot)
      return slot
    },
    finish(slot, end) {
      slot.end = end
      if (slots[front] !== slot) return false
      while (front < slots.length && slots[front]?.end !== null) front += 1
      return true
    },
    oldest: () => slots[front]?.item ?? null,
    first: () => slots[0]?.item ?? null,
    size: () => slots.length,
    ready: () => front,
    takeReady(accept) {
      let count = 0
      for (const slot of slots) {
        if (count === front || !accept(slot, count)) break
        count += 1
      }
      front -= count
      return slots.splice(0, count)
    },
    unfinished: () => slots.slice(front).flatMap((slot) => (slot.end === null ? [slot.item] : [])),
    cutAt(isGivenUp) {
      const at = slots.findIndex((slot, index) => index >= front && slot.end === null && isGivenUp(slot.item))
      if (at < 0) return []
      return slots.splice(at).map((slot) => slot.item)
    },
  }
}
