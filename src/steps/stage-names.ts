import {
  ARRAY,
  codeOf,
  firstOf,
  type JsonNode,
  type JsonTape,
  memberOf,
  nextOf,
  OBJECT,
  stringText,
  valueAfter,
} from '../core/json/tape.js'
import type { SideNames, StageNames } from '../core/stage-type.js'

/** Names beyond these tell nothing more about a type. */
const MOST_NAMES = 512
/** A side that is no object: a name that no type has. */
const NO_OBJECT = '[]'

/** The names that the shape of a stage is told by, as received. In: node  the stage, an object. */
export function stageNames(tape: JsonTape, node: JsonNode): StageNames {
  return {
    input: sideNames(tape, memberOf(tape, node, 'input')),
    output: sideNames(tape, memberOf(tape, node, 'output')),
  }
}

function sideNames(tape: JsonTape, side: JsonNode | null): SideNames {
  const members = new Set<string>()
  const inner = new Set<string>()
  if (side === null) return { members, inner }
  const code = codeOf(tape, side)
  if (code === ARRAY) members.add(NO_OBJECT)
  if (code !== OBJECT) return { members, inner }
  for (const [name, value] of membersIn(tape, side)) {
    members.add(name)
    for (const below of namesBelow(tape, value)) inner.add(`${name}${below}`)
    if (members.size + inner.size >= MOST_NAMES) break
  }
  return { members, inner }
}

/** `.city` of an object, `[].employer` of the first object in a list. */
function namesBelow(tape: JsonTape, value: JsonNode): string[] {
  const code = codeOf(tape, value)
  if (code === OBJECT) return membersIn(tape, value).map(([name]) => `.${name}`)
  if (code !== ARRAY) return []
  const item = firstOf(value)
  if (item >= nextOf(tape, value) || codeOf(tape, item) !== OBJECT) return []
  return membersIn(tape, item).map(([name]) => `[].${name}`)
}

function membersIn(tape: JsonTape, object: JsonNode): [string, JsonNode][] {
  const members: [string, JsonNode][] = []
  const after = nextOf(tape, object)
  for (let name = firstOf(object); name < after; name = nextOf(tape, valueAfter(name))) {
    members.push([stringText(tape, name), valueAfter(name)])
    if (members.length >= MOST_NAMES) break
  }
  return members
}
