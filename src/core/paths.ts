/**
 * Paths of flattened values: `a.b[0].c`. `\` escapes `.`, `[`, `]` and `\` within a name; an empty name is `\e`.
 * The root has the empty path. Source: product.md section 6.
 */

const TO_ESCAPE = /[.[\]\\]/g
const EMPTY_NAME = '\\e'

export function escapeName(name: string): string {
  if (name === '') return EMPTY_NAME
  return name.replace(TO_ESCAPE, '\\$&')
}

/** The path of a member. In: the name as it reads, not escaped. */
export function memberPath(parent: string, name: string): string {
  return parent === '' ? escapeName(name) : `${parent}.${escapeName(name)}`
}

export function itemPath(parent: string, index: number): string {
  return `${parent}[${index}]`
}

/** A path within a record: `output` and `age` give `output.age`, a root gives `output`, `[0]` gives `output[0]`. */
export function fullPath(column: string, path: string): string {
  if (path === '') return column
  return path.startsWith('[') ? column + path : `${column}.${path}`
}

/** One step of a path: a member's name as it reads, or the index of an item. */
export type PathStep = string | number

/** Takes a path apart. In: one that was made as above. */
export function stepsOf(path: string): PathStep[] {
  const steps: PathStep[] = []
  for (let at = 0; at < path.length; ) {
    if (path[at] === '[') {
      const end = path.indexOf(']', at)
      steps.push(Number(path.slice(at + 1, end)))
      at = end + 1
    } else {
      const start = path[at] === '.' ? at + 1 : at
      at = nameEnd(path, start)
      steps.push(unescaped(path.slice(start, at)))
    }
  }
  return steps
}

/** Where the name that begins at `start` ends: before the next `.` or `[` that is none of its own. */
export function nameEnd(path: string, start: number): number {
  let at = start
  while (at < path.length && path[at] !== '.' && path[at] !== '[') at += path[at] === '\\' ? 2 : 1
  return at
}

function unescaped(name: string): string {
  if (name === EMPTY_NAME) return ''
  return name.includes('\\') ? name.replace(/\\(.)/gs, '$1') : name
}
