/** What the package holds, and how its scripts count. */
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { filesBelow, ROOT } from './tree.js'

describe('the package', () => {
  const { stdout } = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: ROOT,
    encoding: 'utf8',
  })
  const packed: string[] = JSON.parse(stdout)[0].files.map(({ path }: { path: string }) => path)

  it('holds the command, the library, the schemas, the local stack and the pages', () => {
    const schemas = readdirSync(`${ROOT}avro`).filter((name) => name.endsWith('.avsc'))
    const stack = filesBelow('dev/stack').map(({ path }) => path)
    expect(packed).toEqual(
      expect.arrayContaining([
        ...['bin/attestr-kafka.js', 'dist/cli.js', 'dist/index.js', 'dist/index.d.ts', 'package.json'],
        ...['README.md', 'LICENSE', 'attestr-kafka.schema.json', 'docs/configuration.md'],
        ...schemas.map((name) => `avro/${name}`),
        ...stack,
      ]),
    )
  })

  it('holds nothing else: no source, no test, no benchmark, no settings of tools', () => {
    const mine =
      /^(bin|dist|avro|docs|dev\/stack)\/|^(README|CHANGELOG)\.md$|^(LICENSE|docker-compose\.yml|package\.json|attestr-kafka\.schema\.json)$/
    expect(packed.filter((path) => !mine.test(path))).toEqual([])
    expect(packed.filter((path) => /\.(log|tgz|env)$|\.test\./.test(path))).toEqual([])
  })

  it('holds only what the source of today builds', () => {
    const built = packed.filter((path) => path.startsWith('dist/') && path.endsWith('.js'))
    const sources = new Set(filesBelow('src').map(({ path }) => path))
    const stale = built.filter((path) => !sources.has(path.replace(/^dist/, 'src').replace(/js$/, 'ts')))
    expect(stale).toEqual([])
  })
})

describe('the counts of the test command', async () => {
  const { countsOf, countLine, failuresOf, resultsIn } = await import(
    new URL('../../dev/counts.mjs', import.meta.url).href
  )
  const file = (status: string, ...ends: string[]) => ({
    status,
    assertionResults: ends.map((end) => ({ status: end })),
  })
  const count = (status: number, ...testResults: unknown[]): string =>
    countLine(countsOf(testResults, status))

  it('are those of the report', () => {
    expect(count(0, file('passed', 'passed', 'skipped', 'todo'), file('passed', 'passed'))).toBe(
      '2 passed, 0 failed, 2 skipped',
    )
    expect(count(1, file('failed', 'passed', 'failed', 'failed'))).toBe('1 passed, 2 failed, 0 skipped')
  })

  it('have a failed test for a file that could not be run', () => {
    expect(count(1, file('failed'), file('failed', 'passed'))).toBe('1 passed, 2 failed, 0 skipped')
  })

  it('have a failed test for a run that failed without one, or left no report', () => {
    expect(count(1, file('passed', 'passed'))).toBe('1 passed, 1 failed, 0 skipped')
    const none = (): never => {
      throw new Error('no such file')
    }
    expect(countLine(countsOf(resultsIn('report', none), 1))).toBe('0 passed, 1 failed, 0 skipped')
  })

  it('come after a line for each test that failed and each file that could not be run', () => {
    const name = join(process.cwd(), 'test/one.test.ts')
    const failed = { status: 'failed', fullName: 'a test', failureMessages: ['Error: wrong\n  at a place'] }
    const report = JSON.stringify({
      testResults: [
        { ...file('failed', 'passed'), name, assertionResults: [failed, { status: 'passed' }] },
        { ...file('failed'), name, message: 'SyntaxError: no\n  at a place' },
        { ...file('passed', 'passed'), name },
      ],
    })
    expect(failuresOf(resultsIn('report', () => report))).toEqual([
      'failed: test/one.test.ts: a test: Error: wrong',
      'failed: test/one.test.ts: SyntaxError: no',
    ])
  })
})
