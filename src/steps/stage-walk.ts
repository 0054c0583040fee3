import {
  ARRAY,
  codeOf,
  firstOf,
  type JsonNode,
  type JsonTape,
  kindOf,
  NULL,
  NUMBER,
  nextOf,
  OBJECT,
  STRING,
  sourceText,
  stringText,
  valueAfter,
} from '../core/json/tape.js'
import type { MediaItem } from '../core/media.js'
import type { TextMap } from '../core/records.js'
import { distinctNames } from './distinct-names.js'
import type { TakeMedia } from './media.js'
import { fullOf, type PathTree, type Place } from './path-tree.js'
import type { LeafKind, Protect } from './protect.js'

export interface FlattenLimits {
  /** Objects and arrays within each other; `input` and `output` are the first. */
  readonly depth: number
  /** Leaves of a stage. */
  readonly leaves: number
  readonly stages: number
  /** Characters of a member name. */
  readonly keyLength: number
}

/** Characters of paths in one result: long names over many leaves would be repeated beyond any memory. */
const MOST_PATH_TEXT = 16 * 1024 * 1024

/** What the walks of one result may still use together. */
export interface PathBudget {
  left: number
}

export const newPathBudget = (): PathBudget => ({ left: MOST_PATH_TEXT })

export interface WalkParts {
  readonly tape: JsonTape
  readonly tree: PathTree
  readonly protect: Protect
  readonly limits: FlattenLimits
  readonly budget: PathBudget
  readonly takeMedia: TakeMedia
}

/** The leaves of one stage, as they may leave the process. All maps are without prototype, so that any path can be a key. */
export class StageWalk {
  readonly input: TextMap = Object.create(null)
  readonly output: TextMap = Object.create(null)
  readonly extra: TextMap = Object.create(null)
  readonly kinds: Record<string, string> = Object.create(null)
  readonly redactions: Record<string, string> = Object.create(null)
  /** What is kept apart from the record. */
  readonly media: MediaItem[] = []
  /** The limit that was passed; the walk has stopped there. */
  over: string | null = null
  readonly #parts: WalkParts
  readonly #tape: JsonTape
  /** The map that takes the leaves just now. */
  #into: TextMap = this.input
  #leaves = 0
  readonly #renamed = new Map<JsonNode, ReadonlyMap<JsonNode, string>>()

  readonly #recordId: string

  constructor(parts: WalkParts, recordId: string) {
    this.#parts = parts
    this.#recordId = recordId
    this.#tape = parts.tape
  }

  /** Adds a member of the stage. Out: false when a limit is passed. */
  add(node: JsonNode, place: Place): boolean {
    this.#into = this[place.column]
    return this.#value(node, place, 1)
  }

