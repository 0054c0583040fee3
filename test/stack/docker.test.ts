import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { brokerAnswers } from '../../src/stack/probe.js'
import { createRun } from '../../src/stack/runs.js'
import { startStack } from '../../src/stack/stack.js'
import { StackUnavailable } from '../../src/stack/unavailable.js'

/** These tests speak to a stand-in for the engine's command, so that they run where there is no engine. */
let dir = ''
let bin = ''
let runs = ''

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'docker-test-'))
  bin = join(dir, 'bin')
  runs = join(dir, 'runs')
  mkdirSync(bin)
  const docker = join(bin, 'docker')
  copyFileSync(fileURLToPath(new URL('fake-docker.mjs', import.meta.url)), docker)
  chmodSync(docker, 0o755)
  // A package.json of this kind makes node read a file without an ending as a module.
  writeFileSync(join(bin, 'package.json'), '{ "type": "module" }')
  symlinkSync(process.execPath, join(bin, 'node'))
})

afterEach(() => {
  rmSync(dir, { recursive: true, force: true })
})

function engine(mode: 'runs' | 'off' | 'hangs' | 'no-images'): Record<string, string> {
  writeFileSync(join(bin, 'mode'), mode)
  return { PATH: bin, HOME: dir }
}

function calls(): string[] {
  return readFileSync(join(bin, 'calls'), 'utf8').trim().split('\n')
}

test('a running engine starts the broker and the registry of docker-compose.yml as a project of their own, and takes it down', async () => {
  const env = engine('runs')
  const stack = await startStack({ env, dir: runs })
  expect(stack.kind).toBe('docker')
  expect(stack.registryUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/apis\/ccompat\/v7$/)
  const [host = '', port = ''] = (stack.brokers[0] ?? '').split(':')
  expect(await brokerAnswers(host, Number(port))).toBe(true)

  const project = `attestr-kafka-${readdirSync(runs)[0]}`
  const compose = new RegExp(`^compose --file \\S+/docker-compose\\.yml --project-name ${project} `)
  await stack.broker?.kill('SIGSTOP')
  await stack.broker?.restart()
  await stack.stop()
  await stack.stop()
  const asked = calls().filter((call) => compose.test(call))
  expect(asked.map((call) => call.replace(compose, ''))).toEqual([
    'up --detach --quiet-pull broker registry',
    'kill --signal SIGSTOP broker',
    'restart broker',
    'down --volumes --timeout 1',
  ])
  expect(readdirSync(runs)).toEqual([])
})

test.each([
  ['is off', 'off'],
  ['does not answer', 'hangs'],
] as const)('an engine that %s is passed over in favour of Java', async (_, mode) => {
  const failure = await startStack({ env: engine(mode), dir: runs }).catch((error) => error)
  expect(failure).toBeInstanceOf(StackUnavailable)
  expect(failure.message).toContain('needs Java')
  expect(calls().some((call) => call.includes(' up '))).toBe(false)
})

test('an engine that cannot start the images is taken down, named, and passed over in favour of Java', async () => {
  const lines: string[] = []
  const env = engine('no-images')
  const failure = await startStack({ env, dir: runs, say: (line) => lines.push(line) }).catch(
    (error) => error,
  )
  expect(failure.message).toContain('needs Java')
  expect(lines).toContain('docker compose failed: manifest unknown; going on with Java')
  expect(calls().at(-1)).toContain('down --volumes')
  expect(readdirSync(runs)).toEqual([])
})

test('the containers of a killed process are taken down by the next start', async () => {
  const run = createRun(runs, 'docker')
  const state = {
    id: run.id,
    host: hostname(),
    kind: 'docker',
    owner: { pid: process.pid, start: 'earlier' },
  }
  writeFileSync(join(run.folder, 'state.json'), JSON.stringify(state))
  await expect(startStack({ env: engine('off'), dir: runs })).rejects.toThrow('needs Java')
  expect(calls()).toContainEqual(
    expect.stringContaining(`--project-name attestr-kafka-${run.id} down --volumes`),
  )
  expect(readdirSync(runs)).toEqual([])
})

test('containers that are kept belong to the user, and later starts leave them alone', async () => {
  const env = engine('runs')
  const stack = await startStack({ env, dir: runs })
  const project = `attestr-kafka-${readdirSync(runs)[0]}`
  const command = stack.keep()
  expect(command).toBe(`docker compose --project-name ${project} down --volumes`)
  await expect(startStack({ env: engine('off'), dir: runs })).rejects.toThrow('needs Java')
  expect(calls().some((call) => call.includes('down'))).toBe(false)
  await stack.stop()
  expect(readdirSync(runs)).toEqual([])
})
