/** Who may import whom, and who alone may touch what. Source: house.md section 2. */
import { describe, expect, it } from 'vitest'
import { codeOf, type Import, importsOf, typescriptBelow } from './tree.js'

const sources = typescriptBelow('src')
const imports = sources.flatMap(importsOf)

/** The part of `src` a file belongs to: a folder, or a file at the top. */
function partOf(path: string): string {
  const [, first = '', second = ''] = path.split('/')
  return first === 'io' || first === 'tools' ? `${first}/${second}` : first
}

const EDGES = ['io/attestr', 'io/kafka', 'io/media', 'io/registry', 'io/system', 'io/ops']
const BELOW_CONNECTOR = [
  'configured-privacy.ts',
  'pipeline.ts',
  'run',
  'steps',
  'core',
  'config',
  'catalogue',
]

/** Each part with the parts that it may import. A part that is not here may not exist. */
const MAY: Readonly<Record<string, readonly string[]>> = {
  'cli.ts': ['commands', 'config'],
  commands: [
    'catalogue',
    'service.ts',
    'edges.ts',
    'configured-privacy.ts',
    'connector.ts',
    'demo',
    'tools',
    'config',
    'stack',
    'simulator',
    'steps',
    'core',
    'io/ops',
  ],
  demo: ['catalogue', 'commands', 'tools', 'config', 'stack', 'simulator', 'core', ...EDGES],
  'index.ts': ['library', 'connector.ts', 'config', 'steps', 'core'],
  library: [
    'edges.ts',
    'configured-privacy.ts',
    'connector.ts',
    'config',
    'catalogue',
    'steps',
    'core',
    ...EDGES,
  ],
  'service.ts': ['edges.ts', 'connector.ts', 'reload.ts', 'config', 'core', ...EDGES],
  'reload.ts': ['config', 'core'],
  'edges.ts': ['connector.ts', 'configured-encoders.ts', 'config', 'catalogue', 'core', ...EDGES],
  'configured-encoders.ts': ['config', 'catalogue', 'core', ...EDGES],
  'connector.ts': ['configured-path.ts', 'configured-credentials.ts', ...BELOW_CONNECTOR],
  'configured-credentials.ts': ['config', 'core'],
  'configured-path.ts': BELOW_CONNECTOR,
  'configured-privacy.ts': ['config', 'catalogue', 'steps', 'core'],
  tools: [...EDGES, 'core'],
  run: ['pipeline.ts', 'steps', 'core'],
  'pipeline.ts': ['steps', 'core'],
  steps: ['core'],
  catalogue: ['core'],
  'io/memory': ['core', ...EDGES],
  'io/attestr': ['core'],
  'io/kafka': ['core'],
  'io/registry': ['core'],
  'io/media': ['core'],
  'io/system': ['core'],
  'io/ops': ['core'],
  config: ['catalogue', 'core'],
  simulator: ['core'],
  stack: [],
  core: [],
}

const ruleOf = (part: string): readonly string[] | undefined =>
  MAY[part] ?? (part.startsWith('tools/') ? MAY['tools'] : undefined)

function isAllowed(from: string, to: string): boolean {
  if (from === to) return true
  return ruleOf(from)?.some((one) => one === to || to.startsWith(`${one}/`)) === true
}

const show = ({ from, to }: Import): string => `${from} imports ${to}`

describe('a file of src', () => {
  it('belongs to a part that has a rule', () => {
    const parts = new Set(sources.map(({ path }) => partOf(path)))
    expect([...parts].filter((part) => ruleOf(part) === undefined)).toEqual([])
  })

  it('imports only parts that its own part may import', () => {
    expect(imports.length).toBeGreaterThan(300)
    const wrong = imports.filter(({ from, to, isFile }) => isFile && !isAllowed(partOf(from), partOf(to)))
    expect(wrong.map(show)).toEqual([])
  })

  it('stays within src, but for the schemas and the manifest that it reads', () => {
    expect(imports.filter(({ to, isFile }) => isFile && !to.startsWith('src/')).map(show)).toEqual([])
  })

  it('is in no circle of imports that are more than types', () => {
    const next = new Map(sources.map((file) => [file.path, valueImportsOf(file)]))
    const circles: string[] = []
    const state = new Map<string, 'open' | 'done'>()
    const visit = (path: string, way: readonly string[]): void => {
      if (state.get(path) === 'open') circles.push([...way.slice(way.indexOf(path)), path].join(' > '))
      if (state.has(path)) return
      state.set(path, 'open')
      for (const to of next.get(path) ?? []) visit(to, [...way, path])
      state.set(path, 'done')
    }
    for (const { path } of sources) visit(path, [])
    expect(circles).toEqual([])
  })

  function valueImportsOf(file: (typeof sources)[number]): string[] {
    const text = file.text.replace(/^(?:import|export) type [\s\S]*?from '[^']+'/gm, '')
    return importsOf({ ...file, text }).flatMap(({ to, isFile }) => (isFile ? [to] : []))
  }
})

