import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Kafka, logLevel } from 'kafkajs'
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest'
import { brokerAnswers, registryAnswers, untilAnswers } from '../../src/stack/probe.js'
import { processesWithArgument, processStart, runCommand } from '../../src/stack/processes.js'
import { createRun } from '../../src/stack/runs.js'
import { type Stack, startStack } from '../../src/stack/stack.js'
import { StackUnavailable } from '../../src/stack/unavailable.js'
import { stack as sharedStack } from '../support/stack.js'

let dir = ''

/** The machine as it is, but for what would make `startStack` start nothing of its own. */
const { KAFKA_BROKERS: _brokers, SCHEMA_REGISTRY_URL: _registry, ...machine } = process.env
/** A place without an engine, whatever the machine has. */
const javaOnly = { ...machine, DOCKER_HOST: 'unix:///nowhere/docker.sock' }

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'stack-test-'))
})

afterEach(() => {
  rmSync(dir, { recursive: true, force: true })
})

async function start(): Promise<Stack> {
  const stack = await startStack({ env: javaOnly, dir })
  onTestFinished(() => stack.stop())
  return stack
}

/** Starts a process that owns a stack, and waits until it says which processes it has. */
async function startOwner(): Promise<{ owner: ChildProcess; pids: number[] }> {
  const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
  const owner = spawn(process.execPath, [here('owner.mjs'), here('../../src/stack/stack.ts'), dir], {
    env: javaOnly,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => {
    owner.kill('SIGKILL')
  })
  const [line] = (await once(owner.stdout, 'data')) as [Buffer]
  return { owner, pids: (JSON.parse(line.toString('utf8')) as { pids: number[] }).pids }
}

async function end(owner: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const ended = once(owner, 'exit')
  owner.kill(signal)
  await ended
}

function answers(stack: Pick<Stack, 'brokers'>): Promise<boolean> {
  const [host = '', port = ''] = (stack.brokers[0] ?? '').split(':')
  return brokerAnswers(host, Number(port))
}

async function gone(pids: readonly (number | null | undefined)[]): Promise<boolean> {
  const ask = async (): Promise<boolean> => pids.every((pid) => pid == null || processStart(pid) === null)
  return (await untilAnswers(ask, { timeoutMs: 30_000 })) === 'yes'
}

function kafkaOf(stack: Stack): Kafka {
  return new Kafka({ brokers: [...stack.brokers], logLevel: logLevel.NOTHING })
}

test('the stack of the test run answers, broker and registry', async () => {
  const { brokers, registryUrl } = sharedStack()
  expect(await answers({ brokers })).toBe(true)
  expect(await registryAnswers(registryUrl)).toBe(true)
})

test('a started stack serves, keeps its data over a kill and a restart, and leaves neither process nor folder', async () => {
  const stack = await start()
  expect(stack.kind).toBe('java')
  expect(readdirSync(dir)).toHaveLength(1)
  const pids = [stack.broker?.pid, stack.registry?.pid]
  expect(pids.every((pid) => typeof pid === 'number')).toBe(true)

  const admin = kafkaOf(stack).admin()
  await admin.connect()
  await admin.createTopics({ topics: [{ topic: 'kept', numPartitions: 3 }] })
  await admin.disconnect()
  // The second, so that a registry which forgot the first would give it another id.
  await postSchema(stack.registryUrl, '"long"')
  const schema = await postSchema(stack.registryUrl, '"string"')

  await Promise.all([stack.broker?.kill('SIGKILL'), stack.registry?.kill('SIGKILL')])
  expect(await gone(pids)).toBe(true)
  expect([stack.broker?.pid, stack.registry?.pid]).toEqual([null, null])
  expect([await answers(stack), await registryAnswers(stack.registryUrl)]).toEqual([false, false])

  await Promise.all([stack.broker?.restart(), stack.registry?.restart()])
  const again = kafkaOf(stack).admin()
  await again.connect()
  expect(await again.listTopics()).toContain('kept')
  await again.disconnect()
  expect(await postSchema(stack.registryUrl, '"string"')).toBe(schema)

  const second = [stack.broker?.pid, stack.registry?.pid]
  await stack.stop()
  expect(await gone(second)).toBe(true)
  expect(readdirSync(dir)).toEqual([])
  await stack.stop()
})

/** Out: the id of a schema. The same text has the same id for as long as the registry remembers it. */
async function postSchema(registryUrl: string, schema: string): Promise<number> {
  const response = await fetch(`${registryUrl}/subjects/kept-${schema.length}-value/versions`, {
    method: 'POST',
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    body: JSON.stringify({ schema }),
  })
  return ((await response.json()) as { id: number }).id
}

test('a frozen broker is silent, goes on when it is let go, and can be restarted while frozen', async () => {
  const stack = await start()
  await stack.broker?.kill('SIGSTOP')
  expect(await answers(stack)).toBe(false)
  await stack.broker?.kill('SIGCONT')
  expect(await untilAnswers(() => answers(stack), { timeoutMs: 30_000 })).toBe('yes')
  const frozen = stack.broker?.pid
  await stack.broker?.kill('SIGSTOP')
  await stack.broker?.restart()
  expect(await gone([frozen])).toBe(true)
  expect(await answers(stack)).toBe(true)
})

test('what a killed process leaves behind is stopped by the next start, and what a living one has is not', async () => {
  const living = await start()
  const { owner, pids } = await startOwner()
  await end(owner, 'SIGKILL')
  expect(pids.map((pid) => processStart(pid) !== null)).toEqual([true, true])
  expect(readdirSync(dir)).toHaveLength(2)

  const lines: string[] = []
  const next = await startStack({ env: javaOnly, dir, say: (line) => lines.push(line) })
  onTestFinished(() => next.stop())
  expect(await gone(pids)).toBe(true)
  expect(lines[0]).toBe('stopped what an earlier run had left behind')
  expect(readdirSync(dir)).toHaveLength(2)
  expect(await answers(living)).toBe(true)
  expect(await answers(next)).toBe(true)
})

test('a process ended by a signal it does not handle takes its stack along', async () => {
  const { owner, pids } = await startOwner()
  await end(owner, 'SIGTERM')
  expect(owner.signalCode).toBe('SIGTERM')
  expect(await gone(pids)).toBe(true)
  expect(readdirSync(dir)).toEqual([])
})

test('a kept stack is left alone by later starts until its command has stopped it', async () => {
  const kept = await start()
  const command = kept.keep() ?? ''
  expect(command).toBe(`kill ${kept.broker?.pid} ${kept.registry?.pid}`)
  const pids = [kept.broker?.pid, kept.registry?.pid]
  const empty = mkdtempSync(join(dir, 'empty-'))
  const nothing = { PATH: empty, HOME: empty, XDG_CACHE_HOME: empty }
  // A start that finds no Java has cleared leftovers by then, and started nothing.
  await expect(startStack({ env: nothing, dir })).rejects.toThrow(StackUnavailable)
  expect(await answers(kept)).toBe(true)
  await runCommand('sh', ['-c', command], { env: machine, timeoutMs: 10_000 })
  expect(await gone(pids)).toBe(true)
  await expect(startStack({ env: nothing, dir })).rejects.toThrow(StackUnavailable)
  expect(readdirSync(dir).filter((name) => !name.startsWith('empty-'))).toEqual([])
})

test('a run whose owner has another start than its pid now has is a leftover, and the pid is not touched', async () => {
  const run = createRun(dir, 'java')
  const state = { id: run.id, host: hostname(), kind: 'java', owner: { pid: process.pid, start: 'earlier' } }
  writeFileSync(join(run.folder, 'state.json'), JSON.stringify(state))
  await expect(startStack({ env: { PATH: dir, HOME: dir }, dir })).rejects.toThrow(StackUnavailable)
  expect(existsSync(run.folder)).toBe(false)
  expect(processesWithArgument(run.mark)).toEqual([])
})

test('a run of another host that shares the folder is left alone', async () => {
  const run = createRun(dir, 'java')
  const state = { id: run.id, host: `not-${hostname()}`, kind: 'java', owner: { pid: 1, start: 'earlier' } }
  writeFileSync(join(run.folder, 'state.json'), JSON.stringify(state))
  await expect(startStack({ env: { PATH: dir, HOME: dir }, dir })).rejects.toThrow(StackUnavailable)
  expect(existsSync(run.folder)).toBe(true)
})

test('where Java is missing one clear line says what to install', async () => {
  const failure = await startStack({ env: { PATH: dir, HOME: dir }, dir: join(dir, 'runs') }).catch(
    (error) => error,
  )
  expect(failure).toBeInstanceOf(StackUnavailable)
  expect(failure.message).toBe('the local stack needs Java 17 or later, and there is none')
  expect(failure.remedy).toBe(
    'install Java 17 or later and Maven, or start Docker, or set KAFKA_BROKERS and SCHEMA_REGISTRY_URL',
  )
})

test('where Java is too old the line says which one was found', async () => {
  const script = '#!/bin/sh\necho \'openjdk version "1.8.0_402"\' >&2\n'
  writeFileSync(join(dir, 'java'), script, { mode: 0o755 })
  const failure = await startStack({ env: { PATH: dir, HOME: dir }, dir: join(dir, 'runs') }).catch(
    (error) => error,
  )
  expect(failure.message).toBe('the local stack needs Java 17 or later, and the one found is 8')
})

test('where the jars are not there yet and Maven is missing one clear line says so', async () => {
  const found = await runCommand('sh', ['-c', 'command -v java'], { env: machine, timeoutMs: 10_000 })
  const bin = join(dir, 'bin')
  mkdirSync(bin)
  symlinkSync(found.output.trim(), join(bin, 'java'))
  const env = { PATH: bin, HOME: dir, XDG_CACHE_HOME: join(dir, 'cache') }
  const failure = await startStack({ env, dir: join(dir, 'runs') }).catch((error) => error)
  expect(failure).toBeInstanceOf(StackUnavailable)
  expect(failure.message).toContain('needs Maven')
  expect(failure.remedy).toContain('install Maven')
})

test('an aborted start throws the reason and leaves neither process nor folder', async () => {
  const controller = new AbortController()
  const say = (line: string): void => {
    if (line === 'starting Kafka and the schema registry')
      setImmediate(() => controller.abort(new Error('enough')))
  }
  await expect(startStack({ env: javaOnly, dir, say, signal: controller.signal })).rejects.toThrow('enough')
  expect(readdirSync(dir)).toEqual([])
})

test('a broker and a registry that are given are used as they are', async () => {
  const env = { KAFKA_BROKERS: 'one:9092, two:9092', SCHEMA_REGISTRY_URL: 'http://three:8081/' }
  const stack = await startStack({ env, dir })
  expect(stack).toMatchObject({
    kind: 'given',
    brokers: ['one:9092', 'two:9092'],
    registryUrl: 'http://three:8081',
    broker: null,
    registry: null,
  })
  expect(stack.keep()).toBe(null)
  await stack.stop()
  expect(readdirSync(dir)).toEqual([])
})

test('half a given stack is refused', async () => {
  await expect(startStack({ env: { KAFKA_BROKERS: 'one:9092' }, dir })).rejects.toThrow(
    'SCHEMA_REGISTRY_URL is not set',
  )
})
