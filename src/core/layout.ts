/** How the columns of a typed record lie over a stage: made of the catalogue, read by the step that fills them. */

/**
 * What a column holds. `text` is a string's own text. `any` is that of a string, else JSON text. `json` is JSON text.
 * `day`, `instant` and `parsed-number` are read from the column before them, null where it cannot be read so.
 */
export type ColumnContent =
  | 'text'
  | 'number'
  | 'boolean'
  | 'any'
  | 'json'
  | 'day'
  | 'instant'
  | 'parsed-number'

export type LayoutSide = 'input' | 'output'

/** JSON kinds, as in the `kinds` of a flat stage; a string has none there. */
export type ValueKind = 'string' | 'number' | 'boolean' | 'object' | 'array'

export interface LayoutColumn {
  readonly name: string
  readonly content: ColumnContent
}

export interface LayoutField {
  /** Within its side, items without their index: `items[].employer`. */
  readonly path: string
  /** What it may be; null for any. */
  readonly kinds: readonly ValueKind[] | null
  /** What an item of an open list may be; null for anything, and for what is no list. */
  readonly itemKinds: readonly ValueKind[] | null
  /** Null for an object of which the members have the columns, and for what lies within a list. */
  readonly column: LayoutColumn | null
  /** The column beside it that is parsed from it. */
  readonly parsed: LayoutColumn | null
  /** Whether not all is known of what lies below, so that nothing there is new. */
  readonly isOpen: boolean
}

export interface StageLayout {
  readonly stageType: string
  readonly sides: Readonly<Record<LayoutSide, readonly LayoutField[]>>
}
