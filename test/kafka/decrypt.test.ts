/** Encrypted fields on a real broker: closed in the topic, opened by the command for who has the key. */
import { Buffer } from 'node:buffer'
import { expect, it, onTestFinished } from 'vitest'
import { runCommandLine } from '../../src/commands/program.js'
import { catalogueOf, createResultSource } from '../../src/simulator/results.js'
import { createSite, SEED } from '../support/site.js'
import { until } from '../support/until.js'

const STAGES = ['PAN:basic', 'BANK_ACC:done']

it('what a rule encrypts is read in no topic, and opened from it by decrypt --topic', async () => {
  const key = Buffer.alloc(32, 7).toString('hex')
  const rules = [
    { stage: 'PAN', path: 'output.name', action: 'encrypt' },
    { stage: 'BANK_ACC', path: '**', action: 'encrypt' },
  ]
  const { stages } = catalogueOf(createResultSource({ seed: SEED, clientSecret: 's', stages: STAGES }))
  const site = await createSite({
    simulator: { stages: STAGES },
    settings: {
      ...{ catalogue: { stages }, records: { form: 'both' } },
      privacy: { rules, encryptionKeys: [{ id: 'k1', key }] },
    },
  })
  onTestFinished(() => site.close())
  const here = await site.here()
  const ids = [0, 1, 2].map((n) => site.handshakeId(n))
  await site.send(ids.map((id) => ({ key: id, value: site.events.completed(id), headers: {} })))
  await until('all events have ended', () => site.caughtUp())
  await here.stop()

  const rows = await site.rows(site.topics.verified)
  const topic = rows.map(({ value }) => value?.toString('latin1') ?? '').join('')
  expect(topic.split('e1:k1:').length).toBeGreaterThan(6)

  const out: string[] = []
  const err: string[] = []
  const context = {
    ...{ env: site.env, version: '1', out: (text: string) => void out.push(text) },
    err: (text: string) => void err.push(text),
    exitNow: (code: number): never => {
      throw new Error(`exit ${code}`)
    },
  }
  const argsOf = (topic: string) => ['decrypt', '--topic', topic, '--config', site.configFile]
  const args = argsOf(site.topics.verified)
  expect([await runCommandLine(args, context), err.join('')]).toEqual([
    0,
    expect.stringContaining(' 0 not, 0 messages'),
  ])
  const records = out.map((line) => JSON.parse(line))
  expect(records).toHaveLength(rows.length)
  expect(out.join('')).not.toContain('e1:k1:')
  const names = records.flatMap(({ stageType, output }) => (stageType === 'PAN' ? [output.name] : []))
  const results = ids.map((id) => JSON.stringify(site.simulator.source.handshake(id).result))
  expect(names).toHaveLength(ids.length)
  for (const name of names) expect(results.some((text) => text.includes(JSON.stringify(name)))).toBe(true)

  out.length = 0
  expect(await runCommandLine(argsOf(`${site.topics.verified}.pan`), context)).toBe(0)
  expect(out.map((line) => JSON.parse(line).output_name).sort()).toEqual(names.sort())

  const other = ['--set', `privacy.encryptionKeys=[{ id: k2, key: "${key}" }]`]
  expect(await runCommandLine([...args, ...other], context)).toBe(3)
  expect(err.join('')).toContain('privacy.encryptionKeys: k1.')
})
