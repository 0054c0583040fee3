/** From what zod found to what a person reads: names, kinds and bounds, never a value. */
import type { z } from 'zod'
import { kindOf, membersOf, type Schema, schemaAt, wordsFor } from './shape.js'
import { suggest } from './suggest.js'
import { type ConfigNode, keyName, nodeAt, type Path, type Problem, plainOf, positionOf } from './tree.js'

type Issue = z.core.$ZodIssue

export interface Found {
  readonly problems: readonly Problem[]
  /** Keys that hold nothing usable, so that no further rule looks at them. */
  readonly paths: readonly Path[]
}

/**
 * In:   root    the tree that was checked, and the issues zod has with it
 * Out:  a problem each, at the key; a missing key at its parent
 */
export function problemsOf(root: ConfigNode, schema: Schema, issues: readonly Issue[]): Found {
  const problems: Problem[] = []
  const paths: Path[] = []
  const seen = new Set<string>()
  const add = (path: Path, text: string): void => {
    const id = JSON.stringify(path)
    if (seen.has(id) || liesInBroken(root, path)) return
    seen.add(id)
    paths.push(path)
    problems.push({ at: positionOf(root, path), key: keyName(path), text })
  }
  for (const issue of issues.flatMap((one) => unfold(root, one))) {
    const path = issue.path as (string | number)[]
    if (issue.code === 'unrecognized_keys') {
      for (const name of issue.keys) {
        const here = [...path, name]
        const near = nearKey(schema, path, name)
        if (near === '' && isBareWord(root, here)) problems.push(bareWord(root, path, here))
        else add(here, `is not a known key${near}`)
      }
    } else add(path, textOf(root, schema, issue, path))
  }
  return { problems, paths }
}

/** Within `{ }` a name without a value may be a misplaced secret, so it is not shown. */
const isBareWord = (root: ConfigNode, path: Path): boolean => {
  const node = nodeAt(root, path)
  return node?.kind === 'scalar' && node.value === null
}

const bareWord = (root: ConfigNode, parent: Path, path: Path): Problem => ({
  at: positionOf(root, path),
  key: keyName(parent),
  text: 'has a word that is neither a known key nor a value; look for a missing blank after a colon, or a missing quote',
})

function liesInBroken(root: ConfigNode, path: Path): boolean {
  return (
    path.some((_, i) => nodeAt(root, path.slice(0, i))?.kind === 'broken') ||
    nodeAt(root, path)?.kind === 'broken'
  )
}

/** A union reports each branch: take the one that fits the kind of the value. */
function unfold(root: ConfigNode, issue: Issue): readonly Issue[] {
  if (issue.code !== 'invalid_union') return [issue]
  for (const branch of issue.errors) {
    if (branch.every((one) => one.path.length > 0 || one.code === 'unrecognized_keys')) {
      const inner = branch.map((one) => ({ ...one, path: [...issue.path, ...one.path] }))
      return inner.flatMap((one) => unfold(root, one))
    }
  }
  return [issue]
}

function textOf(root: ConfigNode, schema: Schema, issue: Issue, path: Path): string {
  const node = nodeAt(root, path)
  if (node === undefined) return 'is missing'
  const at = schemaAt(schema, path)
  const value = plainOf(node)
  switch (issue.code) {
    case 'invalid_type':
    case 'invalid_union':
      return wrongKind(at, value)
    case 'invalid_value':
      return typeof value === 'string' ? notOneOf(issue.values, value) : wrongKind(at, value)
    case 'too_small':
      return tooSmall(issue.origin, issue.minimum, issue.inclusive !== false)
    case 'too_big':
      return tooBig(issue.origin, issue.maximum)
    case 'invalid_key':
      return `has a name that is not allowed: it ${issue.issues[0]?.message ?? 'is not valid'}`
    case 'custom':
    case 'invalid_format':
      return issue.message
    default:
      return 'is not valid'
  }
}

function wrongKind(at: Schema | undefined, value: unknown): string {
  const wanted = at === undefined ? 'another value' : wordsFor(at)
  const quotes = typeof value === 'number' && wanted.startsWith('text') ? ': put it in quotes' : ''
  if (typeof value === 'number' && !Number.isSafeInteger(value) && wanted.startsWith('a whole number')) {
    return `must be ${wanted}, has a fraction or is too large`
  }
  return `must be ${wanted}, is ${kindOf(value)}${quotes}`
}

function notOneOf(values: readonly unknown[], value: string): string {
  const names = values.map(String)
  return `must be ${names.length === 1 ? '' : 'one of '}${names.join(', ')}${didYouMean(suggest(value, names))}`
}

const tooSmall = (origin: string, minimum: number | bigint, inclusive: boolean): string => {
  if (origin === 'string') return 'must not be empty'
  if (origin === 'array')
    return minimum === 1 ? 'must have at least one item' : `must have at least ${minimum} items`
  return inclusive ? `must be at least ${minimum}` : `must be more than ${minimum}`
}

const tooBig = (origin: string, maximum: number | bigint): string =>
  origin === 'string' ? `must have at most ${maximum} characters` : `must be at most ${maximum}`

const didYouMean = (name: string | null): string => (name === null ? '' : ` (did you mean ${name}?)`)

function nearKey(schema: Schema, path: Path, name: string): string {
  const parent = schemaAt(schema, path)
  const members = parent === undefined ? null : membersOf(parent)
  const near = suggest(name, Object.keys(members ?? {}))
  return didYouMean(near ?? elsewhere(schema, name))
}

/** The one place of the schema where a key of exactly this name exists. */
function elsewhere(schema: Schema, name: string): string | null {
  const found: string[] = []
  const visit = (at: Schema, path: string): void => {
    for (const [key, member] of Object.entries(membersOf(at) ?? {})) {
      const here = path === '' ? key : `${path}.${key}`
      if (key === name) found.push(here)
      visit(member, here)
    }
  }
  visit(schema, '')
  return found.length === 1 ? (found[0] ?? null) : null
}
