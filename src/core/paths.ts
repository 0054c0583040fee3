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
