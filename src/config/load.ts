import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { z } from 'zod'
import { userTypeProblems } from '../catalogue/user-problems.js'
import type { Config } from './config.js'
import { CONTRADICTIONS } from './contradictions.js'
import type { Environment } from './environment.js'
import { fitToSchema } from './fit.js'
import { problemsOf } from './issues.js'
import { applyOverrides } from './overrides.js'
import { privacyProblems } from './privacy-problems.js'
import { createReader } from './reader.js'
import { configSchema } from './schema.js'
import { parseConfigText } from './source.js'
import { reasonOf, type Substitutes } from './substitute.js'
import {
  type ConfigNode,
  keyName,
  type MapNode,
  nodeAt,
  type Path,
  type Problem,
  plainOf,
  positionOf,
} from './tree.js'
import { typedTopicProblems } from './typed-topics.js'

export interface ConfigSource {
  /** As the user gave it; problems name it so. */
  readonly file: string
  /** `KEY=VALUE`, in order. */
  readonly sets?: readonly string[]
  readonly env: Environment
  /** Throws when the file cannot be read. */
  readonly readText?: (path: string) => string
}

export type LoadedConfig = { readonly config: Config } | { readonly problems: readonly string[] }

const readUtf8 = (path: string): string => readFileSync(path, 'utf8')

/**
 * Loads and checks the configuration, and finds everything that is wrong in one go.
 *
 * Out:    the configuration, or a line a problem: `FILE:LINE:COL KEY: what is wrong`,
 *         in the order of the file, then of `--set`. No line holds a value, of a secret or of anything else.
 * Source: product.md section 10
 */
export function loadConfig(source: ConfigSource): LoadedConfig {
  const readText = source.readText ?? readUtf8
  const start = { file: source.file, line: 1, column: 1 }
  const folder = dirname(resolve(source.file))
  const substitutes: Substitutes = { env: source.env, readText: (path) => readText(resolve(folder, path)) }
  let content: string
  try {
    content = readText(source.file)
  } catch (error) {
    return refused([{ at: start, key: '(file)', text: `cannot be read (${reasonOf(error)})` }])
  }
  const parsed = parseConfigText(content, { file: source.file, substitutes })
  const { root, problem } = topOf(parsed.root)
  if (problem !== null) return refused([...parsed.problems, { at: start, key: '(file)', text: problem }])
  if (root === null) return refused(parsed.problems)
  const problems = [...parsed.problems, ...applyOverrides(root, source.sets ?? [], substitutes)]
  return check({ root, problems, folder, readText })
}

function topOf(root: ReturnType<typeof parseConfigText>['root']): {
  readonly root: MapNode | null
  readonly problem: string | null
} {
  if (root.kind === 'map') return { root, problem: null }
  if (root.kind === 'broken') return { root: null, problem: null }
  if (root.kind === 'scalar' && root.value === null) {
    return { root: { kind: 'map', at: root.at, entries: new Map() }, problem: null }
  }
  return { root: null, problem: 'must be a map of keys, such as `attestr:` and `kafka:`' }
}

interface Draft {
  readonly root: MapNode
  readonly problems: readonly Problem[]
  readonly folder: string
  readonly readText: (path: string) => string
}

function check(draft: Draft): LoadedConfig {
  const root = fitToSchema(draft.root, configSchema) ?? draft.root
  const plain = plainOf(root)
  const result = configSchema.safeParse(plain)
  const found = problemsOf(root, configSchema, result.success ? [] : result.error.issues)
  const problems: Problem[] = [...draft.problems, ...found.problems]
  const reader = createReader(plain, DEFAULTS, found.paths)
  const report = (path: Path, text: string): void => {
    problems.push({ at: positionOf(root, path), key: keyName(path), text })
  }
  for (const rule of CONTRADICTIONS) rule(reader, report)
  for (const { path, text } of problemsBetween(root, found.paths)) report(path, text)
  for (const path of FILE_KEYS) {
    const file = reader.text(path)
    if (file === undefined || nodeAt(root, path) === undefined) continue
    const reason = unreadable(resolve(draft.folder, file), draft.readText)
    if (reason !== null) report(path, `names a file that cannot be read (${reason})`)
  }
  if (problems.length > 0 || !result.success) return refused(problems)
  return { config: finish(result.data, draft.folder) }
}

/** Stands for a text that could not be read, such as a variable that is not set: it may be a key of 32 bytes as well. */
const UNREAD = '0'.repeat(64)

