/** Caps, and ways of writing that the linter holds: that it does, and that nobody is excused. Source: house.md section 4. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { codeOf, filesBelow, ROOT, typescriptBelow } from './tree.js'

const MAX_LINES = 250

const sources = typescriptBelow('src')
const found = (pattern: RegExp): string[] =>
  sources.flatMap(({ path, text }) =>
    codeOf(text)
      .split('\n')
      .flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}`] : [])),
  )

describe('a file of src', () => {
  it(`has at most ${MAX_LINES} lines, but for the catalogue, which is data`, () => {
    const long = sources
      .filter(({ path }) => !path.startsWith('src/catalogue/') && !path.includes('generated'))
      .map(({ path, text }) => ({ path, lines: text.trimEnd().split('\n').length }))
      .filter(({ lines }) => lines > MAX_LINES)
    expect(long).toEqual([])
  })

  it('exports by name', () => {
    expect(found(/\bexport\s+default\b|\bas default\b/)).toEqual([])
  })

  it('has no `any`', () => {
    expect(found(/(:|<|\bas|\||,|=>)\s*any\b(?!\s*[:(])/)).toEqual([])
  })

  it('has no `!` after a value', () => {
    expect(found(/[\w)\]]!(?![=])/)).toEqual([])
  })

  it('has no enum and no namespace', () => {
    expect(found(/^\s*(export\s+)?(declare\s+)?(const\s+)?(enum|namespace)\s+\w/)).toEqual([])
  })

  it('silences the compiler nowhere, and the linter only with a reason, for no rule of this house', () => {
    const ours = /no(ExplicitAny|NonNullAssertion|DefaultExport|Enum|ExcessiveLinesPerFunction)/
    const silenced = sources.flatMap(({ path, text }) =>
      text
        .split('\n')
        .filter((line) => /@ts-(ignore|nocheck|expect-error)|biome-ignore/.test(line))
        .filter((line) => ours.test(line) || !/biome-ignore(-start|-end)? [\w/]+: \w/.test(line))
        .map((line) => `${path}: ${line.trim()}`),
    )
    expect(silenced).toEqual([])
  })

  it('leaves nothing for later', () => {
    const later = sources.filter(({ text }) => /\b(TODO|FIXME|XXX|HACK)\b/.test(text))
    expect(later.map(({ path }) => path)).toEqual([])
  })

  it('is not named after what it could hold of everything', () => {
    const names = /(^|[/-])(utils?|helpers?|common|manager|data|info|misc)(\.ts|[/-])/
    expect(sources.map(({ path }) => path).filter((path) => names.test(path))).toEqual([])
  })
})

describe('the linter', () => {
  const settings = JSON.parse(readFileSync(`${ROOT}biome.json`, 'utf8'))

  it('refuses any, !, default exports, enums and functions over 60 lines', () => {
    const { style, suspicious, complexity } = settings.linter.rules
    expect(style).toMatchObject({ noNonNullAssertion: 'error', noDefaultExport: 'error', noEnum: 'error' })
    expect(suspicious).toMatchObject({ noExplicitAny: 'error' })
    expect(complexity.noExcessiveLinesPerFunction).toMatchObject({
      level: 'error',
      options: { maxLines: 60 },
    })
  })

  it('excuses src from none of it', () => {
    for (const { includes } of settings.overrides) expect(String(includes)).not.toContain('src')
  })
})

describe('the compiler', () => {
  it.each([
    'strict',
    'exactOptionalPropertyTypes',
    'noUncheckedIndexedAccess',
    'noImplicitOverride',
    'noImplicitReturns',
    'noFallthroughCasesInSwitch',
    'noPropertyAccessFromIndexSignature',
    'noUnusedLocals',
    'noUnusedParameters',
    'verbatimModuleSyntax',
    'isolatedModules',
    'erasableSyntaxOnly',
  ])('is told %s', (option) => {
    expect(JSON.parse(readFileSync(`${ROOT}tsconfig.json`, 'utf8')).compilerOptions[option]).toBe(true)
  })
})

describe('every file of the repository', () => {
  const files = filesBelow('').filter(({ path }) => !path.startsWith('.env'))
  const having = (pattern: RegExp): string[] =>
    files.filter(({ text }) => pattern.test(text)).map(({ path }) => path)

  it('names no path of the machine it was written on', () => {
    const home = ['home', 'Users'].map((folder) => `/${folder}/[a-z][\\w-]*/`)
    const places = [...home, ...['root', 'work', 'mnt', 'private'].map((folder) => `/${folder}/[\\w.]`)]
    expect(having(new RegExp(`(^|[\\s"'\`=:(])(file://)?(${places.join('|')})`, 'm'))).toEqual([])
  })

  it('names no host of a package registry', () => {
    const known = [
      ['registry', 'npmjs'].join('.'),
      'registry.yarnpkg',
      'npm.pkg.github',
      ['repo', 'maven'].join('.'),
      ['repo1', 'maven'].join('.'),
      'pypi',
    ]
    const hosts = known.map((name) => `${name.replace('.', '\\.')}\\.(org|com|io)`)
    const configured = process.env['npm_config_registry']
    if (configured !== undefined) hosts.push(new URL(configured).host.replaceAll('.', '\\.'))
    expect(having(new RegExp(hosts.join('|')))).toEqual([])
  })
})
