import {
  BACKSLASH,
  BLANK,
  BOM,
  CLOSE_ARRAY,
  CLOSE_OBJECT,
  COLON,
  COMMA,
  LINE_FEED,
  LOWER_F,
  LOWER_N,
  LOWER_T,
  MINUS,
  NINE,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
  RETURN,
  TAB,
  ZERO,
} from './chars.js'
import { endOfEscape, endOfNumber, endOfWord, isLoneSurrogate, wrongAt } from './lexemes.js'
import { OpenNames } from './names.js'
import { ARRAY, BOOLEAN, ESCAPED, type JsonTape, MAX_TEXT, NULL, NUMBER, OBJECT, STRING } from './tape.js'
import { type CodeUnits, codeUnits } from './units.js'
import { NONE, TapeWriter } from './writer.js'

/**
 * Why a text is refused. `truncated`: it ends where JSON could still go on (also: it is empty). `at` is an index in the text.
 */
export interface JsonFault {
  readonly fault: 'truncated' | 'syntax' | 'duplicate-key' | 'too-deep' | 'lone-surrogate' | 'bom'
  readonly at: number
}

/** Deeper than any result; deeper than this no recursion of ours may go. */
export const MAX_DEPTH = 256

/**
 * Checks a text against strict JSON (RFC 8259) in one pass and notes where each value lies.
 *
 * In:     text       decoded from valid UTF-8, at most 2^27 - 1 characters
 *         maxDepth   objects and arrays within each other
 * Out:    a tape; or a fault. A name twice in one object (names compared with escapes undone) and an escape of half a surrogate
 *         pair are faults at any level. A text that is cut off or no JSON is `truncated` or `syntax` even when it has one of
 *         these too; only `too-deep` ends the scan at once, so that a hostile text costs nothing more
 * Throws: RangeError above the length
 * Source: product.md section 4, rows for 200; libraries.md section 6
 */
export function scanJson(text: string, maxDepth: number = MAX_DEPTH): JsonTape | JsonFault {
  if (text.length > MAX_TEXT) throw new RangeError('JSON text is too long to scan')
  if (text.charCodeAt(0) === BOM) return { fault: 'bom', at: 0 }
  return new Scanner(text, maxDepth).scan()
}

export function isFault(scanned: JsonTape | JsonFault): scanned is JsonFault {
  return 'fault' in scanned
}

class Scanner {
  readonly #units: CodeUnits
  readonly #length: number
  readonly #maxDepth: number
  readonly #names = new OpenNames()
  readonly #writer: TapeWriter
  #at = 0
  #depth = 0
  #fault: JsonFault | null = null
  /** The first fault that leaves the grammar intact. */
  #flaw: JsonFault | null = null

  constructor(text: string, maxDepth: number) {
    this.#units = codeUnits(text)
    this.#length = text.length
    this.#maxDepth = maxDepth
    this.#writer = new TapeWriter(text, maxDepth)
  }

  scan(): JsonTape | JsonFault {
    while (this.#value() && this.#valueFollows()) {}
    return this.#fault ?? this.#flaw ?? this.#writer.done()
  }

  /** After a value: closes what ends here. Out: false at the end of the document or at a fault. */
  #valueFollows(): boolean {
    while (this.#writer.open !== NONE) {
      const isObject = this.#writer.openKind() === OBJECT
      const c = this.#peek()
      if (c === COMMA) {
        this.#at += 1
        return !isObject || this.#name()
      }
      if (c !== (isObject ? CLOSE_OBJECT : CLOSE_ARRAY)) return this.#wrong(this.#at)
      this.#close()
    }
    this.#peek()
    return this.#at < this.#length && this.#wrong(this.#at)
  }

  /** Reads one value down to its first scalar or empty container. Out: false at a fault. */
  #value(): boolean {
    for (;;) {
      const c = this.#peek()
      if (c === QUOTE) return this.#string()
      if (c === OPEN_OBJECT) {
        if (!this.#enter(OBJECT)) return false
        if (this.#peek() === CLOSE_OBJECT) return this.#close()
        if (!this.#name()) return false
      } else if (c === OPEN_ARRAY) {
        if (!this.#enter(ARRAY)) return false
        if (this.#peek() === CLOSE_ARRAY) return this.#close()
      } else if (c === MINUS || (c >= ZERO && c <= NINE)) {
        return this.#number()
      } else {
        return this.#word(c)
      }
    }
  }

  #enter(kind: number): boolean {
    if (this.#depth === this.#maxDepth) return this.#fail('too-deep', this.#at)
    this.#depth += 1
    this.#writer.enter(kind, this.#at)
    if (kind === OBJECT) this.#names.enter()
    this.#at += 1
    return true
  }

  #close(): true {
    if (this.#writer.openKind() === OBJECT) this.#names.leave()
    this.#at += 1
    this.#depth -= 1
    this.#writer.close(this.#at)
    return true
  }

  #name(): boolean {
    if (this.#peek() !== QUOTE) return this.#wrong(this.#at)
    const node = this.#writer.used
    const start = this.#at
    if (!this.#string()) return false
    if (this.#names.repeats(this.#writer.tape, this.#units, node)) this.#flawed('duplicate-key', start)
    if (this.#peek() !== COLON) return this.#wrong(this.#at)
    this.#at += 1
    return true
  }

  #string(): boolean {
    const units = this.#units
    const start = this.#at + 1
    let escaped = 0
    for (let at = start; ; at += 1) {
      let c = units[at] as number
      // Most characters are beyond all that matter: one comparison each.
      while (c > BACKSLASH || (c > QUOTE && c < BACKSLASH)) {
        at += 1
        c = units[at] as number
      }
      if (c === QUOTE) {
        this.#writer.scalar(escaped | STRING, start, at)
        this.#at = at + 1
        return true
      }
      if (c === BACKSLASH) {
        escaped = ESCAPED
        const end = endOfEscape(units, at)
        if (end < 0) return this.#wrong(wrongAt(end))
        if (isLoneSurrogate(units, at, end)) this.#flawed('lone-surrogate', at)
        at = end - 1
      } else if (c < BLANK) return this.#wrong(at)
    }
  }

  #number(): boolean {
    return this.#token(NUMBER, endOfNumber(this.#units, this.#at))
  }

  #word(c: number): boolean {
    if (c === LOWER_T) return this.#token(BOOLEAN, endOfWord(this.#units, this.#at, 'true'))
    if (c === LOWER_F) return this.#token(BOOLEAN, endOfWord(this.#units, this.#at, 'false'))
    if (c === LOWER_N) return this.#token(NULL, endOfWord(this.#units, this.#at, 'null'))
    return this.#wrong(this.#at)
  }

  #token(kind: number, end: number): boolean {
    if (end < 0) return this.#wrong(wrongAt(end))
    this.#writer.scalar(kind, this.#at, end)
    this.#at = end
    return true
  }

  /** Skips blanks. Out: the character after them; zero at the end. */
  #peek(): number {
    const units = this.#units
    let at = this.#at
    let c = units[at] as number
    while (c === BLANK || c === LINE_FEED || c === RETURN || c === TAB) {
      at += 1
      c = units[at] as number
    }
    this.#at = at
    return c
  }

  #wrong(at: number): false {
    return this.#fail(at >= this.#length ? 'truncated' : 'syntax', at)
  }

  #fail(fault: JsonFault['fault'], at: number): false {
    this.#fault = { fault, at }
    return false
  }

  #flawed(fault: JsonFault['fault'], at: number): void {
    this.#flaw ??= { fault, at }
  }
}
