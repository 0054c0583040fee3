import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { DEMO_CANARY } from '../../src/demo/settings.js'
import { createKafkaAdmin } from '../../src/io/kafka/admin.js'
import { removeTraces } from '../../src/io/kafka/publisher.js'
import { createLog } from '../../src/io/ops/log.js'
import { stack } from '../support/stack.js'
import { until } from '../support/until.js'

const BIN = fileURLToPath(new URL('../../bin/attestr-kafka.js', import.meta.url))
const running: ChildProcess[] = []

afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL')
})

/** The command `demo` as a process, on the stack of the test run. */
function startDemo(args: readonly string[], env: Readonly<Record<string, string | undefined>> = {}) {
  const { brokers, registryUrl } = stack()
  const child = spawn(process.execPath, [BIN, 'demo', ...args], {
    env: { ...process.env, KAFKA_BROKERS: brokers.join(','), SCHEMA_REGISTRY_URL: registryUrl, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.push(child)
  const out: string[] = []
  const err: string[] = []
  child.stdout.setEncoding('utf8').on('data', (text: string) => out.push(text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => err.push(text))
  const ended = new Promise<number | string>((resolve) =>
    child.once('close', (code, signal) => resolve(code ?? signal ?? -1)),
  )
  return { child, ended, out: () => out.join(''), err: () => err.join('') }
}

const log = createLog({ level: 'silent', pretty: false })
const connection = { brokers: stack().brokers, clientId: 'demo-test', ssl: false, sasl: null }

async function demoTopics(): Promise<string[]> {
  const admin = createKafkaAdmin(connection, log)
  try {
    return [...(await admin.existing())].filter((topic) => topic.startsWith('attestr.demo-'))
  } finally {
    await admin.close()
  }
}

function childrenOf(pid: number | undefined): number[] {
  return execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .filter(([, parent]) => parent === pid)
    .flatMap(([child]) => child ?? [])
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

describe('attestr-kafka demo', () => {
  it('shows every class of outcome, proves that each event has one, and leaves nothing behind', async () => {
    const demo = startDemo(['--events', '150'])
    expect(await demo.ended, demo.out() + demo.err()).toBe(0)
    const text = demo.out()
    expect(text).toMatch(/^fed \d+ of 150 events, \d+ outcomes, \d+ a second$/m)
    expect(text).toMatch(/^VERIFIED +(\d+) +\1$/m)
    expect(text).toMatch(/^DEAD +signature-mismatch +(\d+) +\1$/m)
    expect(text).toMatch(/^DEAD +retries-exhausted +(\d+) +\1$/m)
    expect(text).toMatch(/^SKIPPED +null-value +(\d+) +\1$/m)
    expect(text).toMatch(/^One verified record: attestr\.demo-[0-9a-f]+\.verified, partition \d+/m)
    expect(text).toMatch(/<- drop, by a privacy rule/)
    expect(text).toMatch(/^One dead letter: /m)
    expect(text).toMatch(/^PROVED: every event has exactly one outcome/m)
    expect(text).toMatch(/^ {2}150 events, 150 outcomes: /m)
    expect(text).toMatch(/^ {2}(\d+) API calls by the simulator's ledger, \1 by the outcomes/m)
    expect(text).toContain('Where to look next')
    for (const secret of Object.values(DEMO_CANARY)) expect(text + demo.err()).not.toContain(secret)
    expect(text).not.toContain('\u001b')
    expect(await demoTopics()).toEqual([])
  })

  it('with --keep says where everything is and runs on until a signal, which ends it with 0', async () => {
    const demo = startDemo(['--events', '100', '--keep'])
    await until('the demo is kept', () => demo.out().includes('in another terminal'), 120_000)
    expect(demo.out()).toMatch(/^PROVED/m)
    const [, opsUrl = ''] = /operations +(\S+)\/status/.exec(demo.out()) ?? []
    const ready = await fetch(`${opsUrl}/readyz`)
    expect(ready.status).toBe(200)
    const connectors = childrenOf(demo.child.pid)
    expect(connectors.length).toBe(1)
    demo.child.kill('SIGINT')
    expect(await demo.ended, demo.err()).toBe(0)
    expect(connectors.filter(isAlive)).toEqual([])
    expect(await demoTopics()).toEqual([])
  })

  it('ends everything it has started when it is stopped in the middle', async () => {
    const demo = startDemo(['--events', '2000'])
    await until('events are fed', () => /^fed [1-9]/m.test(demo.out()))
    const connectors = childrenOf(demo.child.pid)
    expect(connectors.length).toBe(1)
    demo.child.kill('SIGTERM')
    expect(await demo.ended).toBe(1)
    expect(demo.err()).toBe('attestr-kafka: stopped before the end\n  Everything it had started was ended.\n')
    expect(connectors.filter(isAlive)).toEqual([])
    expect(await demoTopics()).toEqual([])
  })

  it('says so when the connector dies, and ends with 1', async () => {
    const demo = startDemo(['--events', '2000'])
    await until('events are fed', () => /^fed [1-9]/m.test(demo.out()))
    for (const pid of childrenOf(demo.child.pid)) process.kill(pid, 'SIGKILL')
    expect(await demo.ended).toBe(1)
    expect(demo.err()).toMatch(/^attestr-kafka: the connector ended: SIGKILL\n/)
    expect(await demoTopics()).toEqual([])
  })

  it('leaves no connector behind when it is killed', async () => {
    // Its files cannot be removed by a process that is killed.
    const folder = await mkdtemp(join(tmpdir(), 'demo-test-'))
    const demo = startDemo(['--events', '2000'], { TMPDIR: folder })
    await until('events are fed', () => /^fed [1-9]/m.test(demo.out()))
    const connectors = childrenOf(demo.child.pid)
    expect(connectors.length).toBe(1)
    demo.child.kill('SIGKILL')
    await demo.ended
    await until('the connector has ended', () => !connectors.some(isAlive))
    await removeTraces(connection, { topics: await demoTopics(), groupId: 'none' }, log)
    await rm(folder, { recursive: true })
  })

  it('names what to install where there is neither a stack nor Java, and ends with 1', async () => {
    const nothing = { KAFKA_BROKERS: '', SCHEMA_REGISTRY_URL: '', PATH: '/nonexistent', JAVA_HOME: '' }
    const demo = startDemo([], nothing)
    expect(await demo.ended).toBe(1)
    expect(demo.err()).toMatch(/^attestr-kafka: the local stack needs Java.*\n {2}install Java .*\n$/)
  })

  it('refuses a number of events that has no room for every class, with 2', async () => {
    const demo = startDemo(['--events', '5'])
    expect(await demo.ended).toBe(2)
    expect(demo.err()).toContain('It must be a whole number from 100')
  })
})
