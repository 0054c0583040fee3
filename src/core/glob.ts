/** Patterns over names and paths: `*` is any text, `?` one character, `**` any number of names and items. */

const ANY = Symbol('any text')
const ONE = Symbol('one character')
type Token = string | typeof ANY | typeof ONE

/** A pattern for one name. */
export interface NameGlob {
  /** The name itself where the pattern has neither `*` nor `?`. */
  readonly literal: string | null
  readonly tokens: readonly Token[]
}

const ITEM = '[]'
type Segment = NameGlob | typeof ITEM | '**'

/** A pattern for a path and all below it: `input.*`, `output.items[].reg`, `**.pin`. */
export interface PathGlob {
  readonly segments: readonly Segment[]
  /** The path itself, names without their case, where the pattern stands for one alone. */
  readonly literal: string | null
  /** Whether its first name may be one that a path in a record begins with. */
  readonly startsAtStage: boolean
}

const ROOTS = ['input', 'output', 'extra']

/**
 * How far a pattern has come along a path: bit `n` says that `n` of its segments may be used up. Zero: it matches nothing below.
 */
export type Progress = number

const MOST_SEGMENTS = 24

/** Letters without their case: also those whose other case is an ASCII letter (the long s, the Kelvin sign). */
export function foldedName(name: string): string {
  // The one letter whose small form depends on those beside it.
  return name.toUpperCase().toLowerCase().replaceAll('\u03c2', '\u03c3')
}

/** In: the pattern as written; all of it counts, letter case too. */
export function nameGlob(text: string): NameGlob {
  return globOf([...text].map((char) => (char === '*' ? ANY : char === '?' ? ONE : char)))
}

function globOf(tokens: readonly Token[]): NameGlob {
  const isLiteral = tokens.every((token) => typeof token === 'string')
  return { literal: isLiteral ? tokens.join('') : null, tokens }
}

/** Greedy, going back to the last `*` alone: the time is bounded by the product of both lengths. */
export function nameMatches({ literal, tokens }: NameGlob, name: string): boolean {
  if (literal !== null) return literal === name
  const chars = [...name]
  let at = 0
  let token = 0
  let star = -1
  let starAt = 0
  while (at < chars.length) {
    const wanted = tokens[token]
    if (wanted === ANY) {
      star = token
      starAt = at
      token += 1
    } else if (wanted !== undefined && (wanted === ONE || wanted === chars[at])) {
      token += 1
      at += 1
    } else if (star >= 0) {
      token = star + 1
      starAt += 1
      at = starAt
    } else return false
  }
  return tokens.slice(token).every((left) => left === ANY)
}

/**
 * Reads a pattern for paths. Names are separated by dots, `[]` and `[*]` stand for each item of a list;
 * `\` takes the meaning from the character after it, `\e` is the empty name. Letter case does not count.
 *
 * Out:    the pattern, or what is wrong with it, without quoting it
 */
export function pathGlob(text: string): PathGlob | string {
  const segments: Segment[] = []
  for (const part of partsOf(text)) {
    const segment = part === ITEM ? ITEM : segmentOf(part)
    if (segment === null) return 'has a name of no characters (\\e is the empty name), or ends with \\'
    if (segment !== ITEM && /[[\]]/.test(part.replace(/\\./gs, '')))
      return 'has a bracket: items are written [] or [*], without an index, before the next dot'
    segments.push(segment)
  }
  if (segments.length > MOST_SEGMENTS) return `has more than ${MOST_SEGMENTS} names`
  const literal = segments.every((one) => one === ITEM || (one !== '**' && one.literal !== null))
  const [first] = segments
  const startsAtStage =
    first === '**' ||
    (first !== undefined && first !== ITEM && ROOTS.some((root) => nameMatches(first, root)))
  return { segments, literal: literal ? shown(segments) : null, startsAtStage }
}