  /**
   * The place of a member.
   *
   * Out:    null when its name is too long. Names that are masked alike, or like another member's own name, are told apart by a
   *         suffix (`-2`, `-3`, in received order), so that no value takes another's path
   */
  member(object: JsonNode, name: JsonNode, parent: Place): Place | null {
    const text = stringText(this.#tape, name)
    if (text.length > this.#parts.limits.keyLength) {
      this.#stop(`a member name over ${this.#parts.limits.keyLength} characters`)
      return null
    }
    const place = this.#parts.tree.member(parent, text)
    if (!place.renamed) return place
    let names = this.#renamed.get(object)
    if (names === undefined) {
      names = distinctNames(this.#tape, object, this.#parts.protect)
      this.#renamed.set(object, names)
    }
    const distinct = names.get(name) ?? place.name
    return distinct === place.name ? place : this.#parts.tree.renamed(parent, place, distinct)
  }

  /** A value and all below. Recursion is bounded by the depth limit. */
  #value(node: JsonNode, place: Place, depth: number): boolean {
    const code = codeOf(this.#tape, node)
    if (place.renamed) this.#redact(place, 'mask')
    if (place.scope.action === 'drop' && code !== NULL && !this.#opens(node, place))
      return this.#dropValue(node, code, place)
    if (code === STRING) return this.#text(stringText(this.#tape, node), place)
    if (code === NUMBER) return this.#number(sourceText(this.#tape, node), place)
    if (code > ARRAY) return this.#literal(node, place)
    if (depth > this.#parts.limits.depth) return this.#stop(`deeper than ${this.#parts.limits.depth}`)
    if (firstOf(node) === nextOf(this.#tape, node)) return this.#literal(node, place)
    return code === OBJECT ? this.#object(node, place, depth) : this.#array(node, place, depth)
  }

  /** Whether a rule that goes before the one that drops a value may keep something in it. */
  #opens(node: JsonNode, { scope }: Place): boolean {
    return scope.isPartly && codeOf(this.#tape, node) <= ARRAY && firstOf(node) !== nextOf(this.#tape, node)
  }

  #object(node: JsonNode, place: Place, depth: number): boolean {
    const after = nextOf(this.#tape, node)
    for (let name = firstOf(node); name < after; name = nextOf(this.#tape, valueAfter(name))) {
      const member = this.member(node, name, place)
      if (member === null || !this.#value(valueAfter(name), member, depth + 1)) return false
    }
    return true
  }

  #array(node: JsonNode, place: Place, depth: number): boolean {
    const after = nextOf(this.#tape, node)
    let index = 0
    for (let item = firstOf(node); item < after; item = nextOf(this.#tape, item)) {
      if (!this.#value(item, this.#parts.tree.item(place, index), depth + 1)) return false
      index += 1
    }
    return true
  }

  #text(text: string, place: Place): boolean {
    if (place.scope.action !== 'none') return this.#reshape('text', text, place)
    const shown = this.#parts.protect.text(place.scope, text)
    if (shown === null) return this.#takeMedia(text, place)
    if (shown !== text) this.#redact(place, 'mask')
    return this.#put(place, shown)
  }

  #number(text: string, place: Place): boolean {
    if (place.scope.action !== 'none') return this.#reshape('number', text, place)
    const shown = this.#parts.protect.number(place.scope, text)
    if (shown === text) this.#setKind(place, 'number')
    else this.#redact(place, 'mask')
    return this.#put(place, shown)
  }

  /** `true`, `false`, `null`, and containers without children: these have blanks between their brackets at most. */
  #literal(node: JsonNode, place: Place): boolean {
    const kind = kindOf(this.#tape, node)
    const holdsValue = kind === 'boolean' && place.scope.action !== 'none'
    if (holdsValue) return this.#reshape('literal', sourceText(this.#tape, node), place)
    this.#setKind(place, kind)
    const text = kind === 'object' ? '{}' : kind === 'array' ? '[]' : sourceText(this.#tape, node)
    return this.#put(place, text)
  }

  /** What is masked, hashed or encrypted is a text. */
  #reshape(kind: LeafKind, text: string, place: Place): boolean {
    const at = { recordId: this.#recordId, path: fullOf(place) }
    const shaped = this.#parts.protect.reshape(place.scope, { kind, text }, at)
    if (shaped.text === null) return this.#takeMedia(text, place)
    if (shaped.text !== text) this.#redact(place, shaped.action)
    else if (kind === 'number') this.#setKind(place, 'number')
    return this.#put(place, shaped.text)
  }

  #dropValue(node: JsonNode, code: number, place: Place): boolean {
    const isMedia = place.scope.rule === 'media' && code === STRING
    return isMedia ? this.#takeMedia(stringText(this.#tape, node), place) : this.#drop(place)
  }

  #takeMedia(text: string, place: Place): boolean {
    const { value, redaction, item } = this.#parts.takeMedia(text)
    this.#redact(place, redaction)
    if (item !== null) this.media.push(item)
    return this.#put(place, value)
  }

  #drop(place: Place): boolean {
    this.#redact(place, 'drop')
    return this.#put(place, null)
  }

  #put(place: Place, text: string | null): boolean {
    this.#leaves += 1
    if (this.#leaves > this.#parts.limits.leaves)
      return this.#stop(`more than ${this.#parts.limits.leaves} leaves`)
    if (!this.#spend(place.path)) return false
    this.#into[place.path] = text
    return true
  }

  #setKind(place: Place, kind: string): void {
    const full = fullOf(place)
    if (this.#spend(full)) this.kinds[full] = kind
  }

  #redact(place: Place, action: string): void {
    const full = fullOf(place)
    if (this.#spend(full)) this.redactions[full] = action
  }

  #spend(path: string): boolean {
    this.#parts.budget.left -= path.length
    return this.#parts.budget.left >= 0 || this.#stop('paths too long in all')
  }

  #stop(over: string): false {
    this.over = over
    return false
  }
}
