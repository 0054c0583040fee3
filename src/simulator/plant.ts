import type { Canary } from './draw.js'
import type { SimulatedStage } from './handshakes.js'
import type { Tree, TreeObject } from './json.js'

/**
 * Puts the secret of a canary at the paths that it names for a type, whatever was there.
 *
 * In:     result   stage ids to stages
 * Out:    the same result with the values in place; a path `input.items[].reg` makes a list of one item
 */
export function planted(result: TreeObject, stages: readonly SimulatedStage[], canary: Canary): TreeObject {
  if (canary.fields === undefined) return result
  const more = stages.map(({ stageId, stageType }) => {
    const paths = canary.fields?.[stageType] ?? []
    const place = (stage: Tree, path: string): Tree => withValue(stage, path.split('.'), canary.secret)
    return [stageId, [...paths].sort(byLength).reduce<Tree>(place, result[stageId] ?? {})] as const
  })
  return { ...result, ...Object.fromEntries(more) }
}

/** A container before what lies in it. */
const byLength = (one: string, two: string): number => one.length - two.length

function withValue(tree: Tree, names: readonly string[], value: string): Tree {
  const [first = '', ...rest] = names
  const object = isObject(tree) ? tree : {}
  const isList = first.endsWith('[]')
  const name = isList ? first.slice(0, -2) : first
  const [item] = Array.isArray(object[name]) ? object[name] : [object[name]]
  const below = rest.length === 0 ? value : withValue(item ?? {}, rest, value)
  return { ...object, [name]: isList ? [below] : below }
}

function isObject(tree: Tree): tree is TreeObject {
  return typeof tree === 'object' && tree !== null && Object.getPrototypeOf(tree) === Object.prototype
}
