/** Calls of the last 24 hours, for a bound that rolls with them. */
export interface DayCount {
  add(now: number): void
  /** Calls that count at this moment. */
  used(now: number): number
  /** Ms until no more than `most` calls count. */
  untilMs(now: number, most: number): number
}

/** A call counts until the end of its minute, a day later: never less than 24 hours, never more than a minute longer. */
const BUCKET_MS = 60_000
const BUCKETS = 1440

/**
 * Counts calls in one bucket a minute: the memory it takes does not grow with them.
 *
 * Source: product.md section 10, fetch.ratePerDay
 */
export function createDayCount(): DayCount {
  // One more than a day has: the oldest bucket counts until the one of this minute has ended.
  const counts = new Float64Array(BUCKETS + 1)
  /** Number of the newest bucket. */
  let newest = 0
  let total = 0

  function moveTo(now: number): void {
    const bucket = Math.floor(now / BUCKET_MS)
    for (let steps = Math.min(bucket - newest, counts.length); steps > 0; steps -= 1) {
      const at = (bucket - steps + 1) % counts.length
      total -= counts[at] ?? 0
      counts[at] = 0
    }
    newest = Math.max(newest, bucket)
  }

  return {
    add(now) {
      moveTo(now)
      const at = newest % counts.length
      counts[at] = (counts[at] ?? 0) + 1
      total += 1
    },
    used(now) {
      moveTo(now)
      return total
    },
    untilMs(now, most) {
      moveTo(now)
      let left = total
      for (let bucket = Math.max(0, newest - BUCKETS); left > most && bucket <= newest; bucket += 1) {
        left -= counts[bucket % counts.length] ?? 0
        if (left <= most) return (bucket + BUCKETS + 1) * BUCKET_MS - now
      }
      return 0
    },
  }
}
