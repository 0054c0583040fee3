import type { FlatStage, TextMap } from '../../src/core/records.js'

/**
 * The signed result as a JSON value, rebuilt from its flat stages. It shares nothing with the code that flattened: what it
 * knows is what a reader of the records knows. Objects are Maps, so that any name and its place in order can be compared.
 */
export type Rebuilt = NumberText | string | boolean | null | Rebuilt[] | Map<string, Rebuilt>

/** A number as its exact characters. */
export class NumberText {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

type Step = { readonly name: string } | { readonly index: number }

export function rebuild(stages: readonly FlatStage[]): Map<string, Rebuilt> {
  return new Map(stages.map((stage) => [stage.stageId, rebuildStage(stage)]))
}

function rebuildStage(stage: FlatStage): Rebuilt {
  const members = new Map<string, Rebuilt>()
  for (const column of ['input', 'output'] as const) {
    const value = rebuildColumn(stage[column], (path) => kindAt(stage, column, path))
    if (value !== undefined) members.set(column, value)
  }
  const extra = rebuildColumn(stage.extra, (path) => kindAt(stage, 'extra', path))
  if (extra instanceof Map) for (const [name, value] of extra) members.set(name, value)
  return members
}

function kindAt(stage: FlatStage, column: string, path: string): string | undefined {
  return stage.kinds[path === '' ? column : path.startsWith('[') ? column + path : `${column}.${path}`]
}

/** Out: undefined for an empty map, which stands for a missing member. */
function rebuildColumn(map: TextMap, kindOf: (path: string) => string | undefined): Rebuilt | undefined {
  let root: Rebuilt | undefined
  for (const path of Object.keys(map)) {
    root = placed(root, stepsOf(path), leaf(map[path] ?? null, kindOf(path)))
  }
  return root
}

function leaf(text: string | null, kind: string | undefined): Rebuilt {
  if (text === null) throw new Error('a dropped value cannot be rebuilt')
  if (kind === undefined) return text
  if (kind === 'number') return new NumberText(text)
  if (kind === 'object') return new Map()
  if (kind === 'array') return []
  return JSON.parse(text)
}

function placed(into: Rebuilt | undefined, steps: readonly Step[], value: Rebuilt): Rebuilt {
  const [step, ...rest] = steps
  if (step === undefined) return value
  if ('index' in step) {
    const items = Array.isArray(into) ? into : []
    items[step.index] = placed(items[step.index], rest, value)
    return items
  }
  const members = into instanceof Map ? into : new Map<string, Rebuilt>()
  members.set(step.name, placed(members.get(step.name), rest, value))
  return members
}

function stepsOf(path: string): Step[] {
  const steps: Step[] = []
  let at = 0
  while (at < path.length) {
    const index = /^\[(\d+)\]/.exec(path.slice(at))
    if (index !== null) {
      steps.push({ index: Number(index[1]) })
      at += index[0].length
      continue
    }
    if (path[at] === '.') at += 1
    let name = ''
    let isEmpty = false
    while (at < path.length && path[at] !== '.' && path[at] !== '[') {
      const isEscape = path[at] === '\\'
      if (isEscape) at += 1
      if (isEscape && path[at] === 'e') isEmpty = true
      else name += path[at]
      at += 1
    }
    if (isEmpty && name !== '') throw new Error(`\\e within a name: ${path}`)
    steps.push({ name })
  }
  return steps
}
