import {
  type Alias,
  type ErrorCode,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  type Scalar,
  type YAMLMap,
} from 'yaml'
import { type Substitutes, substitute } from './substitute.js'
import { type ConfigNode, keyName, type Path, type Position, type Problem } from './tree.js'

const MAX_NODES = 20_000
const MAX_DEPTH = 32

/** Own words for the parser's codes: its messages may quote the text around the fault, which may be a secret. */
const SYNTAX: Readonly<Record<ErrorCode, string>> = {
  ALIAS_PROPS: 'an alias cannot have an anchor or tag',
  BAD_ALIAS: 'an alias or anchor that is not valid here',
  BAD_COLLECTION_TYPE: 'a tag that does not fit the value',
  BAD_DIRECTIVE: 'a % directive that is not known',
  BAD_DQ_ESCAPE: 'a \\ escape in double quotes that does not exist; use single quotes or \\\\',
  BAD_INDENT: 'the indentation does not fit the lines above',
  BAD_PROP_ORDER: 'anchors and tags must stand before the value',
  BAD_SCALAR_START: 'a value that starts with a reserved character; put it in quotes',
  BLOCK_AS_IMPLICIT_KEY:
    'a mapping within a value on one line; check for a second ": " or put the value in quotes',
  BLOCK_IN_FLOW: 'an indented block within { } or [ ]',
  DUPLICATE_KEY: 'is given twice',
  IMPOSSIBLE: 'text that cannot be read',
  KEY_OVER_1024_CHARS: 'a key that is too long',
  MISSING_CHAR:
    'a character is missing: a colon and blank after a key, a comma, or a closing quote or bracket',
  MULTILINE_IMPLICIT_KEY: 'a key that goes over several lines; look for a missing colon or quote',
  MULTIPLE_ANCHORS: 'more than one anchor on a value',
  MULTIPLE_DOCS: 'a second document (---); one is allowed',
  MULTIPLE_TAGS: 'more than one tag on a value',
  NON_STRING_KEY: 'a key that is not text',
  RESOURCE_EXHAUSTION: 'the file is nested too deeply',
  TAB_AS_INDENT: 'a tab as indentation; use blanks',
  TAG_RESOLVE_FAILED: 'a tag that is not known or does not fit; remove it or use quotes',
  UNEXPECTED_TOKEN: 'a character or word that is not expected here',
}

export interface ParsedText {
  readonly root: ConfigNode
  readonly problems: readonly Problem[]
}

interface Reading {
  readonly substitutes: Substitutes
  readonly position: (offset: number) => Position
  readonly resolve: (alias: Alias) => Node | undefined
  readonly loose: boolean
  readonly problems: Problem[]
  nodes: number
}

/**
 * Parses YAML into a tree that knows where each key stands, with `${...}` replaced in scalars.
 *
 * In:   text    the file, or the value of one `--set` (then `at` is the position of everything in it)
 * Out:  the tree, and everything wrong with syntax, duplicate keys and `${...}`
 */
