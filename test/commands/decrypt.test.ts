import { Buffer } from 'node:buffer'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { createSealer } from '../../src/steps/seal.js'
import { type Ran, runCommand } from './context.js'

const folder = mkdtempSync(join(tmpdir(), 'decrypt-'))
afterAll(() => rmSync(folder, { recursive: true }))

const [A, B] = [1, 2].map((fill) => Buffer.alloc(32, fill)) as [Buffer, Buffer]
const sealer = createSealer([{ id: 'a', key: A }])
const recordId = 'DS02zfeuv6n4gkq51hvw6/FS0a@000000000000'
const seal = (plain: string, path: string): string => sealer.text(plain, { recordId, path })
const keyOf = (id: string, key: Buffer): string => `{ id: ${id}, key: "${key.toString('hex')}" }`

function run(lines: readonly unknown[], keys: string): Promise<Ran> {
  const [config, file] = [join(folder, 'c.yaml'), join(folder, 'records.jsonl')]
  const text = `attestr: { credentials: [{ id: main, authToken: t, clientSecret: s }] }
kafka: { brokers: [localhost:9092] }
schemaRegistry: { url: "http://localhost:8081" }
privacy: { encryptionKeys: [${keys}] }
`
  writeFileSync(config, text)
  writeFileSync(
    file,
    lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'),
  )
  return runCommand('decrypt', '--file', file, '--config', config)
}

const LONG = {
  recordId,
  input: { pan: seal('ABCPE0000F', 'input.pan'), other: 'e1:a:plain' },
  output: { 'items[0].reg': { string: seal('say "no"', 'output.items[0].reg') } },
  redactions: { 'input.pan': 'encrypt', 'output.items[0].reg': 'encrypt' },
}
const TYPED = {
  recordId,
  input_pan: LONG.input.pan,
  extra: JSON.stringify({ output: { items: [{ reg: seal('say "no"', 'output.items[0].reg') }] } }),
  // Typed records have a text here.
  redactions: JSON.stringify(LONG.redactions),
}

describe('decrypt --file', () => {
  it('opens fields of the long form, of a typed record, and within JSON text', async () => {
    const { code, out, err } = await run([LONG, '', TYPED], keyOf('a', A))
    const [long, typed] = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(long.input).toEqual({ pan: 'ABCPE0000F', other: 'e1:a:plain' })
    expect(long.output['items[0].reg'].string).toBe('say "no"')
    expect(typed.input_pan).toBe('ABCPE0000F')
    expect(JSON.parse(typed.extra).output.items[0].reg).toBe('say "no"')
    // What only looks like a sealed text was there before.
    expect([code, err]).toEqual([0, '4 values opened, 0 not, 0 messages or lines are no record\n'])
  })

  it('opens with any of the keys, and ends well when all is open', async () => {
    const record = { ...LONG, input: { pan: LONG.input.pan } }
    const { code, err } = await run([record], `${keyOf('b', B)}, ${keyOf('a', A)}`)
    expect([code, err]).toEqual([0, '2 values opened, 0 not, 0 messages or lines are no record\n'])
  })

  it('names the ids of missing keys, and leaves what it cannot open', async () => {
    const { code, out, err } = await run([LONG], keyOf('b', B))
    expect(code).toBe(3)
    expect(JSON.parse(out)).toEqual(LONG)
    expect(err).toContain('privacy.encryptionKeys: a.')
  })

  it('opens nothing that lies in another record, and shows no line that is none', async () => {
    const moved = await run([{ ...LONG, recordId: 'DS0other/FS0a@000000000000' }], keyOf('a', A))
    expect(moved.code).toBe(3)
    expect(moved.out).not.toContain('ABCPE')
    const broken = await run(['not json'], keyOf('a', A))
    expect([broken.code, broken.out]).toEqual([3, ''])
  })

  it('leaves what was received in a form like that of sealed texts', async () => {
    const received = { recordId, output: { remark: 'e1:x:abc' }, extra: 'e1:x:abc' }
    for (const redactions of [{}, null, { 'output.name': 'drop' }]) {
      const { code, err } = await run([{ ...received, redactions }], keyOf('a', A))
      expect([code, err]).toEqual([0, '0 values opened, 0 not, 0 messages or lines are no record\n'])
    }
  })

  it('opens a typed record in the JSON form of Avro', async () => {
    const wrapped = { ...TYPED, redactions: { string: TYPED.redactions } }
    expect((await run([wrapped], keyOf('a', A))).err).toMatch(/^2 values opened, 0 not/)
  })

  it('opens the bytes of evidence, and takes no part for another one', async () => {
    const resultId = 'DS02zfeuv6n4gkq51hvw6@000000000000'
    const bytes = Buffer.from('{"FS0a":{}}')
    const sealed = sealer.bytes(bytes, { recordId: resultId, path: 'signed/0/2' }).toString('base64')
    const { code, out } = await run([{ resultId, part: 0, parts: 2, sealed }], keyOf('a', A))
    expect([code, JSON.parse(out)]).toEqual([
      0,
      { resultId, part: 0, parts: 2, signed: bytes.toString('base64') },
    ])
    expect((await run([{ resultId, part: 1, parts: 2, sealed }], keyOf('a', A))).code).toBe(3)
    expect((await run([{ resultId, part: 0, parts: 2, sealed }], keyOf('b', B))).err).toContain(': a.')
  })

  it('needs a key, and one source', async () => {
    expect((await run([LONG], '')).err).toContain('privacy.encryptionKeys names no key')
    expect((await runCommand('decrypt')).code).toBe(2)
    expect((await runCommand('decrypt', '--file', 'x', '--topic', 'y')).code).toBe(2)
    const none = await runCommand(
      'decrypt',
      '--file',
      join(folder, 'none'),
      '--config',
      join(folder, 'c.yaml'),
    )
    expect(none.code).toBe(2)
  })
})
