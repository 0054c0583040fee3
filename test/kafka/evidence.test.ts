/** What was signed, kept on a real broker and checked by the command `verify --topic`. */
import { afterEach, describe, expect, it } from 'vitest'
import { runCommandLine } from '../../src/commands/program.js'
import { createSite, type Site } from '../support/site.js'
import { until } from '../support/until.js'

const EVENTS = 40
const KEY = 'ab'.repeat(32)

let site: Site
let topic: string

afterEach(() => site.close())

/** All events verified, with evidence; bodies of one MB and more take several parts. */
async function evidenceOf(profile: 'small' | 'large', events: number): Promise<void> {
  const name = `evidence.${process.pid}.${Math.random().toString(36).slice(2)}`
  topic = name
  site = await createSite({
    ...{ partitions: 2, simulator: { profile } },
    settings: { topics: { evidence: name }, privacy: { encryptionKeys: [{ id: 'k1', key: KEY }] } },
  })
  await site.send(Array.from({ length: events }, (_, n) => ({ value: site.handshakeId(n) })))
  const here = await site.here('kafka.maxRecordBytes=600000')
  await here.started
  await until('all are committed', () => site.caughtUp())
  expect(await site.violations()).toBe('')
  await here.stop()
}

async function verify(...more: string[]) {
  const texts = { out: '', err: '' }
  const code = await runCommandLine(['verify', '--topic', topic, '--config', site.configFile, ...more], {
    ...{ env: site.env, version: 'test' },
    out: (text) => {
      texts.out += text
    },
    err: (text) => {
      texts.err += text
    },
    exitNow: (exit) => {
      throw new Error(`exit ${exit}`)
    },
  })
  return { code, ...texts }
}

const lastLine = (text: string): unknown => JSON.parse(text.trimEnd().split('\n').at(-1) ?? '')

describe('an evidence topic', () => {
  it('holds the very bytes of every verified result, and the command finds them right', async () => {
    await evidenceOf('small', EVENTS)
    const { code, out, err } = await verify('--json')
    expect([code, err]).toEqual([0, ''])
    expect(lastLine(out)).toEqual({ messages: EVENTS, verified: EVENTS, mismatches: 0, cutOff: 0 })
    expect(await verify('--since', '1h')).toMatchObject({ code: 0 })
    const rows = await site.rows(topic)
    const [first] = await site.rows(site.topics.verified)
    expect(rows.some(({ value }) => value?.includes('input'))).toBe(false)
    expect(first).toBeDefined()
  })

  it('takes results that fit into no single message', async () => {
    await evidenceOf('large', 3)
    const { code, out } = await verify('--json')
    expect(code).toBe(0)
    expect(lastLine(out)).toMatchObject({ verified: 3, mismatches: 0 })
    expect((await site.rows(topic)).length).toBeGreaterThanOrEqual(9)
  })

  it('that was tampered with is told, with place and reason, and code 3', async () => {
    await evidenceOf('small', 5)
    const [row] = await site.rows(topic)
    const changed = Buffer.from(row?.value ?? '')
    changed[200] = (changed[200] ?? 0) ^ 1
    await site.broker.append({ topic, partition: 0 }, [
      { key: row?.key ?? '', value: changed },
      { key: row?.key ?? '', value: Buffer.from('none of ours') },
    ])
    const { code, out, err } = await verify()
    expect(code).toBe(3)
    expect(out).toMatch(/^(undecryptable|unreadable|signature-mismatch) evidence\..*\/0@\d+/m)
    expect(out).toMatch(/^unreadable evidence/m)
    expect(out).toMatch(/^verified +5$/m)
    expect(err).toContain('not verified: 2 mismatches')
  })

  it('cannot be checked with other keys or secrets, which is said', async () => {
    await evidenceOf('small', 2)
    const otherKey = ['--set', `privacy.encryptionKeys=[{ id: k1, key: ${'cd'.repeat(32)} }]`]
    expect((await verify(...otherKey)).out).toMatch(/^undecryptable /m)
    expect(
      (await verify('--set', 'attestr.credentials=[{ id: other, authToken: a, clientSecret: b }]')).out,
    ).toMatch(/^unknown-credential /m)
    expect(await verify('--set', 'privacy.encryptionKeys=[]', '--set', 'topics.evidence=null')).toMatchObject(
      {
        code: 2,
        err: expect.stringContaining('privacy.encryptionKeys'),
      },
    )
  })
})
