import type { Random } from '../../core/ports.js'

/**
 * A random sequence from a seed (mulberry32): the same on every machine. Not for secrets.
 *
 * In:     seed   any whole number
 * Out:    uniform in [0, 1)
 */
export function createSeededRandom(seed: number): Random {
  let state = seed | 0
  return function next(): number {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000
  }
}

/** A whole number, both ends included. */
export function randomInt(random: Random, min: number, max: number): number {
  return min + Math.floor(random() * (max - min + 1))
}
