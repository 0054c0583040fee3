/** The command as a process, compiled anew: exit codes, streams, a reader that goes away. */
import { execFile, spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = new URL('../..', import.meta.url).pathname
const cache = join(root, 'node_modules', '.cache')
let folder = ''
let bin = ''

beforeAll(async () => {
  mkdirSync(cache, { recursive: true })
  folder = mkdtempSync(join(cache, 'cli-'))
  bin = join(folder, 'bin', 'attestr-kafka.js')
  for (const part of ['bin', 'avro', 'package.json'])
    cpSync(join(root, part), join(folder, part), { recursive: true })
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  await run(compiler, [
    '-p',
    join(root, 'tsconfig.build.json'),
    '--outDir',
    join(folder, 'dist'),
    '--sourceMap',
    'false',
  ])
}, 120_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Ended {
  readonly code: number
  readonly out: string
  readonly err: string
}

function run(script: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  return new Promise((done) => {
    execFile(
      process.execPath,
      [script, ...args],
      { env: { ...process.env, ...env }, cwd: folder },
      (error, out, err) => {
        done({ code: error === null ? 0 : Number(error.code), out, err })
      },
    )
  })
}

describe('attestr-kafka as a process', () => {
  it('prints help, version and codes with code 0', async () => {
    const help = await run(bin, ['--help'])
    expect([help.code, help.err]).toEqual([0, ''])
    expect(help.out).toContain('Usage: attestr-kafka')
    expect((await run(bin, ['--version'])).out).toMatch(/^\d+\.\d+\.\d+\n$/)
    expect(JSON.parse((await run(bin, ['codes', '--json'])).out)[0].code).toBe('event-undecodable')
  })

  it('ends wrong usage with code 2 and nothing on stdout', async () => {
    const ended = await run(bin, ['nonsense'])
    expect([ended.code, ended.out]).toEqual([2, ''])
    expect(ended.err).toMatch(/^attestr-kafka: unknown command 'nonsense'\n {2}\S/)
  })

  it('reads the default configuration file of its folder, and variables of its environment', async () => {
    writeFileSync(
      join(folder, 'attestr-kafka.yaml'),
      `attestr:\n  credentials:\n    - { id: main, authToken: "\${CLI_TEST_TOKEN}", clientSecret: "\${CLI_TEST_UNSET}" }\nkafka: { brokers: [a:1], sessiontimeout: 5 }\n`,
    )
    const ended = await run(bin, ['run', '--set', 'fetch.attempts=0'], { CLI_TEST_TOKEN: 'hunter2' })
    expect(ended).toEqual({
      code: 2,
      out: '',
      err: [
        'attestr-kafka.yaml:1:1 schemaRegistry.url: is missing',
        'attestr-kafka.yaml:3:51 attestr.credentials[0].clientSecret: the environment variable CLI_TEST_UNSET is not set',
        'attestr-kafka.yaml:4:26 kafka.sessiontimeout: is not a known key (did you mean sessionTimeoutMs?)',
        '--set:1:1 fetch.attempts: must be at least 1',
        '4 problems',
        '',
      ].join('\n'),
    })
  })

  it('ends quietly when the reader of stdout goes away', async () => {
    const child = spawn(process.execPath, [bin, 'codes'], { stdio: ['ignore', 'pipe', 'pipe'] })
    child.stdout.destroy()
    let err = ''
    child.stderr.on('data', (chunk: Buffer) => {
      err += chunk.toString()
    })
    const code = await new Promise((done) => child.on('close', done))
    expect([code, err]).toEqual([0, ''])
  })
})
