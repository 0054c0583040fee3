/** JSON written with control over its exact text: blanks, escapes, number text, order of members. */

const numberText = Symbol('number text')
const orderedMembers = Symbol('ordered members')
/** What `JSON.stringify` writes for a node it cannot write exactly. */
const NOT_PLAIN = '\u0000not plain'

/** A number that is sent as these characters (`1.0`, `12345678901234567890`). */
export interface NumberText {
  readonly [numberText]: string
}

/** An object whose members keep their order, integer-like names too. */
export interface OrderedObject {
  readonly [orderedMembers]: readonly (readonly [string, Tree])[]
}

/** What a result is made of. */
export type Tree =
  | null
  | boolean
  | number
  | string
  | NumberText
  | OrderedObject
  | readonly Tree[]
  | TreeObject

export type TreeObject = { readonly [name: string]: Tree | undefined }

/** How a body looks on the wire. `escaped` is compact with `\/` and `\u` escapes for all that is not ASCII. */
export type BodyForm = 'compact' | 'spaced' | 'pretty' | 'escaped'

/** What is signed when it is not the bytes as sent. */
export type CanonicalForm = 'compact' | 'sorted'

interface Style {
  readonly indent: string
  readonly colon: string
  readonly comma: string
  readonly escaped: boolean
  readonly sorted: boolean
  readonly exactNumbers: boolean
}

const COMPACT: Style = {
  indent: '',
  colon: ':',
  comma: ',',
  escaped: false,
  sorted: false,
  exactNumbers: true,
}

const STYLES: Readonly<Record<BodyForm, Style>> = {
  compact: COMPACT,
  spaced: { ...COMPACT, colon: ' : ', comma: ' ,\t' },
  pretty: { ...COMPACT, colon: ': ', indent: '  ' },
  escaped: { ...COMPACT, escaped: true },
}

const CANONICAL: Readonly<Record<CanonicalForm, Style>> = {
  compact: { ...COMPACT, exactNumbers: false },
  sorted: { ...COMPACT, exactNumbers: false, sorted: true },
}

/** A number with its own text. */
export function exactNumber(text: string): NumberText {
  const node = { [numberText]: text, toJSON: () => NOT_PLAIN }
  return node
}

/** An object with its own order of members. */
export function orderedObject(members: readonly (readonly [string, Tree])[]): OrderedObject {
  const node = { [orderedMembers]: members, toJSON: () => NOT_PLAIN }
  return node
}

/**
 * Writes a tree as it goes over the wire.
 *
 * In:     a tree; undefined members are left out
 * Out:    JSON text
 */
export function writeJson(tree: Tree, form: BodyForm): string {
  if (form === 'compact') {
    // The built-in writer is several times faster; it serves all trees without nodes of our own.
    const text = JSON.stringify(tree)
    if (!text.includes('"\\u0000not plain"')) return text
  }
  return write(tree, STYLES[form], '')
}

/**
 * Writes a tree in the form a signature may be made over: no blanks, strings and numbers as
 * `JSON.stringify` writes them, members in their own order or sorted by UTF-16 code unit at every level.
 *
 * Source: product.md section 5
 */
export function writeCanonical(tree: Tree, form: CanonicalForm): string {
  return write(tree, CANONICAL[form], '')
}

function write(tree: Tree, style: Style, margin: string): string {
  if (tree === null || typeof tree === 'boolean') return String(tree)
  if (typeof tree === 'string') return style.escaped ? escapeAll(tree) : JSON.stringify(tree)
  if (typeof tree === 'number') return JSON.stringify(tree)
  if (isNumberText(tree)) {
    return style.exactNumbers ? tree[numberText] : JSON.stringify(Number(tree[numberText]))
  }
  const inner = style.indent === '' ? '' : margin + style.indent
  if (isList(tree)) {
    return wrap(
      '[',
      tree.map((item) => write(item, style, inner)),
      ']',
      style,
      margin,
    )
  }
  return wrap('{', writeMembers(tree, style, inner), '}', style, margin)
}

function membersOf(tree: OrderedObject | TreeObject): readonly (readonly [string, Tree | undefined])[] {
  return isOrdered(tree) ? tree[orderedMembers] : Object.entries(tree)
}

function writeMembers(tree: OrderedObject | TreeObject, style: Style, inner: string): string[] {
  const members = [...membersOf(tree)]
  if (style.sorted) members.sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0))
  const parts: string[] = []
  for (const [name, value] of members) {
    if (value === undefined) continue
    const label = style.escaped ? escapeAll(name) : JSON.stringify(name)
    parts.push(label + style.colon + write(value, style, inner))
  }
  return parts
}

function wrap(open: string, parts: readonly string[], close: string, style: Style, margin: string): string {
  if (parts.length === 0 || style.indent === '') return open + parts.join(style.comma) + close
  const inner = `\n${margin}${style.indent}`
  return `${open}${inner}${parts.join(style.comma + inner)}\n${margin}${close}`
}

function escapeAll(text: string): string {
  return JSON.stringify(text)
    .replaceAll('/', '\\/')
    .replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

function isNumberText(tree: object): tree is NumberText {
  return numberText in tree
}

function isOrdered(tree: object): tree is OrderedObject {
  return orderedMembers in tree
}

function isList(tree: object): tree is readonly Tree[] {
  return Array.isArray(tree)
}
