import { Buffer } from 'node:buffer'
import { createSecretKey } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { memberOf, numberText, sourceText } from '../../src/core/json/tape.js'
import { type Envelope, readEnvelope } from '../../src/steps/envelope.js'
import {
  createVerify,
  type Method,
  matchMethods,
  type VerifyOptions,
  verifyResult,
} from '../../src/steps/verify.js'
import {
  answerBytes,
  answerText,
  CREDENTIAL,
  HANDSHAKE_ID,
  KEY,
  REQUEST_ID,
  SECRET,
  signatureOf,
} from '../support/answers.js'

const RAW = '{"b" : 1.0, "a" : "\\u0041"}'
const COMPACT = '{"b":1,"a":"A"}'
const SORTED = '{"a":"A","b":1}'
const TEXTS: Readonly<Record<Method, string>> = { raw: RAW, compact: COMPACT, sorted: SORTED }
const OTHER = { id: 'other', clientSecret: createSecretKey(Buffer.from('another secret')) }

function envelopeOf(result: string, signature: string): Envelope {
  const reading = readEnvelope(
    answerBytes(result, { resultSignature: JSON.stringify(signature) }),
    HANDSHAKE_ID,
  )
  if (reading.kind !== 'ready') throw new Error(JSON.stringify(reading))
  return reading.envelope
}

const verifier = (options: Partial<VerifyOptions> = {}) =>
  createVerify({ algorithm: 'sha256', method: 'auto', now: () => 1_700_000_000_000, ...options })

describe('createVerify', () => {
  it.each(['raw', 'compact', 'sorted'] as const)(
    'finds method %s by itself, and gives the text that was hashed',
    (method) => {
      const step = verifier()(envelopeOf(RAW, signatureOf(TEXTS[method])), CREDENTIAL)
      if (step.kind !== 'ok') throw new Error(step.kind)
      const { tape, node, verification, handshakeId, requestId } = step.value
      expect(sourceText(tape, node)).toBe(TEXTS[method])
      expect({ handshakeId, requestId }).toEqual({ handshakeId: HANDSHAKE_ID, requestId: REQUEST_ID })
      expect(verification).toEqual({
        algorithm: 'HMAC-SHA256',
        method,
        credentialId: 'main',
        signature: signatureOf(TEXTS[method]),
        signedBytes: TEXTS[method].length,
        verifiedAt: 1_700_000_000_000,
      })
    },
  )

  it.each(['raw', 'compact', 'sorted'] as const)('with the fixed method %s takes that one only', (method) => {
    const verify = verifier({ method })
    for (const signed of ['raw', 'compact', 'sorted'] as const) {
      const step = verify(envelopeOf(RAW, signatureOf(TEXTS[signed])), CREDENTIAL)
      expect(step.kind).toBe(signed === method ? 'ok' : 'dead')
    }
  })

  it('counts bytes, not characters', () => {
    const step = verifier()(envelopeOf('{"न":"é😀"}', signatureOf('{"न":"é😀"}')), CREDENTIAL)
    expect(step).toMatchObject({ value: { verification: { signedBytes: Buffer.byteLength('{"न":"é😀"}') } } })
  })

  it('takes hex in either case, and records it in lower case', () => {
    const signature = signatureOf(RAW)
    const step = verifier()(envelopeOf(RAW, signature.toUpperCase()), CREDENTIAL)
    expect(step).toMatchObject({ value: { verification: { signature } } })
  })

  it.each([
    ['empty', ''],
    ['too short', signatureOf(RAW).slice(2)],
    ['too long', `${signatureOf(RAW)}00`],
    ['not hex', signatureOf(RAW).replace(/^./, 'g')],
    ['with a blank', ` ${signatureOf(RAW)}`],
    ['with a line break', `${signatureOf(RAW)}\n`],
    ['of other bytes', signatureOf(`${RAW} `)],
    ['of another secret', signatureOf(RAW, OTHER.clientSecret)],
    ['of nothing', signatureOf('')],
  ])('refuses a signature that is %s', (_, signature) => {
    const step = verifier()(envelopeOf(RAW, signature), CREDENTIAL)
    expect(step).toMatchObject({
      kind: 'dead',
      failure: { code: 'signature-mismatch', requestId: REQUEST_ID },
    })
    expect(JSON.stringify(step)).not.toContain(signature === '' ? SECRET : signature)
  })

  it('refuses a signature with any one digit changed', () => {
    const signature = signatureOf(RAW)
    for (let at = 0; at < signature.length; at += 1) {
      const digit = signature[at] === '0' ? '1' : '0'
      const changed = signature.slice(0, at) + digit + signature.slice(at + 1)
      expect(verifier()(envelopeOf(RAW, changed), CREDENTIAL).kind).toBe('dead')
    }
  })

  it('tells once when another method matches, for each credential', () => {
    const changes: unknown[] = []
    const verify = verifier({ onMethodChange: (...change) => changes.push(change) })
    const check = (method: Method, credential = CREDENTIAL as typeof OTHER): string =>
      verify(envelopeOf(RAW, signatureOf(TEXTS[method], credential.clientSecret)), credential).kind
    check('compact')
    check('compact')
    check('sorted', OTHER)
    expect(changes).toEqual([])
    check('raw')
    check('raw')
    expect(changes).toEqual([['main', 'compact', 'raw']])
  })

  it('tries the method first that matched last', () => {
    const verify = verifier()
    verify(envelopeOf(RAW, signatureOf(SORTED)), CREDENTIAL)
    const plain = '{"a":1}'
    const step = verify(envelopeOf(plain, signatureOf(plain)), CREDENTIAL)
    expect(step).toMatchObject({ value: { verification: { method: 'sorted' } } })
  })

  it('gives the rewritten text when 1e400 and null were signed alike', () => {
    const step = verifier()(envelopeOf('{"a": 1e400}', signatureOf('{"a":null}')), CREDENTIAL)
    if (step.kind !== 'ok') throw new Error(step.kind)
    const { tape, node } = step.value
    expect(numberText(tape, memberOf(tape, node, 'a'))).toBeNull()
    expect(sourceText(tape, node)).toBe('{"a":null}')
  })

  it('throws for a credential without a key object', () => {
    expect(() => verifier()(envelopeOf(RAW, signatureOf(RAW)), { id: 'x', clientSecret: {} })).toThrow(
      TypeError,
    )
  })
})

