/** What a proof of the long run is, and what it hands back. */
import { createHash } from 'node:crypto'
import type { Random } from '../../src/core/ports.js'
import { createSeededRandom } from '../../src/io/memory/random.js'
import type { Plant } from './planted.js'

/** The means of one run of a proof. */
export interface Ground {
  readonly seed: number
  readonly random: Random
  /** A size: that of the long form times the scale, but never less than the short form. */
  size(long: number, short: number): number
  /** A whole number from `low` to below `high`. */
  between(low: number, high: number): number
  readonly say: (line: string) => void
}

/** What was done, what was seen, and everything that was not as promised. */
export interface Report {
  readonly did: readonly string[]
  readonly figures: readonly string[]
  /** Empty: the proof holds. */
  readonly wrong: readonly string[]
}

export type Run = (ground: Ground) => Promise<Report>

export interface Proof {
  readonly name: string
  /** What must hold, in words. */
  readonly claim: string
  readonly run: Run
  /** Changes of the build that the controls make. */
  readonly plants?: readonly Plant[]
  /** Planted faults: each is a run that must come back with something wrong. */
  readonly controls: Readonly<Record<string, Run>>
}

export interface GroundOptions {
  readonly seed: number
  /** 1: the numbers of the long form; 0: those of the short form. */
  readonly scale: number
  readonly say?: (line: string) => void
}

/** In: `name` of the proof, so that each has a sequence of its own whatever runs before it. */
export function createGround(name: string, { seed, scale, say = () => undefined }: GroundOptions): Ground {
  const mixed = createHash('sha256').update(`${seed} ${name}`).digest().readInt32LE()
  const random = createSeededRandom(mixed)
  return {
    ...{ seed, random, say },
    size: (long, short) => Math.max(short, Math.round(long * scale)),
    between: (low, high) => low + Math.floor(random() * (high - low)),
  }
}

/** A run in one line: `chaos kills: 50 kills, 100000 events, seed 7: lost 0, doubled 0`. */
export function lineOf(name: string, seed: number, { did, figures, wrong }: Report): string {
  const end = wrong.length === 0 ? '' : `; NOT AS PROMISED: ${wrong.join(' | ')}`
  return `chaos ${name}: ${[...did, `seed ${seed}`].join(', ')}: ${figures.join(', ')}${end}`
}

export const pause = (delayMs: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, delayMs))
