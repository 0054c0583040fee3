/** When the last calls went out: a ring that grows to the largest `nth` it was asked for. */
export interface SendLog {
  add(at: number): void
  /** Time of the nth last call, from 1; -Infinity when there were not so many. */
  nth(n: number): number
}

const FIRST_CAPACITY = 16

export function createSendLog(): SendLog {
  let ring = new Float64Array(FIRST_CAPACITY).fill(Number.NEGATIVE_INFINITY)
  /** Where the next one goes. */
  let next = 0

  function grow(capacity: number): void {
    const larger = new Float64Array(2 ** Math.ceil(Math.log2(capacity))).fill(Number.NEGATIVE_INFINITY)
    // Oldest first: what is older than the ring was no more in any window it was asked for.
    for (let age = ring.length; age > 0; age -= 1) larger[ring.length - age] = nth(age)
    next = ring.length
    ring = larger
  }

  function nth(n: number): number {
    return ring[(next - n + ring.length) % ring.length] ?? Number.NEGATIVE_INFINITY
  }

  return {
    add(at) {
      ring[next] = at
      next = (next + 1) % ring.length
    },
    nth(n) {
      if (n > ring.length) grow(n)
      return nth(n)
    },
  }
}