/** Names as written, and `[]`. */
function partsOf(text: string): string[] {
  const parts: string[] = []
  let part = ''
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at] as string
    if (char === '.') {
      parts.push(part)
      part = ''
    } else if (char === '\\') {
      part += text.slice(at, at + 2)
      at += 1
    } else part += char
  }
  return [...parts, part].flatMap(withItems)
}

/** In: a name with the items behind it, `filings[]` or `filings[*]`. Out: the two apart. */
function withItems(part: string): string[] {
  const [items = ''] = /(?:\[\*?\])+$/.exec(part.replace(/\\./gs, '__')) ?? []
  const name = part.slice(0, part.length - items.length)
  const list = Array.from(items.matchAll(/\[/g), () => ITEM)
  return name === '' && list.length > 0 ? list : [name, ...list]
}

function segmentOf(part: string): Segment | null {
  if (part === '**') return '**'
  if (part === '\\e') return globOf([])
  const tokens: Token[] = []
  const chars = [...part]
  for (let at = 0; at < chars.length; at += 1) {
    const char = chars[at] as string
    if (char === '\\') {
      at += 1
      const escaped = chars[at]
      if (escaped === undefined) return null
      tokens.push(...foldedName(escaped))
    } else if (char === '*') tokens.push(ANY)
    else if (char === '?') tokens.push(ONE)
    else tokens.push(...foldedName(char))
  }
  return tokens.length === 0 ? null : globOf(tokens)
}

function shown(segments: readonly Segment[]): string {
  return segments.reduce<string>((path, one) => {
    if (one === ITEM || one === '**') return path + ITEM
    const name = one.literal === '' ? '\\e' : (one.literal ?? '').replace(/[.[\]\\]/g, '\\$&')
    return path === '' ? name : `${path}.${name}`
  }, '')
}

/** At the root, before any name. */
export function pathStart(glob: PathGlob): Progress {
  return closed(glob, 1)
}

/** After one name more, without its case; null: after an item of a list, which no name can be taken for. */
export function pathStep(glob: PathGlob, before: Progress, segment: string | null): Progress {
  return stepped(glob, before, (wanted) =>
    wanted === ITEM ? segment === null : segment !== null && nameMatches(wanted, segment),
  )
}

/** After an item of a list, for what hides: a pattern may name the item, take it for `*`, or leave it out. */
export function looseItemStep(glob: PathGlob, before: Progress): Progress {
  return closed(glob, before | stepped(glob, before, (wanted) => wanted === ITEM || isAny(wanted)))
}

function stepped(
  glob: PathGlob,
  before: Progress,
  takes: (wanted: NameGlob | typeof ITEM) => boolean,
): Progress {
  let after = 0
  for (const [at, wanted] of glob.segments.entries()) {
    if ((before & (1 << at)) === 0) continue
    if (wanted === '**') after |= 1 << at
    else if (takes(wanted)) after |= 1 << (at + 1)
  }
  return closed(glob, after)
}

const isAny = ({ tokens }: NameGlob): boolean => tokens.length === 1 && tokens[0] === ANY

/** Whether the pattern covers the place it has come to. */
export function pathMatches(glob: PathGlob, progress: Progress): boolean {
  return (progress & (1 << glob.segments.length)) !== 0
}

/** `**` may stand for nothing. */
function closed(glob: PathGlob, progress: Progress): Progress {
  let all = progress
  for (const [at, wanted] of glob.segments.entries()) {
    if (wanted === '**' && (all & (1 << at)) !== 0) all |= 1 << (at + 1)
  }
  return all
}

/** Whether a pattern that hides covers a place. In: its path in the form of catalogue paths, names without their case. */
export function pathCovers(glob: PathGlob, path: string): boolean {
  let progress = pathStart(glob)
  for (const segment of path.split(/\.|(?=\[\])/)) {
    progress = segment === ITEM ? looseItemStep(glob, progress) : pathStep(glob, progress, segment)
    if (pathMatches(glob, progress)) return true
  }
  return false
}
