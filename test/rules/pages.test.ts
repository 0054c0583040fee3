/** The pages tell the truth where a test can see it: links, promises, commands, evidence, words that must not stand there. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runCommand } from '../commands/context.js'
import { between, page, tableOf } from '../support/pages.js'

const root = page('')
const pages = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...markdownBelow('docs')]
const textOf = (file: string): string => readFileSync(join(root, file), 'utf8')

function markdownBelow(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => join(folder, file))
}

/** The anchors of a page as GitHub makes them. */
function anchorsOf(text: string): ReadonlySet<string> {
  const headings = text.replaceAll(/^```.*?^```/gms, '').matchAll(/^#+ (.*)$/gm)
  return new Set(
    [...headings].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  )
}

describe.each(pages)('%s', (file) => {
  const text = textOf(file)

  it('links only to what is there', () => {
    const links = [...text.matchAll(/\]\((?!https?:)([^)]+)\)/g)].map(([, target = '']) => target)
    const broken = links.filter((target) => {
      const [path = '', anchor] = target.split('#')
      const linked = path === '' ? file : join(dirname(file), path)
      if (!existsSync(join(root, linked))) return true
      return anchor !== undefined && !anchorsOf(textOf(linked)).has(anchor)
    })
    expect(broken).toEqual([])
  })

  it('names no test, source or script that is not there', () => {
    const named = [...text.matchAll(/`((?:src|test|bench|dev|avro|bin)\/[\w./-]+)`/g)].map(
      ([, path = '']) => path,
    )
    expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([])
    const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Readonly<Record<string, string>> }
    const ran = [...text.matchAll(/npm run ([\w:-]+)/g)].map(([, script = '']) => script)
    expect(ran.filter((script) => !(script in scripts))).toEqual([])
  })

  it('holds no path of a machine and no host of a package registry', () => {
    expect(text).not.toMatch(/(?:^|[\s`"'(])\/(?:home|root|work|tmp|Users)\//m)
    expect(text).not.toMatch(/registry\.npmjs|npmjs\.org|repo1?\.maven|pypi\.org|proxy\.golang/)
  })
})

describe('README.md', () => {
  const text = textOf('README.md')

  it('has the ten promises in order, each with a test and its state', () => {
    const rows = tableOf(between(text, 'promises'))
    expect(rows.map(([number]) => number)).toEqual(Array.from({ length: 10 }, (_, n) => `P${n + 1}`))
    for (const [number, promise = '', tests = '', state = ''] of rows) {
      expect(`${number} ${promise}`).toMatch(/^P\d+ \*\*.+\*\*/)
      expect(`${number} ${tests}`).toMatch(/\]\(test\/[\w./-]+\.test\.ts\)/)
      expect(`${number} ${state}`).toMatch(/Holds|Partly/)
    }
  })

  it('has every command, each with an example of its own', async () => {
    const rows = tableOf(text.slice(text.indexOf('\n## Commands')).split('\n\nExit codes')[0] ?? '')
    const help = (await runCommand('--help')).out.split('\nCommands:\n')[1] ?? ''
    const commands = [...help.matchAll(/^ {2}(\w+) /gm)].map(([, name = '']) => name)
    const named = rows.map(([command = '']) => command.replaceAll('`', ''))
    expect([...named].sort()).toEqual([...commands].sort())
    for (const [command = '', , example = ''] of rows) {
      expect(example).toContain(`attestr-kafka ${command.replaceAll('`', '')} `)
    }
  })
})

describe('docs/guarantees.md', () => {
  it('names as evidence only tests that are there, by words that stand in them', () => {
    const rows = tableOf(between(textOf('docs/guarantees.md'), 'evidence'))
    expect(rows.length).toBeGreaterThan(10)
    const missing = rows.filter(([, path = '', name = '']) => {
      const file = join(root, path.replaceAll('`', ''))
      return !existsSync(file) || !readFileSync(file, 'utf8').includes(name)
    })
    expect(missing).toEqual([])
  })
})
