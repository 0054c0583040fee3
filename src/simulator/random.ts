/** Seeded chance: small, fast and the same on every machine. Not for secrets. */

export interface Random {
  /** Goes to the beginning of the sequence of another name. */
  restart(name: string): void
  /** 0 inclusive to 1 exclusive. */
  next(): number
  /** A whole number, both ends included. */
  int(min: number, max: number): number
  chance(probability: number): boolean
  pick<const L extends readonly [unknown, ...unknown[]]>(list: L): L[number]
  /** `count` characters of an alphabet. */
  chars(alphabet: string, count: number): string
}

/**
 * Mixes a text and a number into 32 bits.
 *
 * In:     text of any length, a seed
 * Out:    an unsigned 32-bit number
 */
export function hash32(text: string, seed: number): number {
  let hash = (seed ^ 0x811c9dc5) >>> 0
  for (let i = 0; i < text.length; i += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
    hash = (hash << 13) | (hash >>> 19)
  }
  return finish(hash ^ text.length)
}

/**
 * A share between 0 and 1 that depends on its arguments alone: chance without a sequence.
 *
 * In:     seed, and whatever the share belongs to
 * Out:    0 inclusive to 1 exclusive
 */
export function shareOf(seed: number, text: string): number {
  return hash32(text, finish(seed + 0x9e3779b9)) / 0x1_0000_0000
}

/**
 * A random sequence that depends on the seed and the text alone (the sfc32 generator).
 *
 * In:     seed, and the name of the sequence
 */
export function createRandom(seed: number, text: string): Random {
  // A typed array, because numbers over 31 bits in plain variables are allocated anew at each step.
  const state = new Int32Array(4)
  const word = (): number => step(state)
  const next = (): number => word() / 0x1_0000_0000
  const int = (min: number, max: number): number => min + Math.floor(next() * (max - min + 1))
  const restart = (name: string): void => {
    const first = hash32(name, seed)
    const second = finish(first + 0x9e3779b9)
    state.set([first, second, finish(second ^ seed), 1])
    for (let i = 0; i < 8; i += 1) word()
  }
  restart(text)
  return {
    restart,
    next,
    int,
    chance: (probability) => next() < probability,
    pick: (list) => list[int(0, list.length - 1)],
    chars(alphabet, count) {
      let drawn = ''
      for (let i = 0; i < count; i += 1) drawn += alphabet[int(0, alphabet.length - 1)]
      return drawn
    },
  }
}

function step(state: Int32Array): number {
  const a = state[0] ?? 0
  const b = state[1] ?? 0
  const c = state[2] ?? 0
  const d = state[3] ?? 0
  const sum = (((a + b) | 0) + d) | 0
  state[0] = b ^ (b >>> 9)
  state[1] = (c + (c << 3)) | 0
  state[2] = (((c << 21) | (c >>> 11)) + sum) | 0
  state[3] = (d + 1) | 0
  return sum >>> 0
}

function finish(value: number): number {
  let hash = value | 0
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