describe('the proof', () => {
  it('is built without the code that it judges, at however many removes', () => {
    const next = new Map(sources.map((file) => [file.path, importsOf(file)]))
    const reached = new Set<string>()
    const visit = (path: string): void => {
      if (reached.has(path)) return
      reached.add(path)
      for (const { to, isFile } of next.get(path) ?? []) if (isFile) visit(to)
    }
    for (const { path } of sources) if (path.startsWith('src/tools/reconcile/')) visit(path)
    expect(reached.size).toBeGreaterThan(20)
    const judged =
      /^src\/(steps|run|config)\/|^src\/(pipeline|connector|configured-path|edges|service)\.ts|^src\/core\/(chain|policy|work)\.ts/
    expect([...reached].filter((path) => judged.test(path))).toEqual([])
  })
})

describe('a package', () => {
  const packages = imports.filter(({ isFile }) => !isFile)

  /** The one part where each appears, behind a port. */
  const HOMES: readonly (readonly [RegExp, readonly string[]])[] = [
    [/^kafkajs(\/|$)/, ['io/kafka']],
    [/^(snappy|lz4-napi|fzstd)$/, ['io/kafka']],
    [/^avsc(\/|$)/, ['io/registry']],
    [/^@kafkajs\//, ['io/registry']],
    [/^undici$/, ['io/attestr', 'io/registry']],
    [/^(pino|pino-pretty|prom-client)$/, ['io/ops']],
    [/^commander$/, ['commands']],
    [/^zod$/, ['config']],
    [/^yaml$/, ['config', 'demo']],
    [/^p-limit$/, ['io/kafka', 'io/media', 'library']],
  ]

  it('appears in its own place alone', () => {
    const wrong = packages.filter(({ from, to }) => {
      if (to.startsWith('node:')) return false
      const home = HOMES.find(([name]) => name.test(to))
      return home === undefined || !home[1].includes(partOf(from))
    })
    expect(wrong.map(show)).toEqual([])
  })

  it.each(['core', 'run', 'pipeline.ts', 'catalogue'])(
    'does not appear in %s, not even one of Node',
    (part) => {
      expect(packages.filter(({ from }) => partOf(from) === part).map(show)).toEqual([])
    },
  )

  it('appears in steps only for crypto and buffers', () => {
    const allowed = ['node:crypto', 'node:buffer']
    const wrong = packages.filter(({ from, to }) => partOf(from) === 'steps' && !allowed.includes(to))
    expect(wrong.map(show)).toEqual([])
  })

  it('of Node is named with its prefix', () => {
    const bare =
      /^(fs|path|os|url|http|https|net|tls|zlib|crypto|buffer|stream|events|util|child_process|timers)(\/|$)/
    expect(packages.filter(({ to }) => bare.test(to)).map(show)).toEqual([])
  })
})

describe('what a process has only once', () => {
  const users = (pattern: RegExp): string[] =>
    sources.filter(({ text }) => pattern.test(codeOf(text))).map(({ path }) => path)

  it('the environment is read in one file', () => {
    expect(users(/\bprocess\s*\.\s*env\b|\bprocess\s*\[|\benv\b[^\n]*=\s*process\b/)).toEqual([
      'src/config/environment.ts',
    ])
  })

  it('the process is ended, and its arguments are read, in cli.ts', () => {
    expect(users(/\bprocess\s*\.\s*(exit|abort|reallyExit|exitCode|argv)\b/)).toEqual(['src/cli.ts'])
  })

  it('nothing is written to the console but through the log and the commands', () => {
    expect(users(/\bconsole\s*\./)).toEqual([])
  })

  it('time and chance are ports wherever an event passes', () => {
    const inner = /^src\/(core|steps|run|catalogue)\/|^src\/(pipeline|connector|configured-path)\.ts/
    const own =
      /\b(Date\s*\.\s*now|new Date\(\)|performance\s*\.|Math\s*\.\s*random|set(Timeout|Interval|Immediate)|process\s*\.)/
    // What verifyResult does when its caller has no clock.
    const excused = ['src/steps/verify.ts']
    expect(users(own).filter((path) => inner.test(path) && !excused.includes(path))).toEqual([])
  })
})
