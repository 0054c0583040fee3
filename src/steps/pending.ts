import {
  firstOf,
  isEmpty,
  isNamed,
  isNullish,
  type JsonNode,
  type JsonTape,
  kindOf,
  nextOf,
  stringValue,
  valueAfter,
} from '../core/json/tape.js'

const ASYNC_PREFIX = 'AR0'

/**
 * Whether an output holds only an async reference, or `items` of such: its check is not finished.
 *
 * In:     tape, node   the value of `output`
 * Out:    true for `_id` beginning with AR0 and at most a `number` beside it; a member that is null counts as missing
 * Source: product.md section 7, status; attestr.md sections 3.2 and 3.18
 */
export function isPending(tape: JsonTape, node: JsonNode): boolean {
  if (isReference(tape, node)) return true
  const items = onlyMember(tape, node, 'items')
  if (items === null || kindOf(tape, items) !== 'array' || isEmpty(tape, items)) return false
  const after = nextOf(tape, items)
  for (let item = firstOf(items); item < after; item = nextOf(tape, item)) {
    if (!isReference(tape, item)) return false
  }
  return true
}

function isReference(tape: JsonTape, node: JsonNode): boolean {
  if (kindOf(tape, node) !== 'object') return false
  const after = nextOf(tape, node)
  let hasId = false
  for (let name = firstOf(node); name < after; name = nextOf(tape, valueAfter(name))) {
    const value = valueAfter(name)
    if (isNullish(tape, value)) continue
    if (isNamed(tape, name, '_id')) hasId = stringValue(tape, value)?.startsWith(ASYNC_PREFIX) ?? false
    else if (!isNamed(tape, name, 'number') || isContainer(tape, value)) return false
  }
  return hasId
}

/** The value of the member with this name when all others are null. */
function onlyMember(tape: JsonTape, node: JsonNode, wanted: string): JsonNode | null {
  if (kindOf(tape, node) !== 'object') return null
  const after = nextOf(tape, node)
  let found: JsonNode | null = null
  for (let name = firstOf(node); name < after; name = nextOf(tape, valueAfter(name))) {
    const value = valueAfter(name)
    if (isNullish(tape, value)) continue
    if (!isNamed(tape, name, wanted)) return null
    found = value
  }
  return found
}

function isContainer(tape: JsonTape, node: JsonNode): boolean {
  return kindOf(tape, node) === 'object' || kindOf(tape, node) === 'array'
}
