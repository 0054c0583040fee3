/** What is left of a rate after a round of answers 429. */
export const RATE_DECREASE = 0.5
/** Part of the full rate that comes back in a second. */
export const RATE_INCREASE = 0.2
/** Answers 429 that come so soon after a decrease are of the same trouble. */
export const RATE_ROUND_MS = 1000
/** No rate is lowered below so many calls a second. */
export const RATE_FLOOR = 1
/** A rate that nobody configured is bounded no more once it has grown to so many times what it was. */
export const RATE_FORGET = 2

/** A rate that answers 429 lower and time raises again. Null: there is no bound. */
export interface AdaptiveRate {
  /** In: `ceiling`, the configured rate, null when there is none; calls a second. */
  perSecond(ceiling: number | null, now: number): number | null
  /** In: `sentAt` of the refused call; `measured`, calls a second just now. Out: whether the rate was lowered. */
  refused(call: {
    readonly sentAt: number
    readonly now: number
    readonly ceiling: number | null
    readonly measured: number
  }): boolean
}

/**
 * Additive increase, multiplicative decrease: half of the rate at the first 429 of a round, then a fifth of the full rate
 * more each second, up to the ceiling. Without a ceiling there is no bound until the first 429; the full rate is then the one
 * measured, and the bound is forgotten when twice of it went well.
 *
 * In:     times in ms from any start
 * Source: product.md section 4, row 429; attestr.md section 6.2
 */
export function createAdaptiveRate(): AdaptiveRate {
  /** Full rate where none is configured; null: no 429 yet, or forgotten. */
  let learned: number | null = null
  let factor = 1
  let since = Number.NEGATIVE_INFINITY

  function factorAt(now: number, most: number): number {
    return since === Number.NEGATIVE_INFINITY
      ? 1
      : Math.min(most, factor + ((now - since) / 1000) * RATE_INCREASE)
  }

  return {
    perSecond(ceiling, now) {
      if (ceiling !== null) return Math.max(Math.min(RATE_FLOOR, ceiling), ceiling * factorAt(now, 1))
      if (learned === null) return null
      const part = factorAt(now, RATE_FORGET)
      if (part >= RATE_FORGET) learned = null
      return learned === null ? null : Math.max(RATE_FLOOR, learned * part)
    },
    refused({ sentAt, now, ceiling, measured }) {
      if (sentAt < since || now - since < RATE_ROUND_MS) return false
      const isNew = ceiling === null && learned === null
      if (isNew) learned = Math.max(RATE_FLOOR, measured)
      const full = ceiling ?? learned ?? RATE_FLOOR
      const part = isNew ? 1 : factorAt(now, ceiling === null ? RATE_FORGET : 1)
      factor = Math.max(part * RATE_DECREASE, Math.min(1, RATE_FLOOR / full))
      since = now
      return true
    },
  }
}
