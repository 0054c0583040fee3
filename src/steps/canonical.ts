import {
  codeOf,
  ESCAPED,
  firstOf,
  type JsonNode,
  type JsonTape,
  NUMBER,
  nextOf,
  OBJECT,
  STRING,
  sourceText,
  stringText,
  valueAfter,
} from '../core/json/tape.js'

/** Pieces are joined before they become many: a tree of a million joined halves takes far more room than its text. */
const PIECES = 4096

/**
 * Rewrites a value without blanks, members in received order, strings and numbers as `JSON.stringify` writes them.
 *
 * In:     tape, node   any value
 * Out:    JSON text. Integer-like names are not moved, and what `JSON.parse` takes for infinite becomes `null`
 * Source: product.md section 5
 */
export function compact(tape: JsonTape, node: JsonNode): string {
  return new Rewriter(tape, false).rewrite(node)
}

/**
 * The same as `compact`, with the members of each object sorted by UTF-16 code unit.
 *
 * Source: product.md section 5
 */
export function sorted(tape: JsonTape, node: JsonNode): string {
  return new Rewriter(tape, true).rewrite(node)
}

class Rewriter {
  readonly #tape: JsonTape
  readonly #sorts: boolean
  #pieces: string[] = []
  readonly #chunks: string[] = []

  constructor(tape: JsonTape, sorts: boolean) {
    this.#tape = tape
    this.#sorts = sorts
  }

  rewrite(node: JsonNode): string {
    this.#value(node)
    return this.#chunks.join('') + this.#pieces.join('')
  }

  /** Recursion is bounded by the depth of the scan. */
  #value(node: JsonNode): void {
    const code = codeOf(this.#tape, node)
    if (code === STRING) this.#put(stringified(this.#tape, node))
    else if (code === NUMBER) this.#put(JSON.stringify(Number(sourceText(this.#tape, node))))
    else if (code > OBJECT + 1) this.#put(sourceText(this.#tape, node))
    else if (code === OBJECT) this.#object(node)
    else this.#array(node)
  }

  #array(node: JsonNode): void {
    const after = nextOf(this.#tape, node)
    let mark = '['
    for (let item = firstOf(node); item < after; item = nextOf(this.#tape, item)) {
      this.#put(mark)
      this.#value(item)
      mark = ','
    }
    this.#put(mark === '[' ? '[]' : ']')
  }

  #object(node: JsonNode): void {
    let mark = '{'
    for (const name of this.#names(node)) {
      this.#put(mark)
      this.#put(stringified(this.#tape, name))
      this.#put(':')
      this.#value(valueAfter(name))
      mark = ','
    }
    this.#put(mark === '{' ? '{}' : '}')
  }

  #names(node: JsonNode): JsonNode[] {
    const after = nextOf(this.#tape, node)
    const names: JsonNode[] = []
    for (let name = firstOf(node); name < after; name = nextOf(this.#tape, valueAfter(name))) names.push(name)
    if (!this.#sorts) return names
    const byText = names.map((name) => ({ name, text: stringText(this.#tape, name) }))
    byText.sort((a, b) => (a.text < b.text ? -1 : 1))
    return byText.map(({ name }) => name)
  }

  #put(piece: string): void {
    this.#pieces.push(piece)
    if (this.#pieces.length < PIECES) return
    this.#chunks.push(this.#pieces.join(''))
    this.#pieces = []
  }
}

/** A string without escapes is as `JSON.stringify` writes it: the scan lets nothing through that would need one. */
function stringified(tape: JsonTape, node: JsonNode): string {
  return isEscaped(tape, node) ? JSON.stringify(stringText(tape, node)) : sourceText(tape, node)
}

function isEscaped(tape: JsonTape, node: JsonNode): boolean {
  return ((tape.words[node] as number) & ESCAPED) !== 0
}
