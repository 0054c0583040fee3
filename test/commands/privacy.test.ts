import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { BUILT_IN } from '../../src/catalogue/built-in.js'
import { sensitivePathsOf } from '../../src/catalogue/sensitive.js'
import { runCommand } from './context.js'

const folder = mkdtempSync(join(tmpdir(), 'privacy-'))
afterAll(() => rmSync(folder, { recursive: true }))

const HEAD = `attestr: { credentials: [{ id: main, authToken: t, clientSecret: s }] }
kafka: { brokers: [localhost:9092] }
schemaRegistry: { url: "http://localhost:8081" }
catalogue: { stages: { FS0card: PAN } }
`

interface Json {
  readonly stageType: string | null
  readonly fields: readonly { path: string; class: string | null; action: string; rule: string | null }[]
  readonly rules: readonly { rule: string; path: string; action: string }[]
  readonly defaults: readonly { name: string; on: boolean }[]
}

async function explained(stage: string, privacy?: string): Promise<Json> {
  const file = join(folder, 'c.yaml')
  if (privacy !== undefined) writeFileSync(file, `${HEAD}privacy: ${privacy}\n`)
  const config = privacy === undefined ? [] : ['--config', file]
  const { code, out, err } = await runCommand('privacy', 'explain', '--stage', stage, '--json', ...config)
  expect([code, err]).toEqual([0, ''])
  return JSON.parse(out)
}

describe('privacy explain', () => {
  it('prints each known field with what is done to it and by which rule', async () => {
    const { code, out } = await runCommand('privacy', 'explain', '--stage', 'PAN')
    expect(code).toBe(0)
    expect(out).toMatch(/^PAN, type PAN$/m)
    expect(out).toMatch(/^input\.pan +government-id +mask:4 +catalogue$/m)
    expect(out).toMatch(/^output\.name +personal +keep +-$|^output\.name +personal +keep +catalogue$/m)
    expect(out).toMatch(/^aadhaar-text +on +/m)
  })

  it.each(Object.values(BUILT_IN))(
    'says of $name that no sensitive field goes without its action',
    async (spec) => {
      const { fields } = await explained(spec.name)
      for (const { path, class: kind, action } of sensitivePathsOf(spec)) {
        const row = fields.find((one) => one.path === path)
        expect(row?.class).toBe(kind)
        // Another default may go before: it hides no less.
        const expected =
          action === 'mask' ? /^(mask|drop)/ : action === 'keep' ? /./ : new RegExp(`^${action}$`)
        expect(row?.action).toMatch(expected)
      }
    },
  )

  it('counts in the rules of a configuration, by type and by id', async () => {
    const privacy =
      '{ rules: [{ stage: PAN, path: input.pan, action: keep }, { stage: EPAN, path: output, action: drop }] }'
    const card = await explained('FS0card', privacy)
    expect(card.stageType).toBe('PAN')
    expect(card.fields.find(({ path }) => path === 'input.pan')).toMatchObject({
      action: 'keep',
      rule: 'privacy.rules[0]',
    })
    expect(card.rules).toEqual([{ rule: 'privacy.rules[0]', path: 'input.pan', action: 'keep' }])
    const other = await explained('FS0other', privacy)
    expect([other.stageType, other.fields, other.rules]).toEqual([null, [], []])
    const off = await explained('PAN', '{ defaults: { catalogue: keep } }')
    expect(off.fields.find(({ path }) => path === 'input.pan')?.action).toBe('keep')
    expect(off.defaults.find(({ name }) => name === 'catalogue')?.on).toBe(false)
  })

  it('counts in the usual file where there is one, and explains the defaults when it is asked for them', async () => {
    const before = process.cwd()
    onTestFinished(() => process.chdir(before))
    const place = mkdtempSync(join(folder, 'usual-'))
    writeFileSync(join(place, 'attestr-kafka.yaml'), `${HEAD}privacy: { defaults: { catalogue: keep } }\n`)
    process.chdir(place)
    const actionOf = async (...more: string[]): Promise<string | undefined> => {
      const { out } = await runCommand('privacy', 'explain', '--stage', 'PAN', '--json', ...more)
      return (JSON.parse(out) as Json).fields.find(({ path }) => path === 'input.pan')?.action
    }
    expect(await actionOf()).toBe('keep')
    expect(await actionOf('--defaults')).toBe('mask:4')
  })

  it('refuses a stage that is none', async () => {
    const { code, out, err } = await runCommand('privacy', 'explain', '--stage', 'pam')
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain('did you mean PAN?')
    expect((await runCommand('privacy', 'explain')).code).toBe(2)
    const both = await runCommand('privacy', 'explain', '--stage', 'PAN', '--defaults', '--config', 'c.yaml')
    expect(both.code).toBe(2)
    expect(both.err).toContain('--defaults')
  })
})
