import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Command } from 'commander'
import { afterAll, describe, expect, it } from 'vitest'
import { type CommandContext, CommandError } from '../../src/commands/command.js'
import { faultReport } from '../../src/commands/fault.js'
import { createProgram } from '../../src/commands/program.js'
import { FAILURES } from '../../src/core/failure.js'
import { POLICY_ROWS } from '../../src/core/policy.js'
import { runCommand } from './context.js'

const silent = {
  env: {},
  version: '1',
  out: () => undefined,
  err: () => undefined,
} as unknown as CommandContext
const commands = createProgram(silent).commands.map((command) => command.name())

/** The commands that do something: those without commands of their own. */
const leavesOf = (command: Command): Command[] =>
  command.commands.length === 0 ? [command] : (command.commands as Command[]).flatMap(leavesOf)

describe('help', () => {
  it('lists the commands that exist, and no other', async () => {
    const { code, out, err } = await runCommand('--help')
    expect([code, err]).toEqual([0, ''])
    for (const name of commands) expect(out).toMatch(new RegExp(`^ {2}${name} `, 'm'))
    for (const name of ['check', 'dlq', 'backfill', 'reconcile', 'webhook', 'schemas']) {
      if (!commands.includes(name)) expect(out).not.toMatch(new RegExp(`^ {2}${name}`, 'm'))
    }
  })

  it.each(commands)('of %s has an example that is accepted by its own parser', async (name) => {
    const { code, out } = await runCommand(name, '--help')
    expect(code).toBe(0)
    const examples = [...out.matchAll(/\$ attestr-kafka (.*)$/gm)].map((match) => (match[1] ?? '').split(' '))
    expect(examples.length).toBeGreaterThan(0)
    for (const example of examples) {
      const program = createProgram(silent)
      let acted = 0
      for (const command of leavesOf(program)) {
        command.action(() => {
          acted += 1
        })
      }
      await program.parseAsync(example, { from: 'user' })
      expect(acted).toBe(1)
    }
  })

  it('goes to stderr with code 2 when there is no command', async () => {
    const { code, out, err } = await runCommand()
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain('Usage: attestr-kafka')
  })

  it('has the version', async () => {
    expect(await runCommand('--version')).toEqual({ code: 0, out: '1.2.3\n', err: '' })
  })
})

describe('wrong usage is one line, a remedy and code 2', () => {
  it.each([
    [['codse'], "attestr-kafka: unknown command 'codse' (Did you mean codes?)"],
    [['codes', '--jsn'], "attestr-kafka: unknown option '--jsn' (Did you mean --json?)"],
    [['codes', '--sett=hunter2'], "attestr-kafka: unknown option '--sett'"],
    [['verify'], 'attestr-kafka: verify takes either --response and --secret-file, or --topic'],
    [['codes', 'more'], "attestr-kafka: too many arguments for 'codes'. Expected 0 arguments but got 1."],
  ])('%j', async (args, line) => {
    const { code, out, err } = await runCommand(...args)
    expect([code, out]).toEqual([2, ''])
    const lines = err.trimEnd().split('\n')
    expect(lines[0]).toBe(line)
    expect(lines).toHaveLength(2)
    expect(err).not.toContain('hunter2')
  })
})

