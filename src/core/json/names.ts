import { ESCAPED, type JsonTape, START_SHIFT, stringText } from './tape.js'
import type { CodeUnits } from './units.js'

/** Up to so many names are compared one by one: cheaper than a set, and no text is copied. */
const FEW = 24

/** The member names of the objects that are open during a scan. Answers whether a name was there before. */
export class OpenNames {
  /** Name nodes of all open objects, the innermost last. */
  readonly #nodes: number[] = []
  /** Beside each node a sign of its text: names of other signs differ. */
  readonly #signs: number[] = []
  readonly #bases: number[] = []
  readonly #sets: (Set<string> | null)[] = []
  #used = 0
  #depth = -1

  enter(): void {
    this.#depth += 1
    this.#bases[this.#depth] = this.#used
    this.#sets[this.#depth] = null
  }

  leave(): void {
    this.#used = this.#bases[this.#depth] as number
    this.#sets[this.#depth] = null
    this.#depth -= 1
  }

  /**
   * Adds a name to the innermost object, compared with its escapes undone.
   *
   * Out:    whether the object had it already
   */
  repeats(tape: JsonTape, units: CodeUnits, node: number): boolean {
    const base = this.#bases[this.#depth] as number
    const head = tape.words[node] as number
    const set = this.#sets[this.#depth] as Set<string> | null
    if (set !== null || (head & ESCAPED) !== 0 || this.#used - base >= FEW) {
      return repeatsIn(set ?? this.#gather(tape, base), stringText(tape, node))
    }
    const start = head >>> START_SHIFT
    const length = (tape.words[node + 1] as number) - start
    const sign = (length << 16) ^ ((units[start] as number) << 8) ^ (units[start + length - 1] as number)
    for (let i = base; i < this.#used; i += 1) {
      if (this.#signs[i] !== sign) continue
      const other = this.#nodes[i] as number
      const otherStart = (tape.words[other] as number) >>> START_SHIFT
      if ((tape.words[other + 1] as number) - otherStart !== length) continue
      if (areSame(units, start, otherStart, length)) return true
    }
    this.#nodes[this.#used] = node
    this.#signs[this.#used] = sign
    this.#used += 1
    return false
  }

  #gather(tape: JsonTape, base: number): Set<string> {
    const set = new Set<string>()
    for (let i = base; i < this.#used; i += 1) set.add(stringText(tape, this.#nodes[i] as number))
    this.#used = base
    this.#sets[this.#depth] = set
    return set
  }
}

function repeatsIn(set: Set<string>, name: string): boolean {
  const before = set.size
  return set.add(name).size === before
}

function areSame(units: CodeUnits, a: number, b: number, length: number): boolean {
  for (let i = 0; i < length; i += 1) {
    if (units[a + i] !== units[b + i]) return false
  }
  return true
}
