/** The bound on memory, seen from outside: a process with a small heap proves what would not fit into it. */
import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'

const root = new URL('../../..', import.meta.url).pathname
const cache = join(root, 'node_modules', '.cache')
let folder = ''

beforeAll(async () => {
  mkdirSync(cache, { recursive: true })
  folder = mkdtempSync(join(cache, 'reconcile-'))
  for (const part of ['avro', 'package.json'])
    cpSync(join(root, part), join(folder, part), { recursive: true })
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const options = ['--outDir', join(folder, 'dist'), '--sourceMap', 'false', '--declaration', 'false']
  await run([compiler, '-p', join(root, 'tsconfig.build.json'), ...options])
}, 120_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function run(args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, { cwd: folder }, (error, out, err) => {
      if (error === null) resolve(out)
      else reject(new Error(`${error.message}\n${out}${err}`))
    })
  })
}

const EVENTS = 200_000
/** About a million rows: as objects they would need some 300 MB. */
const HEAP_MB = 64
/** What docs/operations.md says for any number of events. */
const RSS_MB = 256

async function prove(...args: string[]) {
  const script = join(root, 'bench', 'reconcile.mjs')
  const out = await run([
    `--max-old-space-size=${HEAP_MB}`,
    ...[script, String(EVENTS), '--dist', join(folder, 'dist'), ...args],
  ])
  return JSON.parse(out) as Readonly<Record<'rows' | 'maxRssMb' | 'violations' | 'listed', number>>
}

it('is kept over a million rows, by heap and by resident memory', async () => {
  const found = await prove()
  expect(found.rows).toBeGreaterThan(900_000)
  expect(found.violations).toBe(0)
  expect(found.maxRssMb).toBeLessThan(RSS_MB)
})

it('is kept while a violation in every other event is listed', async () => {
  const found = await prove('--lose', '2')
  expect(found.violations).toBeGreaterThanOrEqual(EVENTS / 2)
  expect(found.listed).toBe(found.violations)
  expect(found.maxRssMb).toBeLessThan(RSS_MB)
})
