import { Buffer } from 'node:buffer'
import { fullPath, itemPath, memberPath } from '../core/paths.js'
import type { Protect, Scope } from './protect.js'

export type Column = 'input' | 'output' | 'extra'

/** The roots of one stage. */
export type Columns = Readonly<Record<Column, Place>>

/** A place in a stage: its path, and what the rules say about it. */
export interface Place {
  readonly column: Column
  /** Within the column; empty for the root. */
  readonly path: string
  readonly scope: Scope
  /** The name as it may be shown. */
  readonly name: string
  /** Whether that is another one than was received. */
  readonly renamed: boolean
  /** Within the record (`output.age`); made when first asked for. */
  full: string | null
  members: Map<string, Place> | null
  items: Place[] | null
}

/**
 * Results of one flow have the same names, so that places are kept; when there are this many the tree starts anew. Long names
 * and those that are masked are made each time.
 */
const MOST_PLACES = 16_384
const LONGEST_NAME = 64
const MOST_ITEMS = 64

/** Remembers places from record to record: paths and rules are made once for each, not once for each value. */
export class PathTree {
  readonly #protect: Protect
  #size = 0
  /** By the scope of the stage. */
  #roots = new Map<Scope, Columns>()

  constructor(protect: Protect) {
    this.#protect = protect
  }

  /** The roots of a stage: `Protect.stageOf` gives the same scope for stages under the same rules. */
  columnsOf(stage: Scope): Columns {
    let columns = this.#roots.get(stage)
    if (columns === undefined) {
      const root = (column: Column): Place => {
        const scope = column === 'extra' ? stage : this.#protect.member(stage, column)
        return newPlace(column, '', scope, column, false)
      }
      columns = { input: root('input'), output: root('output'), extra: root('extra') }
      this.#roots.set(stage, columns)
      this.#size += Object.keys(columns).length
    }
    return columns
  }

  /** To be called between results: no place of the old tree is in use then. */
  trim(): void {
    if (this.#size < MOST_PLACES) return
    this.#size = 0
    this.#roots = new Map()
  }

  member(parent: Place, name: string): Place {
    const known = parent.members?.get(name)
    if (known !== undefined) return known
    const keeps = name.length <= LONGEST_NAME && this.#size < MOST_PLACES
    // Everything that is kept is made of the copy: a part of the received text would keep all of it alive.
    const kept = keeps ? ownText(name) : name
    const shown = this.#protect.name(kept)
    const scope = this.#protect.member(parent.scope, kept)
    const path = memberPath(parent.path, shown)
    const place = newPlace(parent.column, path, scope, shown, shown !== name)
    if (keeps) {
      this.#size += 1
      parent.members ??= new Map()
      parent.members.set(kept, place)
    }
    return place
  }

  /** The same place under a name that no other member of its object has. */
  renamed(parent: Place, place: Place, name: string): Place {
    return newPlace(parent.column, memberPath(parent.path, name), place.scope, name, true)
  }

  item(parent: Place, index: number): Place {
    const known = parent.items?.[index]
    if (known !== undefined) return known
    const path = itemPath(parent.path, index)
    const place = newPlace(parent.column, path, this.#protect.item(parent.scope), '', false)
    if (index < MOST_ITEMS && this.#size < MOST_PLACES) {
      this.#size += 1
      parent.items ??= []
      parent.items[index] = place
    }
    return place
  }
}

function newPlace(column: Column, path: string, scope: Scope, name: string, renamed: boolean): Place {
  return { column, path, scope, name, renamed, full: null, members: null, items: null }
}

/** The path within the record. */
export function fullOf(place: Place): string {
  place.full ??= fullPath(place.column, place.path)
  return place.full
}

/** A copy that shares no memory with the text of which `text` is a part. */
function ownText(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8')
}