describe('matchMethods', () => {
  it('names each method that gives the signature', () => {
    expect(matchMethods(envelopeOf(SORTED, signatureOf(SORTED)), CREDENTIAL)).toEqual([
      'raw',
      'compact',
      'sorted',
    ])
    expect(matchMethods(envelopeOf(COMPACT, signatureOf(COMPACT)), CREDENTIAL)).toEqual(['raw', 'compact'])
    expect(matchMethods(envelopeOf(RAW, signatureOf(SORTED)), CREDENTIAL)).toEqual(['sorted'])
    expect(matchMethods(envelopeOf(RAW, signatureOf(RAW)), OTHER)).toEqual([])
    expect(matchMethods(envelopeOf(RAW, 'zz'), CREDENTIAL)).toEqual([])
  })
})

describe('verifyResult', () => {
  it('checks a saved answer with the secret as text or as a key object', () => {
    for (const clientSecret of [SECRET, KEY]) {
      expect(verifyResult(answerBytes(RAW), { clientSecret }).kind).toBe('ok')
    }
    expect(verifyResult(answerBytes(RAW), { clientSecret: 'wrong' })).toMatchObject({
      failure: { code: 'signature-mismatch' },
    })
  })

  it('takes any Uint8Array, also one that is a part of a longer one', () => {
    const bytes = new TextEncoder().encode(answerText(RAW))
    expect(Buffer.isBuffer(bytes)).toBe(false)
    const around = new Uint8Array(bytes.length + 20).fill(0x7b)
    around.set(bytes, 7)
    const options = { clientSecret: SECRET, now: () => 0 }
    const expected = verifyResult(answerBytes(RAW), options)
    expect(expected.kind).toBe('ok')
    for (const body of [bytes, around.subarray(7, 7 + bytes.length)]) {
      expect(verifyResult(body, options)).toEqual(expected)
    }
    expect(verifyResult(around, options)).not.toMatchObject({ kind: 'ok' })
  })

  it('holds to the id and the method it is given', () => {
    const options = { clientSecret: SECRET, handshakeId: 'DS0another00' }
    expect(verifyResult(answerBytes(RAW), options)).toMatchObject({ failure: { code: 'response-mismatch' } })
    expect(verifyResult(answerBytes(RAW), { clientSecret: SECRET, method: 'sorted' }).kind).toBe('dead')
  })

  it('passes on why a body is no answer', () => {
    expect(verifyResult(Buffer.from('<html>'), { clientSecret: SECRET })).toEqual({
      kind: 'fault',
      detail: 'markup',
    })
    expect(verifyResult(answerBytes('null'), { clientSecret: SECRET })).toMatchObject({ kind: 'delay' })
  })
})
