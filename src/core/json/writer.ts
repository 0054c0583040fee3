import { CLOSE_ARRAY, CLOSE_OBJECT } from './chars.js'
import {
  type ARRAY,
  CONTAINER_WORDS,
  type JsonNode,
  type JsonTape,
  KIND_MASK,
  OBJECT,
  SCALAR_WORDS,
  START_SHIFT,
} from './tape.js'

/** No container is open. */
export const NONE = -1

/** Most tapes fit; a scan is synchronous, so all share it and keep a copy of what they used. */
const SCRATCH = new Int32Array(4096)
/** From here on a tape takes its last size at once: memory that is never written costs nothing, copies do. */
const LARGE = 1_048_576

/** Writes a tape while its text is scanned. */
export class TapeWriter {
  /** The tape so far: names of open objects can be read from it. */
  readonly tape: { readonly text: string; words: Int32Array }
  /** Index of the next word. */
  used: JsonNode = 0
  /** The innermost open container; its third word holds the one around it until it is closed. */
  open: JsonNode = NONE
  /** The bracket that closes it. */
  closer = NONE
  depth = 0
  readonly #bound: number
  #words = SCRATCH

  constructor(text: string, maxDepth: number) {
    this.tape = { text, words: SCRATCH }
    // A text of n characters has at most 1.5 n words, and three for each container that is still open.
    this.#bound = Math.ceil(text.length * 1.5) + (maxDepth + 2) * CONTAINER_WORDS
  }

  /** `flags`: the kind, and the escape mark of a string. */
  scalar(flags: number, start: number, end: number): void {
    const node = this.used
    if (node + CONTAINER_WORDS > this.#words.length) this.#grow()
    this.#words[node] = (start << START_SHIFT) | flags
    this.#words[node + 1] = end
    this.used = node + SCALAR_WORDS
  }

  enter(kind: typeof OBJECT | typeof ARRAY, start: number): void {
    const node = this.used
    if (node + CONTAINER_WORDS > this.#words.length) this.#grow()
    this.#words[node] = (start << START_SHIFT) | kind
    this.#words[node + 2] = this.open
    this.open = node
    this.closer = kind === OBJECT ? CLOSE_OBJECT : CLOSE_ARRAY
    this.depth += 1
    this.used = node + CONTAINER_WORDS
  }

  close(end: number): void {
    const words = this.#words
    const node = this.open
    const outer = words[node + 2] as number
    words[node + 1] = end
    words[node + 2] = this.used
    this.open = outer
    this.closer =
      outer === NONE ? NONE : ((words[outer] as number) & KIND_MASK) === OBJECT ? CLOSE_OBJECT : CLOSE_ARRAY
    this.depth -= 1
  }

  done(): JsonTape {
    const words = this.#words
    return {
      text: this.tape.text,
      words: words === SCRATCH ? words.slice(0, this.used) : words.subarray(0, this.used),
    }
  }

  #grow(): void {
    const doubled = this.#words.length * 2
    const wider = new Int32Array(doubled > LARGE ? this.#bound : Math.min(doubled, this.#bound))
    wider.set(this.#words)
    this.#words = wider
    this.tape.words = wider
  }
}
