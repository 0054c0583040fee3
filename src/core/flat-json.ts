import { type PathStep, stepsOf } from './paths.js'

/** JSON text, or what is being put together. */
type Part = string | Map<string, Part> | Part[]

/**
 * The JSON text of one leaf of a flat stage.
 *
 * In:     text   null where a privacy rule dropped the value
 *         kind   as in `kinds`; undefined for a string
 */
export function leafJson(text: string | null, kind: string | undefined): string {
  if (text === null) return 'null'
  return kind === undefined ? JSON.stringify(text) : text
}

/** Puts a JSON value together again from leaves and their paths, in the order in which they come. */
export class JsonParts {
  #root: Part | null = null

  /** In: `path` of product.md section 6, `json` the text of the leaf. The place of a leaf is given once. */
  add(path: string, json: string): void {
    this.#root = placed(this.#root, stepsOf(path), 0, json)
  }

  /** Null when nothing was added. */
  text(): string | null {
    return this.#root === null ? null : textOf(this.#root)
  }
}

function placed(into: Part | null, steps: readonly PathStep[], at: number, json: string): Part {
  const step = steps[at]
  if (step === undefined) return json
  if (typeof step === 'number') {
    const items = Array.isArray(into) ? into : []
    items[step] = placed(items[step] ?? null, steps, at + 1, json)
    return items
  }
  const members = into instanceof Map ? into : new Map<string, Part>()
  members.set(step, placed(members.get(step) ?? null, steps, at + 1, json))
  return members
}

function textOf(part: Part): string {
  if (typeof part === 'string') return part
  if (Array.isArray(part)) return `[${part.map(textOf).join(',')}]`
  return `{${[...part].map(([name, value]) => `${JSON.stringify(name)}:${textOf(value)}`).join(',')}}`
}

/**
 * A column of a flat stage as JSON text.
 *
 * Out:    null for an empty map, which stands for a missing member
 */
export function columnJson(
  leaves: Readonly<Record<string, string | null>>,
  kindOf: (path: string) => string | undefined,
): string | null {
  const parts = new JsonParts()
  for (const path in leaves) parts.add(path, leafJson(leaves[path] ?? null, kindOf(path)))
  return parts.text()
}
