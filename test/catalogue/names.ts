/** Names of a stage written as JSON values, by the paths of product.md section 6. */
import { namesIn } from '../../src/catalogue/shape.js'
import { itemPath, memberPath } from '../../src/core/paths.js'
import type { StageNames } from '../../src/core/stage-type.js'

export interface JsonStage {
  readonly input?: unknown
  readonly output?: unknown
}

export function namesOf(stage: JsonStage): StageNames {
  return { input: namesIn(pathsOf(stage.input, '')), output: namesIn(pathsOf(stage.output, '')) }
}

function pathsOf(value: unknown, path: string): string[] {
  if (typeof value !== 'object' || value === null) return [path]
  const below = Array.isArray(value)
    ? value.flatMap((item, index) => pathsOf(item, itemPath(path, index)))
    : Object.entries(value).flatMap(([name, member]) => pathsOf(member, memberPath(path, name)))
  return below.length === 0 ? [path] : below
}
