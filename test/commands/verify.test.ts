import { createHmac } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { handshakeIdFor } from '../../src/simulator/ids.js'
import { createResultSource } from '../../src/simulator/results.js'
import { runCommand } from './context.js'

const SECRET = 'k3y-of-the-app'
const MARKER = 'OTP-MARKER-77'
const folder = mkdtempSync(join(tmpdir(), 'verify-'))
afterAll(() => rmSync(folder, { recursive: true }))

let files = 0
function file(content: string | Buffer): string {
  files += 1
  const path = join(folder, `f${files}`)
  writeFileSync(path, content)
  return path
}

const id = handshakeIdFor(1, 0)
const simulated = (more: object) =>
  createResultSource({
    seed: 1,
    clientSecret: SECRET,
    canary: { secret: MARKER, aadhaar: '234567890124' },
    ...more,
  }).resultFor(id).body

async function verify(response: string | Buffer, secret: string | Buffer = SECRET, ...more: string[]) {
  const ran = await runCommand('verify', '--response', file(response), '--secret-file', file(secret), ...more)
  const all = `${ran.out}${ran.err}`
  for (const hidden of [SECRET, MARKER, '234567890124']) expect(all).not.toContain(hidden)
  return ran
}

const signed = (result: string, more = '', secret = SECRET): string =>
  `{"_id":"${id}","consumed":true,"result":${result},"resultSignature":"${createHmac('sha256', secret).update(result).digest('hex')}"${more}}`

describe('a response that is signed', () => {
  it('is verified with code 0, and the method is named', async () => {
    const { code, out, err } = await verify(simulated({}))
    expect([code, err]).toEqual([0, ''])
    expect(out).toMatch(/^method +raw$/m)
    expect(out).toContain(id)
  })

  it.each(['raw', 'compact', 'sorted'] as const)('by %s is recognised', async (sign) => {
    const { code, out } = await verify(simulated({ sign, body: 'pretty' }), SECRET, '--json')
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ verified: true, method: sign, methods: [sign], handshakeId: id })
  })

  it('may have a newline after it, and one at the end of the secret file', async () => {
    expect((await verify(`${signed('{"FS01":{"input":null}}')}\n`, `${SECRET}\n`)).code).toBe(0)
    expect((await verify(signed('{}'), `${SECRET}\r\n`)).code).toBe(0)
  })

  it('is refused by a named method that does not match, with the one that does', async () => {
    const { code, err } = await verify(
      simulated({ sign: 'compact', body: 'pretty' }),
      SECRET,
      '--method',
      'raw',
    )
    expect(code).toBe(3)
    expect(err).toContain('this method does not match, but compact does')
  })
})

