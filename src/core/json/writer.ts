import {
  CONTAINER_WORDS,
  type JsonNode,
  type JsonTape,
  KIND_MASK,
  SCALAR_WORDS,
  START_SHIFT,
} from './tape.js'

/** No container is open. */
export const NONE = -1

/** Most tapes fit; a scan is synchronous, so all share it and keep a copy of what they used. */
const SCRATCH = new Int32Array(4096)

/** Writes a tape while its text is scanned. */
export class TapeWriter {
  /** The tape so far: names of open objects can be read from it. */
  readonly tape: { readonly text: string; words: Int32Array }
  readonly #bound: number
  /** Index of the next word. */
  used: JsonNode = 0
  /** The innermost open container; its third word holds the one around it until it is closed. */
  open: JsonNode = NONE

  constructor(text: string, maxDepth: number) {
    this.tape = { text, words: SCRATCH }
    // A text of n characters has at most 1.5 n words, and three for each container that is still open.
    this.#bound = Math.ceil(text.length * 1.5) + (maxDepth + 2) * CONTAINER_WORDS
  }

  openKind(): number {
    return (this.tape.words[this.open] as number) & KIND_MASK
  }

  /** `flags`: the kind, and the escape mark of a string. */
  scalar(flags: number, start: number, end: number): void {
    const node = this.used
    const words = this.#room()
    words[node] = (start << START_SHIFT) | flags
    words[node + 1] = end
    this.used = node + SCALAR_WORDS
  }

  enter(kind: number, start: number): void {
    const node = this.used
    const words = this.#room()
    words[node] = (start << START_SHIFT) | kind
    words[node + 2] = this.open
    this.open = node
    this.used = node + CONTAINER_WORDS
  }

  close(end: number): void {
    const node = this.open
    const words = this.tape.words
    this.open = words[node + 2] as number
    words[node + 1] = end
    words[node + 2] = this.used
  }

  done(): JsonTape {
    const { text, words } = this.tape
    return { text, words: words === SCRATCH ? words.slice(0, this.used) : words.subarray(0, this.used) }
  }

  #room(): Int32Array {
    const { words } = this.tape
    if (this.used + CONTAINER_WORDS <= words.length) return words
    const wider = new Int32Array(Math.min(words.length * 2, this.#bound))
    wider.set(words)
    this.tape.words = wider
    return wider
  }
}
