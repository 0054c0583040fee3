import type { JsonFault } from '../../src/core/json/scan.js'

/**
 * A second reading of the rules for JSON, made of other parts than the scanner: patterns and recursion over slices.
 * Grammar first (RFC 8259), then what is refused beyond it. Slow and plain.
 */
export type Verdict = 'valid' | JsonFault['fault']

const BLANKS = /^[ \t\n\r]*/
const STRING = /^"(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/
/** What a text may end with so that a string, number or word begun there could still be finished. */
const STRING_BEGUN = /^"(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*(?:\\(?:u[0-9a-fA-F]{0,3})?)?$/
const NUMBER_BEGUN = /^-?(?:(?:0|[1-9]\d*)(?:\.|(?:\.\d+)?[eE][+-]?))?$/
const HALF_PAIR = /\p{Cs}/u
const WORDS = ['true', 'false', 'null']

class Cut extends Error {}
class Wrong extends Error {}

interface Seen {
  deepest: number
  /** The first thing refused that the grammar allows. */
  flaw: 'duplicate-key' | 'lone-surrogate' | null
}

export function verdictOf(text: string, maxDepth = 256): Verdict {
  if (text.startsWith('\ufeff')) return 'bom'
  const seen: Seen = { deepest: 0, flaw: null }
  try {
    const rest = skip(value(skip(text), 0, seen))
    if (rest !== '') return seen.deepest > maxDepth ? 'too-deep' : 'syntax'
  } catch (error) {
    if (seen.deepest > maxDepth) return 'too-deep'
    if (error instanceof Cut) return 'truncated'
    if (error instanceof Wrong) return 'syntax'
    throw error
  }
  if (seen.deepest > maxDepth) return 'too-deep'
  return seen.flaw ?? 'valid'
}

function skip(text: string): string {
  return text.replace(BLANKS, '')
}

/** Out: what follows the value. */
function value(text: string, depth: number, seen: Seen): string {
  if (text === '') throw new Cut()
  if (text[0] === '{') return object(text, depth + 1, seen)
  if (text[0] === '[') return array(text, depth + 1, seen)
  if (text[0] === '"') return text.slice(string(text, seen).length)
  const word = WORDS.find((known) => known[0] === text[0])
  if (word !== undefined) {
    if (text.startsWith(word)) return text.slice(word.length)
    throw word.startsWith(text) ? new Cut() : new Wrong()
  }
  const number = NUMBER.exec(text)?.[0]
  if (NUMBER_BEGUN.test(text)) throw new Cut()
  if (number === undefined) throw new Wrong()
  return text.slice(number.length)
}

function string(text: string, seen: Seen): string {
  const whole = STRING.exec(text)?.[0]
  if (whole === undefined) throw STRING_BEGUN.test(text) ? new Cut() : new Wrong()
  if (HALF_PAIR.test(JSON.parse(whole))) seen.flaw ??= 'lone-surrogate'
  return whole
}

function array(text: string, depth: number, seen: Seen): string {
  seen.deepest = Math.max(seen.deepest, depth)
  let rest = skip(text.slice(1))
  if (rest[0] === ']') return rest.slice(1)
  for (;;) {
    rest = skip(value(rest, depth, seen))
    if (rest === '') throw new Cut()
    if (rest[0] === ']') return rest.slice(1)
    if (rest[0] !== ',') throw new Wrong()
    rest = skip(rest.slice(1))
  }
}

function object(text: string, depth: number, seen: Seen): string {
  seen.deepest = Math.max(seen.deepest, depth)
  const names: string[] = []
  let rest = skip(text.slice(1))
  if (rest[0] === '}') return rest.slice(1)
  for (;;) {
    if (rest === '') throw new Cut()
    if (rest[0] !== '"') throw new Wrong()
    const whole = string(rest, seen)
    const name = JSON.parse(whole) as string
    if (names.includes(name)) seen.flaw ??= 'duplicate-key'
    names.push(name)
    rest = skip(rest.slice(whole.length))
    if (rest === '') throw new Cut()
    if (rest[0] !== ':') throw new Wrong()
    rest = skip(value(skip(rest.slice(1)), depth, seen))
    if (rest === '') throw new Cut()
    if (rest[0] === '}') return rest.slice(1)
    if (rest[0] !== ',') throw new Wrong()
    rest = skip(rest.slice(1))
  }
}
