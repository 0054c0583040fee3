import { firstOf, type JsonNode, type JsonTape, nextOf, stringText, valueAfter } from '../core/json/tape.js'
import type { Protect } from './protect.js'

/**
 * The names of an object that are masked, each as it is shown: no two alike, and none like a name that is not masked.
 *
 * Out:    by name node; a suffix (`-2`, `-3`, in received order) where two would be alike
 */
export function distinctNames(
  tape: JsonTape,
  object: JsonNode,
  protect: Pick<Protect, 'name'>,
): ReadonlyMap<JsonNode, string> {
  const taken = new Set<string>()
  const masked: { readonly node: JsonNode; readonly shown: string }[] = []
  const after = nextOf(tape, object)
  for (let node = firstOf(object); node < after; node = nextOf(tape, valueAfter(node))) {
    const text = stringText(tape, node)
    const shown = protect.name(text)
    if (shown === text) taken.add(text)
    else masked.push({ node, shown })
  }
  const counts = new Map<string, number>()
  const names = new Map<JsonNode, string>()
  for (const { node, shown } of masked) {
    let count = counts.get(shown) ?? 1
    let name = shown
    while (taken.has(name)) {
      count += 1
      name = `${shown}-${count}`
    }
    counts.set(shown, count)
    taken.add(name)
    names.set(node, name)
  }
  return names
}
