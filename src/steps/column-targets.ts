import type { DriftKind } from '../core/drift.js'
import type { LayoutColumn, LayoutField, LayoutSide, ValueKind } from '../core/layout.js'
import { fullPath, nameEnd } from '../core/paths.js'

/** Where the value at a path belongs. */
export interface Target {
  /** Null: into `extra`. */
  readonly column: LayoutColumn | null
  /** The path within the value of the column; null for that value itself. */
  readonly below: string | null
  /** The field at this very path; null where the catalogue has none. */
  readonly field: LayoutField | null
  /** What the value must be; null for anything. */
  readonly kinds: readonly ValueKind[] | null
  /** An object of which the members have columns: without members it says nothing. */
  readonly isHolder: boolean
  /** The path within the record. */
  readonly full: string
  /** That of the catalogue, as far as it reaches. */
  readonly known: string
  /** Whatever the value is. */
  readonly drift: DriftKind | null
}

/** Names come from results: no more is kept of those than one result may bring. */
const MOST_TARGETS = 1024
const LONGEST_PATH = 128
const OBJECT: readonly ValueKind[] = ['object']

/** Finds the target of each path of a side; results of one flow have the same paths, so that they are kept. */
export class ColumnTargets {
  readonly #side: LayoutSide
  readonly #fields: ReadonlyMap<string, LayoutField>
  #targets = new Map<string, Target>()

  constructor(side: LayoutSide, fields: readonly LayoutField[]) {
    this.#side = side
    this.#fields = new Map(fields.map((field) => [field.path, field]))
  }

  of(path: string): Target {
    const known = this.#targets.get(path)
    if (known !== undefined) return known
    const target = this.#find(path)
    if (path.length > LONGEST_PATH) return target
    if (this.#targets.size >= MOST_TARGETS) this.#targets = new Map()
    this.#targets.set(path, target)
    return target
  }

  #find(path: string): Target {
    const { field, column, columnEnd, isItem, end, known, drift } = this.#walk(path)
    const isReached = drift === null && end === path.length
    const isSide = isReached && known === ''
    const isOwn = columnEnd === path.length
    // A column of one value cannot take what has members.
    const takes = column !== null && (isOwn || column.content === 'json' || column.content === 'any')
    const kinds = isSide ? OBJECT : isItem ? itemKindsOf(field) : (field?.kinds ?? null)
    return {
      column: takes ? column : null,
      below: takes && !isOwn ? path.slice(path[columnEnd] === '.' ? columnEnd + 1 : columnEnd) : null,
      field: isReached && !isItem ? field : null,
      kinds: isReached ? kinds : null,
      isHolder: isReached && column === null && kinds?.includes('object') === true,
      full: fullPath(this.#side, path),
      known: fullPath(this.#side, known),
      drift,
    }
  }

  /** Follows a path through the catalogue as far as it reaches; below an open field to the fields that are named all the same. */
  #walk(path: string): Walk {
    const walk: Walk = {
      field: null,
      column: null,
      columnEnd: 0,
      isItem: false,
      end: 0,
      known: '',
      drift: null,
    }
    while (walk.end < path.length && walk.drift === null) {
      const isIndex = path[walk.end] === '['
      const isOpen = walk.field?.isOpen === true
      if (!mayHave(walk, isIndex ? 'array' : 'object')) walk.drift = 'other-kind'
      else if (isOpen && walk.isItem) break
      else if (isIndex) {
        walk.end = path.indexOf(']', walk.end) + 1
        walk.known += '[]'
        walk.isItem = true
      } else if (!this.#member(walk, path)) {
        if (isOpen) break
        walk.drift = 'unknown-field'
      }
    }
    return walk
  }

  /** Out: false for a member that the catalogue does not have. */
  #member(walk: Walk, path: string): boolean {
    const start = path[walk.end] === '.' ? walk.end + 1 : walk.end
    const end = nameEnd(path, start)
    const name = path.slice(start, end)
    const field = this.#fields.get(walk.known === '' ? name : `${walk.known}.${name}`)
    if (field === undefined) return false
    walk.field = field
    walk.known = field.path
    walk.isItem = false
    walk.end = end
    if (field.column !== null) {
      walk.column = field.column
      walk.columnEnd = end
    }
    return true
  }
}

interface Walk {
  /** Null for the side itself. */
  field: LayoutField | null
  column: LayoutColumn | null
  /** Where the path of the column ends. */
  columnEnd: number
  /** Whether it stands at an item of a list of objects. */
  isItem: boolean
  end: number
  known: string
  drift: DriftKind | null
}

const itemKindsOf = (field: LayoutField | null): readonly ValueKind[] | null =>
  field?.isOpen === true ? field.itemKinds : OBJECT

/** Whether the value at this place may be an object, or a list. */
function mayHave({ field, isItem }: Walk, kind: 'array' | 'object'): boolean {
  if (field === null) return kind === 'object'
  if (isItem && !field.isOpen) return kind === 'object'
  const kinds = isItem ? field.itemKinds : field.kinds
  return kinds === null || kinds.includes(kind)
}
