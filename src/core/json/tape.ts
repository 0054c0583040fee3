/**
 * A scanned JSON text: where each value lies, in the order of the text. Nothing is parsed twice.
 *
 * A value is known by the index of its first word. A scalar takes two words: head and end. A container takes
 * three: head, end and the index of the value after it; its children follow. The head holds start, an escape
 * mark and the kind. A string lies between its quotes; a member is its name (a string), then its value.
 */
export interface JsonTape {
  readonly text: string
  readonly words: Int32Array
}

/** Index of a value on its tape. */
export type JsonNode = number

export type JsonKind = 'object' | 'array' | 'string' | 'number' | 'boolean' | 'null'

/** The whole document. */
export const ROOT: JsonNode = 0

export const OBJECT = 0
export const ARRAY = 1
export const STRING = 2
export const NUMBER = 3
export const BOOLEAN = 4
export const NULL = 5

export const KIND_MASK = 7
export const ESCAPED = 8
export const START_SHIFT = 4
export const SCALAR_WORDS = 2
export const CONTAINER_WORDS = 3
/** A head has 27 bits for the start. */
export const MAX_TEXT = 2 ** 27 - 1

const KINDS: readonly JsonKind[] = ['object', 'array', 'string', 'number', 'boolean', 'null']

/** The kind as a number: what the hot paths compare. */
export function codeOf(tape: JsonTape, node: JsonNode): number {
  return wordAt(tape, node) & KIND_MASK
}

export function kindOf(tape: JsonTape, node: JsonNode): JsonKind {
  return KINDS[codeOf(tape, node)] as JsonKind
}

/** Index in the text of the value's first character; of a string, the one after the quote. */
export function startOf(tape: JsonTape, node: JsonNode): number {
  return wordAt(tape, node) >>> START_SHIFT
}

/** Index in the text after the value's last character; of a string, the closing quote. */
export function endOf(tape: JsonTape, node: JsonNode): number {
  return wordAt(tape, node + 1)
}

/** The value after this one and all it holds. Inside a container the last one's answer is the container's own. */
export function nextOf(tape: JsonTape, node: JsonNode): JsonNode {
  return codeOf(tape, node) <= ARRAY ? wordAt(tape, node + 2) : node + SCALAR_WORDS
}

/**
 * The first child of a container: an item, or the name of a member.
 *
 * Out:    equal to `nextOf(tape, node)` when the container is empty
 */
export function firstOf(node: JsonNode): JsonNode {
  return node + CONTAINER_WORDS
}

/** The value of the member whose name is at `name`; the next name is at `nextOf` of it. */
export function valueAfter(name: JsonNode): JsonNode {
  return name + SCALAR_WORDS
}

export function isEmpty(tape: JsonTape, node: JsonNode): boolean {
  return firstOf(node) === nextOf(tape, node)
}

/** The exact characters of a value, quotes included. */
export function sourceText(tape: JsonTape, node: JsonNode): string {
  const quote = codeOf(tape, node) === STRING ? 1 : 0
  return tape.text.substring(startOf(tape, node) - quote, endOf(tape, node) + quote)
}

/** A string as it reads with its escapes undone. In: a node of kind string. */
export function stringText(tape: JsonTape, node: JsonNode): string {
  const head = wordAt(tape, node)
  const start = head >>> START_SHIFT
  const end = wordAt(tape, node + 1)
  if ((head & ESCAPED) === 0) return tape.text.substring(start, end)
  return JSON.parse(tape.text.substring(start - 1, end + 1))
}

/** The string at a node with its escapes undone; null for other kinds and for no node. */
export function stringValue(tape: JsonTape, node: JsonNode | null): string | null {
  return node !== null && codeOf(tape, node) === STRING ? stringText(tape, node) : null
}

/** The exact characters of a number; null for other kinds and for no node. */
export function numberText(tape: JsonTape, node: JsonNode | null): string | null {
  return node !== null && codeOf(tape, node) === NUMBER ? sourceText(tape, node) : null
}

/** Whether the node is JSON `true` or `false`; null for other kinds and for no node. */
export function booleanValue(tape: JsonTape, node: JsonNode | null): boolean | null {
  if (node === null || codeOf(tape, node) !== BOOLEAN) return null
  return tape.text.charCodeAt(startOf(tape, node)) === 0x74
}

/** Whether there is no value: no such member, or JSON `null`. */
export function isNullish(tape: JsonTape, node: JsonNode | null): boolean {
  return node === null || codeOf(tape, node) === NULL
}

/**
 * The value of a member, names compared with their escapes undone.
 *
 * Out:    null when the node is not an object or has no such member
 */
export function memberOf(tape: JsonTape, node: JsonNode | null, name: string): JsonNode | null {
  if (node === null || codeOf(tape, node) !== OBJECT) return null
  const after = nextOf(tape, node)
  for (let at = firstOf(node); at < after; at = nextOf(tape, valueAfter(at))) {
    if (isNamed(tape, at, name)) return valueAfter(at)
  }
  return null
}

/** Whether the member name at `node` reads `name`. */
export function isNamed(tape: JsonTape, node: JsonNode, name: string): boolean {
  const head = wordAt(tape, node)
  if ((head & ESCAPED) !== 0) return stringText(tape, node) === name
  const start = head >>> START_SHIFT
  return wordAt(tape, node + 1) - start === name.length && tape.text.startsWith(name, start)
}

/** Nodes come from the tape itself, so the index is never outside of it. */
function wordAt(tape: JsonTape, index: number): number {
  return tape.words[index] as number
}