describe('a response that is not verified ends with code 3 and says why', () => {
  const body = (more: string): string => `{"_id":"${id}","consumed":true,${more}}`
  const hex = 'a'.repeat(64)
  it.each([
    ['another secret', signed('{"a":1}', '', 'other'), 'no method matches'],
    ['a changed result', signed('{"a":1}').replace('"a":1', '"a":2'), 'no method matches'],
    ['no signature', body('"result":{},"resultSignature":null'), 'signature-missing'],
    ['an empty signature', body('"result":{},"resultSignature":""'), 'is not 64 hex digits (0 characters)'],
    [
      'a signature that is not hex',
      body('"result":{},"resultSignature":"zz"'),
      'is not 64 hex digits (2 characters)',
    ],
    ['blanks around it', body(`"result":{},"resultSignature":" ${hex}"`), 'with blanks around it'],
    [
      'an archived handshake',
      body('"archived":true,"result":null,"resultSignature":null'),
      'result-archived',
    ],
    ['one that is not consumed', body('"result":null').replace('true', 'false'), 'result-not-ready'],
    ['no result', body('"resultSignature":"x"'), 'result-missing'],
    ['another answer', '{"code":4016,"message":"x"}', 'response-mismatch'],
    ['duplicate keys', body(`"result":{"a":1,"a":2},"resultSignature":"${hex}"`), 'response-malformed'],
  ])('%s', async (_, response, reason) => {
    const { code, out, err } = await verify(response)
    expect([code, out]).toEqual([3, ''])
    expect(err).toContain(reason)
    expect(err.trimEnd().split('\n')).toHaveLength(2)
  })

  it.each([
    ['a second newline', `${SECRET}\n\n`, 'once blanks, line breaks'],
    ['a blank before it', ` ${SECRET}`, 'once blanks, line breaks'],
    ['a byte order mark', `\uFEFF${SECRET}`, 'once blanks, line breaks'],
    ['quotes', `"${SECRET}"\n`, 'quotes around the secret'],
    ['base64', Buffer.from(SECRET).toString('base64'), 'decoded from base64'],
    ['hex', Buffer.from(SECRET).toString('hex'), 'decoded from hex'],
  ])('%s around the secret', async (_, secret, reason) => {
    const { code, err } = await verify(signed('{}'), secret)
    expect(code).toBe(3)
    expect(err).toContain(reason)
  })

  it.each([
    [
      'with a byte order mark',
      (body: string) => Buffer.from(`\uFEFF${body}`),
      'with a byte order mark before it',
    ],
    ['as Latin-1', (body: string) => Buffer.from(body, 'latin1'), 'as Latin-1 instead of UTF-8'],
  ])('a response that was saved %s: the secret is known to be right', async (_, saved, reason) => {
    const response = signed('{"FS01":{"input":{"a":"é"}}}')
    const { code, err } = await verify(saved(response), SECRET)
    expect(code).toBe(3)
    expect(err).toContain(`the secret is right, but the file was saved ${reason}`)
    const other = await verify(saved(response), 'another secret')
    expect(other.err).toContain('response-malformed')
    expect(other.err).not.toContain('is right')
  })

  it('a secret whose own end is a line break', async () => {
    const { code, err } = await verify(signed('{}', '', `${SECRET}\n`), `${SECRET}\n`)
    expect(code).toBe(3)
    expect(err).toContain('only with the line break at the end')
  })

  const pretty =
    '{\n  "FS01": {\n    "output": {\n      "name": "Asha é",\n      "list": [],\n      "n": [\n        1,\n        {}\n      ]\n    }\n  }\n}'
  it.each([
    ['that were indented', pretty, (text: string) => JSON.stringify(JSON.parse(text))],
    [
      'whose lines ended in CR LF',
      pretty.replaceAll('\n', '\r\n'),
      (text: string) => text.replaceAll('\r', ''),
    ],
    [
      'with blanks of another program',
      '{"FS01": {"input": {"a": 1, "b": 2}}}',
      (text: string) => text.replaceAll(' ', ''),
    ],
    ['with escapes', '{"FS01":{"input":{"a":"\\u00e9"}}}', (text: string) => text.replace('\\u00e9', 'é')],
    ['with escaped slashes', '{"FS01":{"input":{"a":"b\\/c"}}}', (text: string) => text.replace('\\/', '/')],
    ['in another Unicode form', '{"FS01":{"input":{"a":"é"}}}', (text: string) => text.normalize('NFD')],
  ])(
    'other bytes than those that were signed, %s: the secret is known to be right',
    async (_, result, change) => {
      const body = signed(result).replace(result, () => change(result))
      expect(body).not.toBe(signed(result))
      const { code, out, err } = await verify(body, `${SECRET}\n`, '--json')
      expect(code).toBe(3)
      expect(err).toContain('the secret is right, and the bytes are others')
      expect(JSON.parse(out)).toMatchObject({ cause: 'bytes', code: 'signature-mismatch' })
    },
  )

  it('with its cause: method, secret, bytes, or null where it cannot be told', async () => {
    const causeOf = async (body: string | Buffer, ...more: string[]) =>
      JSON.parse((await verify(body, `"${SECRET}"`, ...more, '--json')).out).cause
    expect(await causeOf(signed('{"a":1}'))).toBe('secret')
    expect(await causeOf(signed('{"a":1}', '', 'other'))).toBeNull()
    const { out } = await verify(
      simulated({ sign: 'compact', body: 'pretty' }),
      SECRET,
      '--method',
      'raw',
      '--json',
    )
    expect(JSON.parse(out)).toMatchObject({ cause: 'method', methods: ['compact'] })
  })

  it('as JSON too', async () => {
    const { code, out } = await verify(signed('{"a":1}', '', 'other'), SECRET, '--json')
    expect(code).toBe(3)
    expect(JSON.parse(out)).toMatchObject({ verified: false, code: 'signature-mismatch', methods: [] })
  })
})

describe('a file that cannot be used ends with code 2', () => {
  it.each([
    ['empty', '', 'the response file is empty'],
    ['a page', '<html>hunter</html>', 'holds a page, not JSON'],
    ['cut off', signed('{"a":1}').slice(0, 60), 'does not hold whole JSON'],
    ['text', 'hello', 'does not hold whole JSON'],
  ])('%s', async (_, response, reason) => {
    const { code, out, err } = await verify(response)
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain(reason)
  })

  it('a missing file, an empty secret', async () => {
    const missing = await runCommand('verify', '--response', join(folder, 'no'), '--secret-file', file('x'))
    expect(missing.code).toBe(2)
    expect(missing.err).toContain('the response file cannot be read (no such file)')
    expect((await verify(signed('{}'), '\n')).code).toBe(2)
    expect((await verify(signed('{}'), '')).code).toBe(2)
  })
})
