import { parseConfigText } from './source.js'
import type { Substitutes } from './substitute.js'
import {
  type ConfigNode,
  childOf,
  keyName,
  type MapNode,
  type Path,
  type Position,
  type Problem,
} from './tree.js'

/**
 * Puts `--set a.b=c` and `--set list.0.a=c` into the tree, in order. A value is YAML: `5`, `true`, `[a, b]`, `{a: b}`.
 *
 * Out:  the problems; their line is the number of the option (`--set:2:1`)
 */
export function applyOverrides(root: MapNode, sets: readonly string[], substitutes: Substitutes): Problem[] {
  return sets.flatMap((option, index) => {
    const at: Position = { file: '--set', line: index + 1, column: 1 }
    const cut = option.indexOf('=')
    const path = cut === -1 ? null : parsePath(option.slice(0, cut))
    if (path === null)
      return [{ at, key: '(option)', text: 'must be KEY=VALUE, such as fetch.concurrency=16' }]
    const parsed = parseConfigText(option.slice(cut + 1), { file: '--set', at, substitutes, path })
    const problem = place(root, path, parsed.root, at)
    return problem === null
      ? parsed.problems
      : [...parsed.problems, { at, key: keyName(path), text: problem }]
  })
}

function parsePath(text: string): Path | null {
  const parts = text
    .trim()
    .replace(/\[(\d+)\]/g, '.$1')
    .split('.')
  if (parts.some((part) => !/^[A-Za-z0-9_-]+$/.test(part))) return null
  return parts.map((part) => (/^\d{1,4}$/.test(part) ? Number(part) : part))
}

function place(root: MapNode, path: Path, value: ConfigNode, at: Position): string | null {
  let node: ConfigNode = root
  for (const part of path.slice(0, -1)) {
    const next: ConfigNode | undefined = childOf(node, part)
    if (next === undefined || (next.kind === 'scalar' && next.value === null)) {
      const made: ConfigNode = { kind: 'map', at, entries: new Map() }
      const problem = put(node, part, made)
      if (problem !== null) return problem
      node = made
    } else node = next
  }
  return put(node, path[path.length - 1] ?? '', value)
}

function put(node: ConfigNode, part: string | number, value: ConfigNode): string | null {
  if (node.kind === 'map') {
    node.entries.set(String(part), value)
    return null
  }
  if (node.kind !== 'list') return node.kind === 'broken' ? null : 'lies below a key that holds a plain value'
  if (typeof part !== 'number') return 'needs the number of a list item, counted from 0'
  if (part > node.items.length) return 'is beyond the end of the list'
  node.items[part] = value
  return null
}
