import { keyName, type Path } from './tree.js'

/** Reads single values of a configuration that may be wrong elsewhere: undefined where there is nothing usable. */
export interface Reader {
  number(path: Path): number | undefined
  text(path: Path): string | undefined
  flag(path: Path): boolean | undefined
  /** Length of a list; 0 where there is none. */
  count(path: Path): number
  /** Whether anything but null is there, written or by default. */
  has(path: Path): boolean
  /** Whether the user wrote the key. */
  isWritten(path: Path): boolean
}

/**
 * In:   plain     the values as written
 *       defaults  a whole configuration of defaults
 *       bad       keys that are reported already: they and all below read as undefined
 */
export function createReader(plain: unknown, defaults: unknown, bad: readonly Path[]): Reader {
  const badKeys = new Set(bad.map(keyName))
  const isBad = (path: Path): boolean => path.some((_, i) => badKeys.has(keyName(path.slice(0, i + 1))))
  const get = (path: Path): unknown => {
    if (isBad(path)) return undefined
    const written = follow(plain, path)
    return written.found ? written.value : follow(defaults, path).value
  }
  const typed = <T>(path: Path, isType: (value: unknown) => value is T): T | undefined => {
    const value = get(path)
    return isType(value) ? value : undefined
  }
  return {
    number: (path) => typed(path, (value) => typeof value === 'number'),
    text: (path) => typed(path, (value) => typeof value === 'string'),
    flag: (path) => typed(path, (value) => typeof value === 'boolean'),
    count: (path) => typed(path, (value): value is unknown[] => Array.isArray(value))?.length ?? 0,
    has: (path) => {
      const value = get(path)
      return value !== undefined && value !== null
    },
    isWritten: (path) => follow(plain, path).found,
  }
}

/** A list or null that is written hides the default below it. */
function follow(root: unknown, path: Path): { readonly found: boolean; readonly value: unknown } {
  let value = root
  for (const part of path) {
    if (Array.isArray(value)) {
      if (typeof part !== 'number' || part >= value.length) return { found: true, value: undefined }
      value = value[part]
    } else if (typeof value === 'object' && value !== null) {
      if (!Object.hasOwn(value, part)) return { found: false, value: undefined }
      value = (value as Record<string, unknown>)[part]
    } else return { found: value !== undefined, value: undefined }
  }
  return { found: value !== undefined, value }
}
