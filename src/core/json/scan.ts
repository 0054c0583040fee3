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
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
  RETURN,
  TAB,
} from './chars.js'
import { endOfEscape, endOfNumber, endOfWord, isLoneSurrogate, wrongAt } from './lexemes.js'
import { OpenNames } from './names.js'
import {
  ARRAY,
  BOOLEAN,
  ESCAPED,
  type JsonTape,
  MAX_TEXT,
  NULL,
  NUMBER,
  OBJECT,
  SCALAR_WORDS,
  STRING,
} from './tape.js'
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

/** What may come next, blanks aside. From NAME on no value may. */
const VALUE = 0
const VALUE_OR_CLOSE = 1
const NAME = 2
const NAME_OR_CLOSE = 3
const AFTER_NAME = 4
const AFTER_VALUE = 5

/** Where a string is longer than this, a search by pattern takes a third of the time. */
const LONG_STRING = 64
/** What may stand in a string as it is: no quote, backslash or control character. */
const PLAIN = /[ !#-[\]-\uffff]*/y

class Scanner {
  readonly #text: string
  readonly #units: CodeUnits
  readonly #maxDepth: number
  readonly #writer: TapeWriter
  readonly #names = new OpenNames()
  /** The first fault that leaves the grammar intact. */
  #flaw: JsonFault | null = null

  constructor(text: string, maxDepth: number) {
    this.#text = text
    this.#units = codeUnits(text)
    this.#maxDepth = maxDepth
    this.#writer = new TapeWriter(text, maxDepth)
  }

  scan(): JsonTape | JsonFault {
    const units = this.#units
    const writer = this.#writer
    let next = VALUE
    let at = 0
    for (;;) {
      const c = units[at] as number
      if (c === QUOTE && next < AFTER_NAME) {
        const end = this.#string(at + 1)
        if (end < 0) return this.#wrong(wrongAt(end))
        if (next >= NAME) this.#checkName(at)
        next = next >= NAME ? AFTER_NAME : AFTER_VALUE
        at = end
      } else if (c <= BLANK && (c === BLANK || c === LINE_FEED || c === RETURN || c === TAB)) {
        at += 1
      } else if (next === AFTER_VALUE) {
        if (c === writer.closer) this.#close(at)
        else if (c === COMMA && writer.open !== NONE) next = writer.closer === CLOSE_OBJECT ? NAME : VALUE
        else return this.#end(at)
        at += 1
      } else if (next === AFTER_NAME) {
        if (c !== COLON) return this.#wrong(at)
        next = VALUE
        at += 1
      } else if (
        (c === CLOSE_OBJECT && next === NAME_OR_CLOSE) ||
        (c === CLOSE_ARRAY && next === VALUE_OR_CLOSE)
      ) {
        this.#close(at)
        next = AFTER_VALUE
        at += 1
      } else if (next >= NAME) {
        return this.#wrong(at)
      } else if (c === OPEN_OBJECT || c === OPEN_ARRAY) {
        if (writer.depth === this.#maxDepth) return { fault: 'too-deep', at }
        next = this.#enter(c, at)
        at += 1
      } else {
        const end = this.#token(c, at)
        if (end < 0) return this.#wrong(wrongAt(end))
        next = AFTER_VALUE
        at = end
      }
    }
  }

  #enter(c: number, at: number): number {
    if (c === OPEN_ARRAY) {
      this.#writer.enter(ARRAY, at)
      return VALUE_OR_CLOSE
    }
    this.#writer.enter(OBJECT, at)
    this.#names.enter()
    return NAME_OR_CLOSE
  }

  #close(at: number): void {
    if (this.#writer.closer === CLOSE_OBJECT) this.#names.leave()
    this.#writer.close(at + 1)
  }

  /** The name just written; `at` is that of its opening quote. */
  #checkName(at: number): void {
    const { tape, used } = this.#writer
    const repeats = this.#names.repeats(tape, this.#units, used - SCALAR_WORDS)
    if (repeats) this.#flaw ??= { fault: 'duplicate-key', at }
  }

  /** In: the index after the opening quote. Out: the one after the closing quote, or `wrongAt`. */
  #string(start: number): number {
    const units = this.#units
    let flags = STRING
    let limit = start + LONG_STRING
    for (let at = start; ; at += 1) {
      let c = units[at] as number
      // Most characters are beyond all that matter: one comparison each.
      while ((c > BACKSLASH || (c > QUOTE && c < BACKSLASH) || c === BLANK) && at < limit) {
        at += 1
        c = units[at] as number
      }
      if (at >= limit) {
        at = this.#nextNotPlain(at)
        c = units[at] as number
        limit = at + LONG_STRING
      }
      if (c === QUOTE) {
        this.#writer.scalar(flags, start, at)
        return at + 1
      }
      if (c === BACKSLASH) {
        flags = STRING | ESCAPED
        const end = endOfEscape(units, at)
        if (end < 0) return end
        if (isLoneSurrogate(units, at, end)) this.#flaw ??= { fault: 'lone-surrogate', at }
        at = end - 1
      } else if (c < BLANK) return wrongAt(at)
    }
  }

  #nextNotPlain(at: number): number {
    PLAIN.lastIndex = at
    PLAIN.test(this.#text)
    return PLAIN.lastIndex
  }

  /** A number or a word. Out: the index after it, or `wrongAt`. */
  #token(c: number, at: number): number {
    let kind = NUMBER
    let end: number
    if (c === LOWER_T || c === LOWER_F) {
      kind = BOOLEAN
      end = endOfWord(this.#units, at, c === LOWER_T ? 'true' : 'false')
    } else if (c === LOWER_N) {
      kind = NULL
      end = endOfWord(this.#units, at, 'null')
    } else end = endOfNumber(this.#units, at)
    if (end >= 0) this.#writer.scalar(kind, at, end)
    return end
  }

  /** The end of the document, if it is one. */
  #end(at: number): JsonTape | JsonFault {
    const isEnd = this.#writer.open === NONE && at >= this.#text.length
    return isEnd ? (this.#flaw ?? this.#writer.done()) : this.#wrong(at)
  }

  #wrong(at: number): JsonFault {
    return { fault: at >= this.#text.length ? 'truncated' : 'syntax', at }
  }
}
