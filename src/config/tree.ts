/** Where a key or a list item is written. `file` is the name as the user gave it, or `--set` with the number of the option as line. */
export interface Position {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** One thing that is wrong. `text` never holds a value, only names, kinds and bounds. */
export interface Problem {
  readonly at: Position
  readonly key: string
  readonly text: string
}

export type Scalar = string | number | boolean | null

/** `loose`: the value came out of `${...}` or `--set`, so it is converted to the type of its key. */
export interface ScalarNode {
  readonly kind: 'scalar'
  readonly at: Position
  readonly value: Scalar
  readonly loose: boolean
}

export interface MapNode {
  readonly kind: 'map'
  readonly at: Position
  readonly entries: Map<string, ConfigNode>
}

export interface ListNode {
  readonly kind: 'list'
  readonly at: Position
  readonly items: ConfigNode[]
}

/** A value about which a problem has been reported already. */
export interface BrokenNode {
  readonly kind: 'broken'
  readonly at: Position
}

export type ConfigNode = ScalarNode | MapNode | ListNode | BrokenNode

export type Path = readonly (string | number)[]

/** `a.b[0].c`. Names that are not plain words are not shown: they may be a misplaced secret. */
export function keyName(path: Path): string {
  let name = ''
  for (const part of path) {
    if (typeof part === 'number') name += `[${part}]`
    else name += name === '' ? plainWord(part) : `.${plainWord(part)}`
  }
  return name === '' ? '(file)' : name
}

const plainWord = (word: string): string => (/^[A-Za-z0-9_-]{1,64}$/.test(word) ? word : '(odd name)')

export function childOf(node: ConfigNode | undefined, part: string | number): ConfigNode | undefined {
  if (node?.kind === 'map') return node.entries.get(String(part))
  if (node?.kind === 'list' && typeof part === 'number') return node.items[part]
  return undefined
}

export function nodeAt(root: ConfigNode, path: Path): ConfigNode | undefined {
  let node: ConfigNode | undefined = root
  for (const part of path) node = childOf(node, part)
  return node
}

/** The position of a key, or of its nearest ancestor that is written. */
export function positionOf(root: ConfigNode, path: Path): Position {
  let node: ConfigNode = root
  for (const part of path) {
    const next = childOf(node, part)
    if (next === undefined) break
    node = next
  }
  return node.at
}

/**
 * The tree as plain values without prototype; broken values are left out (undefined within lists), or the given text stands
 * for each.
 */
export function plainOf(node: ConfigNode, unread?: string): unknown {
  if (node.kind === 'scalar') return node.value
  if (node.kind === 'list') return node.items.map((item) => plainOf(item, unread))
  if (node.kind === 'broken') return unread
  const plain: Record<string, unknown> = Object.create(null)
  for (const [name, child] of node.entries) {
    if (child.kind !== 'broken' || unread !== undefined) plain[name] = plainOf(child, unread)
  }
  return plain
}