describe('codes', () => {
  it('prints each code with category, whether a replay can help, and a remedy', async () => {
    const { code, out } = await runCommand('codes')
    expect(code).toBe(0)
    for (const [name, { remedy }] of Object.entries(FAILURES)) {
      expect(out).toMatch(new RegExp(`^${name} `, 'm'))
      expect(out).toContain(remedy)
    }
  })

  it('--json is an array of code, category, retryable and remedy', async () => {
    const { out } = await runCommand('codes', '--json')
    const rows = JSON.parse(out)
    expect(rows).toHaveLength(Object.keys(FAILURES).length)
    for (const row of rows) {
      expect(Object.keys(row)).toEqual(['code', 'category', 'retryable', 'remedy'])
      expect(FAILURES[row.code as keyof typeof FAILURES]).toEqual({
        category: row.category,
        retryable: row.retryable,
        remedy: row.remedy,
      })
    }
  })

  const endpoint = 'GET {attestr.baseUrl}/{attestr.version}/public/flowx/handshake/{handshakeId}'

  it('--policy prints the table of answers', async () => {
    const { out } = await runCommand('codes', '--policy')
    const lines = out.trimEnd().split('\n')
    expect(lines).toHaveLength(POLICY_ROWS.length + 3)
    expect(lines.at(-1)).toBe(`Answers of ${endpoint}`)
    expect(JSON.parse((await runCommand('codes', '--policy', '--json')).out)).toEqual(
      POLICY_ROWS.map((row) => ({ endpoint, ...row })),
    )
  })

  describe('--policy --config', () => {
    const folder = mkdtempSync(join(tmpdir(), 'codes-'))
    const file = join(folder, 'c.yaml')
    writeFileSync(
      file,
      `attestr: { credentials: [{ id: main, authToken: a, clientSecret: b }] }
kafka: { brokers: [localhost:9092] }
schemaRegistry: { url: "http://localhost:8081" }
policy: [{ status: 404, action: retry }, { status: 418, code: 7, action: dead:request-rejected }]
`,
    )
    afterAll(() => rmSync(folder, { recursive: true }))

    it('prints the overrides in their places', async () => {
      const { code, out } = await runCommand('codes', '--policy', '--config', file)
      expect(code).toBe(0)
      expect(out).toMatch(/^SOURCE +STATUS +CODE +ACTION +NOTE$/m)
      expect(out).toMatch(/^configuration +418 +7 +dead:request-rejected +policy of the configuration$/m)
      expect(out.match(/ 404 /g)).toHaveLength(1)
    })

    it('--json has the source of each row', async () => {
      const rows = JSON.parse((await runCommand('codes', '--policy', '--config', file, '--json')).out)
      expect(rows).toHaveLength(POLICY_ROWS.length + 1)
      expect(rows.slice(0, 2)).toEqual([
        {
          ...{ endpoint, status: 418, code: 7, action: 'dead:request-rejected' },
          ...{ note: 'policy of the configuration', source: 'configuration' },
        },
        {
          ...{ endpoint, status: 404, code: '*', action: 'retry' },
          ...{ note: 'policy of the configuration', source: 'configuration' },
        },
      ])
    })

    it('takes --set, and tells what is wrong with the configuration', async () => {
      const set = await runCommand('codes', '--policy', '--config', file, '--set', 'policy=[]', '--json')
      expect(JSON.parse(set.out)).toEqual(POLICY_ROWS.map((row) => ({ endpoint, ...row, source: 'default' })))
      const wrong = await runCommand('codes', '--policy', '--config', file, '--set', 'policy.0.status=200')
      expect(wrong.code).toBe(2)
      expect(wrong.err).toContain('cannot be 200')
    })

    it('goes with --policy alone', async () => {
      expect((await runCommand('codes', '--config', file)).code).toBe(2)
      expect((await runCommand('codes', '--policy', '--set', 'policy=[]')).code).toBe(2)
    })
  })
})

describe('a configuration with problems', () => {
  it('ends run with all of them, their count on the last line, and code 2', async () => {
    const { code, out, err } = await runCommand('run', '--config', '/nowhere/c.yaml')
    expect([code, out]).toEqual([2, ''])
    expect(err).toBe('/nowhere/c.yaml:1:1 (file): cannot be read (no such file)\n1 problem\n')
  })
})

describe('a fault nobody expected', () => {
  const canary = 'aadhaar 234567890124'
  it('is one line with kind and place, and never its message', () => {
    const error = Object.assign(new TypeError(`${canary}\n    at /x/${canary}.js:1:1`), {
      code: 'E_X',
      data: canary,
    })
    const report = faultReport(error, false)
    expect(report).toMatch(
      /^attestr-kafka: unexpected fault: TypeError E_X at test\/commands\/program\.test\.ts:\d+:\d+$|^attestr-kafka: unexpected fault: TypeError E_X at .*program\.test\.ts:\d+:\d+$/m,
    )
    expect(report.trimEnd().split('\n')).toHaveLength(2)
    expect(report).not.toContain('2345')
    expect(faultReport(error, true)).not.toContain('2345')
    expect(faultReport(error, true).split('\n').length).toBeGreaterThan(3)
  })

  it('is told for anything that is thrown', () => {
    for (const thrown of [canary, { canary }, null, undefined]) {
      expect(faultReport(thrown, true)).toMatch(/^attestr-kafka: unexpected fault: a thrown value\n/)
      expect(faultReport(thrown, true)).not.toContain('2345')
    }
    expect(faultReport(Object.assign(new Error('x'), { name: canary, code: canary }), true)).not.toContain(
      '2345',
    )
  })

  it('a command error reports its line and its remedy', () => {
    expect(new CommandError(4, 'stopped', 'Start again.').report()).toBe(
      'attestr-kafka: stopped\n  Start again.\n',
    )
  })
})