export function parseConfigText(
  text: string,
  origin: {
    readonly file: string
    readonly at?: Position
    readonly substitutes: Substitutes
    readonly path?: Path
  },
): ParsedText {
  const lines = new LineCounter()
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: false,
    logLevel: 'error',
    stringKeys: false,
  })
  const position = (offset: number): Position => {
    if (origin.at !== undefined) return origin.at
    const { line, col } = lines.linePos(offset)
    return { file: origin.file, line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  const problems: Problem[] = []
  const path = origin.path ?? []
  for (const fault of [...document.errors, ...document.warnings]) {
    const at = position(fault.pos[0])
    const hint = hasBareSubstitution(text, fault.pos[0])
      ? // biome-ignore lint/suspicious/noTemplateCurlyInString: the user's notation
        '; within { } or [ ] put ${...} in quotes: "${NAME}"'
      : ''
    problems.push({ at, key: path.length > 0 ? keyName(path) : '(yaml)', text: SYNTAX[fault.code] + hint })
  }
  const start = origin.at ?? { file: origin.file, line: 1, column: 1 }
  if (problems.length > 0) return { root: { kind: 'broken', at: start }, problems: problems.slice(0, 1) }
  const reading: Reading = {
    substitutes: origin.substitutes,
    position,
    resolve: (alias) => alias.resolve(document),
    loose: origin.at !== undefined,
    problems,
    nodes: 0,
  }
  return { root: readNode(document.contents, path, start, reading), problems }
}

/** `{ a: ${NAME} }`: YAML sees a map within the braces. */
function hasBareSubstitution(text: string, offset: number): boolean {
  const lineStart = text.lastIndexOf('\n', offset - 1) + 1
  const lineEnd = text.indexOf('\n', offset)
  const line = text.slice(lineStart, lineEnd === -1 ? undefined : lineEnd)
  return /[{[].*[:,[]\s*[^"'\s]*\$\{/.test(line)
}

function readNode(node: Node | null | undefined, path: Path, at: Position, reading: Reading): ConfigNode {
  reading.nodes += 1
  if (reading.nodes > MAX_NODES || path.length > MAX_DEPTH) {
    if (reading.nodes <= MAX_NODES + 1) report(reading, at, path, 'is too large or nested too deeply')
    reading.nodes = MAX_NODES + 2
    return { kind: 'broken', at }
  }
  if (node === null || node === undefined) return { kind: 'scalar', at, value: null, loose: false }
  if (isAlias(node)) return readNode(reading.resolve(node), path, at, reading)
  if (isMap(node)) return readMap(node, path, at, reading)
  if (isSeq(node)) {
    const items = node.items.map((item, index) => {
      const child = item as Node | null
      return readNode(child, [...path, index], reading.position(child?.range?.[0] ?? 0), reading)
    })
    return { kind: 'list', at, items }
  }
  return isScalar(node) ? readScalar(node, path, at, reading) : { kind: 'broken', at }
}

function readMap(node: YAMLMap, path: Path, at: Position, reading: Reading): ConfigNode {
  const entries = new Map<string, ConfigNode>()
  for (const pair of node.items) {
    const key = pair.key as Node | null
    const keyAt = reading.position(key?.range?.[0] ?? 0)
    if (!isScalar(key) || typeof key.value !== 'string') {
      const plain = isScalar(key) && (typeof key.value === 'number' || typeof key.value === 'boolean')
      if (!plain) {
        report(reading, keyAt, path, 'has a key that is not text')
        continue
      }
    }
    const name = String(key.value)
    const before = entries.get(name)
    const here = [...path, name]
    if (before !== undefined) {
      const place = `${before.at.line}:${before.at.column}`
      report(reading, keyAt, here, `is given twice, first at ${place}`)
      continue
    }
    entries.set(name, readNode(pair.value as Node | null, here, keyAt, reading))
  }
  return { kind: 'map', at, entries }
}

function readScalar(scalar: Scalar, path: Path, at: Position, reading: Reading): ConfigNode {
  const { loose } = reading
  const { value } = scalar
  if (value === null) return { kind: 'scalar', at, value, loose }
  if (typeof value === 'number' || typeof value === 'boolean') {
    // A loose value keeps its text (`1.0`), since its key decides what it becomes.
    return { kind: 'scalar', at, value: loose ? (scalar.source ?? String(value)) : value, loose }
  }
  const text = String(value)
  const result = substitute(text, reading.substitutes)
  if (result.kind === 'same') return { kind: 'scalar', at, value: text, loose }
  if (result.kind === 'text') {
    return { kind: 'scalar', at, value: result.text, loose: loose || result.substituted }
  }
  report(reading, at, path, result.text)
  return { kind: 'broken', at }
}

function report(reading: Reading, at: Position, path: Path, text: string): void {
  reading.problems.push({ at, key: keyName(path), text })
}