/**
 * What the schema of a section cannot see, of every section that has no problem of its own: the others stand as in the smallest
 * configuration meanwhile.
 */
function problemsBetween(root: ConfigNode, broken: readonly Path[]): readonly { path: Path; text: string }[] {
  if (root.kind !== 'map') return []
  const ofSchema = new Set(broken.map(([section]) => section))
  const sections = new Map<string, unknown>()
  for (const [section, node] of root.entries) {
    const plain = ofSchema.has(section) ? undefined : wholeSection(section, node)
    if (plain !== undefined) sections.set(section, plain)
  }
  const { success, data } = configSchema.safeParse({ ...SMALLEST, ...Object.fromEntries(sections) })
  const isBad = (section: string): boolean => root.entries.has(section) && !sections.has(section)
  if (!success || isBad('catalogue')) return []
  const inTypes = userTypeProblems(data.catalogue.types)
  const found: readonly { path: Path; text: string }[] =
    inTypes.length > 0
      ? inTypes.map(({ path, text }) => ({ path: ['catalogue', 'types', ...path], text }))
      : [
          ...(isBad('topics') || isBad('records') ? [] : typedTopicProblems(data)),
          ...(isBad('privacy') ? [] : privacyProblems(data)),
        ]
  return found.filter(({ path }) => nodeAt(root, path)?.kind !== 'broken')
}

/** Out: a section in which a text stands for each that could not be read, or that is without them; undefined: neither will do. */
function wholeSection(section: string, node: ConfigNode): unknown {
  const isWhole = (plain: unknown): boolean =>
    configSchema.safeParse({ ...SMALLEST, [section]: plain }).success
  return [plainOf(node, UNREAD), plainOf(node)].find(isWhole)
}

const FILE_KEYS: readonly Path[] = [
  ['attestr', 'caFile'],
  ['kafka', 'ssl', 'caFile'],
  ['kafka', 'ssl', 'certFile'],
  ['kafka', 'ssl', 'keyFile'],
  ['schemaRegistry', 'caFile'],
]

function unreadable(path: string, readText: (path: string) => string): string | null {
  try {
    readText(path)
    return null
  } catch (error) {
    return reasonOf(error)
  }
}

type Parsed = z.output<typeof configSchema>

function finish(parsed: Parsed, folder: string): Config {
  const absolute = (file: string | null): string | null => (file === null ? null : resolve(folder, file))
  const { ssl } = parsed.kafka
  const files =
    typeof ssl === 'boolean'
      ? ssl
      : { caFile: absolute(ssl.caFile), certFile: absolute(ssl.certFile), keyFile: absolute(ssl.keyFile) }
  const ignored = new Set(parsed.events.ignore)
  return {
    ...parsed,
    attestr: { ...parsed.attestr, caFile: absolute(parsed.attestr.caFile) },
    kafka: { ...parsed.kafka, ssl: files },
    schemaRegistry: {
      ...parsed.schemaRegistry,
      caFile: absolute(parsed.schemaRegistry.caFile),
      idsFile: absolute(parsed.schemaRegistry.idsFile),
    },
    privacy: { ...parsed.privacy, media: { directory: absolute(parsed.privacy.media.directory) } },
    events: { ...parsed.events, fetch: parsed.events.fetch.filter((name) => !ignored.has(name)) },
  }
}

/** The smallest configuration: what it holds beside these keys is defaults. */
const SMALLEST = {
  attestr: { credentials: [{ id: 'id', authToken: 'token', clientSecret: 'secret' }] },
  kafka: { brokers: ['localhost:9092'] },
  schemaRegistry: { url: 'http://localhost:8081' },
}

export const DEFAULTS: Parsed = configSchema.parse(SMALLEST)

const isFromFile = (problem: Problem): number => (problem.at.file === '--set' ? 1 : 0)

function refused(problems: readonly Problem[]): LoadedConfig {
  const sorted = [...problems].sort(
    (one, two) =>
      isFromFile(one) - isFromFile(two) || one.at.line - two.at.line || one.at.column - two.at.column,
  )
  const lines = sorted.map(({ at, key, text }) => `${at.file}:${at.line}:${at.column} ${key}: ${text}`)
  return { problems: [...new Set(lines)] }
}

/** The text for stderr: the problems, then their count on a line of its own. */
export function problemReport(problems: readonly string[]): string {
  return `${problems.join('\n')}\n${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}\n`
}
