/** How many calls went out in the last second. */
export interface SendMeter {
  add(now: number): void
  perSecond(now: number): number
}

/** Two counters: those of the second before count as far as that second reaches into the last one. */
export function createSendMeter(): SendMeter {
  let second = Number.NEGATIVE_INFINITY
  let count = 0
  let before = 0

  function moveTo(now: number): void {
    const here = Math.floor(now / 1000)
    if (here === second) return
    before = here === second + 1 ? count : 0
    count = 0
    second = here
  }

  return {
    add(now) {
      moveTo(now)
      count += 1
    },
    perSecond(now) {
      moveTo(now)
      return count + before * (1 - (now / 1000 - second))
    },
  }
}
