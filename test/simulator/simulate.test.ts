import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { request } from 'undici'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CommandContext } from '../../src/commands/command.js'
import { registerSimulate } from '../../src/commands/simulate.js'
import { until } from './until.js'

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'simulate-'))
})

afterAll(async () => {
  await rm(folder, { recursive: true })
})

function start(...args: string[]): { out: () => string; end: Promise<unknown> } {
  let out = ''
  const context: CommandContext = {
    env: {},
    version: '0',
    out: (text) => {
      out += text
    },
    err: () => undefined,
    exitNow: () => {
      throw new Error('exit')
    },
  }
  const program = new Command('attestr-kafka').exitOverride().configureOutput({ writeErr: () => undefined })
  registerSimulate(program, context)
  return { out: () => out, end: program.parseAsync(['simulate', ...args], { from: 'user' }) }
}

describe('attestr-kafka simulate', () => {
  it('prints where it listens and what to configure, serves, and ends on a signal', async () => {
    const script = join(folder, 'faults.json')
    await writeFile(
      script,
      JSON.stringify({ global: [{ fault: { kind: 'status', status: 429 }, times: 1 }] }),
    )
    const { out, end } = start(
      '--port',
      '0',
      '--seed',
      '3',
      '--profile',
      'small',
      '--script',
      script,
      '--json',
    )
    await until(() => out() !== '')
    const { baseUrl, authToken, handshakeIds } = JSON.parse(out())
    const ask = async (): Promise<number> => {
      const url = `${baseUrl}/v1/public/flowx/handshake/${handshakeIds[0]}`
      const answer = await request(url, { headers: { authorization: `Basic ${authToken}` } })
      await answer.body.dump()
      return answer.statusCode
    }
    expect([await ask(), await ask()]).toEqual([429, 200])
    process.emit('SIGTERM')
    await end
    await expect(ask()).rejects.toThrow()
  })

  it('says that its token and secret are development values', async () => {
    const { out, end } = start('--port', '0')
    await until(() => out() !== '')
    expect(out()).toContain('development values')
    expect(out()).toMatch(/attestr\.baseUrl\s+http:\/\/127\.0\.0\.1:\d+\/api\n/)
    process.emit('SIGINT')
    await end
  })

  it('refuses a script that is not there, not JSON or not a script as wrong usage, and names what is wrong', async () => {
    const script = join(folder, 'wrong.json')
    await expect(start('--script', script).end).rejects.toMatchObject({ exitCode: 2 })
    await writeFile(script, '{')
    await expect(start('--script', script).end).rejects.toMatchObject({
      exitCode: 2,
      message: `${script}: is not JSON`,
    })
    await writeFile(script, '{"global":[{"fault":{"kind":"explode"}}]}')
    await expect(start('--script', script).end).rejects.toThrow('global[0].fault.kind is not one of')
  })

  it('refuses ports and seeds that are no whole numbers', async () => {
    await expect(start('--port', '70000').end).rejects.toThrow('whole number from 0 to 65535')
    await expect(start('--seed', '1.5').end).rejects.toThrow('whole number')
  })
})
