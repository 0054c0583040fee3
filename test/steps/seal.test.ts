import { Buffer } from 'node:buffer'
import { createDecipheriv, hkdfSync } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createSealer, type SealKey } from '../../src/steps/seal.js'

const keyOf = (id: string, fill: number): SealKey => ({ id, key: Buffer.alloc(32, fill) })
const A = keyOf('2026-01', 1)
const B = keyOf('2025-07', 2)
const PLACE = { recordId: 'DS02zfeuv6n4gkq51hvw6/FS0a@000000000000', path: 'input.pan' }
const sealer = createSealer([A, B])

describe('a sealed text', () => {
  it('opens to what it was, at its own place', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 80 }), fc.string(), (plain, path) => {
        const place = { ...PLACE, path }
        expect(sealer.openText(sealer.text(plain, place), place)).toEqual({ kind: 'open', plain })
      }),
    )
  })

  it('is of a form that anyone can open who has the key and the docs', () => {
    const sealed = sealer.text('ABCPE0000F', PLACE)
    const [version, id, body = ''] = sealed.split(':')
    expect([version, id]).toEqual(['e1', '2026-01'])
    const bytes = Buffer.from(body, 'base64url')
    const key = Buffer.from(hkdfSync('sha256', A.key, bytes.subarray(0, 16), 'attestr-kafka e1', 32))
    const nonce = Buffer.concat([Buffer.alloc(8), bytes.subarray(16, 20)])
    const decipher = createDecipheriv('aes-256-gcm', key, nonce)
    decipher.setAAD(Buffer.from(`${PLACE.recordId}\0${PLACE.path}`))
    decipher.setAuthTag(bytes.subarray(-16))
    const plain = Buffer.concat([decipher.update(bytes.subarray(20, -16)), decipher.final()])
    expect(plain.toString('latin1')).toBe('ABCPE0000F\x80\0\0\0\0\0')
  })

  it('tells no length within 16 bytes, and never looks the same', () => {
    const texts = ['', 'true', 'false', '123456789012345'].map((text) => sealer.text(text, PLACE))
    expect(new Set(texts.map(({ length }) => length)).size).toBe(1)
    expect(sealer.text('true', PLACE)).not.toBe(texts[1])
    expect(sealer.text('1234567890123456', PLACE).length).toBeGreaterThan(texts[0]?.length ?? 0)
  })

  it('opens at no other place, under no other key and not when it was changed', () => {
    const sealed = sealer.text('secret', PLACE)
    for (const place of [
      { ...PLACE, path: 'input.pao' },
      { ...PLACE, recordId: 'DS0other' },
    ])
      expect(sealer.openText(sealed, place)).toEqual({ kind: 'refused' })
    expect(createSealer([keyOf('2026-01', 9)]).openText(sealed, PLACE)).toEqual({ kind: 'refused' })
    const body = Buffer.from(sealed.split(':')[2] ?? '', 'base64url')
    for (let at = 0; at < body.length; at += 1) {
      const changed = Buffer.from(body)
      changed[at] = (changed[at] ?? 0) ^ 1
      expect(sealer.openText(`e1:2026-01:${changed.toString('base64url')}`, PLACE).kind).toBe('refused')
    }
    for (let length = 1; length < body.length; length += 7)
      expect(
        sealer.openText(`e1:2026-01:${body.subarray(0, length).toString('base64url')}`, PLACE).kind,
      ).toBe('refused')
  })

  it('opens under a former key, and says which key is missing', () => {
    const old = createSealer([B]).text('value', PLACE)
    expect(sealer.openText(old, PLACE)).toEqual({ kind: 'open', plain: 'value' })
    expect(createSealer([A]).openText(old, PLACE)).toEqual({ kind: 'unknown-key', keyId: '2025-07' })
    for (const text of ['', 'ABCPE0000F', 'e1:', 'e1:a:', 'e1::AAAA', 'e2:a:AAAA', 'e1:a:AA AA'])
      expect(sealer.openText(text, PLACE)).toEqual({ kind: 'not-sealed' })
  })
})

describe('sealed bytes', () => {
  it('open to what they were, and tell others apart', () => {
    const plain = Buffer.from([0, 1, 2, 255, 0])
    const sealed = sealer.bytes(plain, PLACE)
    expect(sealer.openBytes(sealed, PLACE)).toEqual({ kind: 'open', plain })
    expect(sealer.openBytes(sealed, { ...PLACE, path: 'x' })).toEqual({ kind: 'refused' })
    expect(sealer.openBytes(sealed.subarray(0, 30), PLACE)).toEqual({ kind: 'refused' })
    expect(createSealer([B]).openBytes(sealed, PLACE)).toEqual({ kind: 'unknown-key', keyId: '2026-01' })
    for (const other of [Buffer.alloc(0), Buffer.from([0xe1]), Buffer.from('{"a":1}')])
      expect(sealer.openBytes(other, PLACE)).toEqual({ kind: 'not-sealed' })
    expect(sealer.openBytes(sealer.bytes(Buffer.alloc(0), PLACE), PLACE).kind).toBe('open')
  })
})

describe('keys and nonces', () => {
  it('never come together twice: one salt for a record, another for the next, a count within', () => {
    const own = createSealer([A])
    const seen = new Set<string>()
    const salts = new Map<string, Set<string>>()
    for (let n = 0; n < 600; n += 1) {
      const place = { recordId: `record ${Math.floor(n / 3) % 50}`, path: `p${n % 3}` }
      const body = Buffer.from(own.text('x', place).split(':')[2] ?? '', 'base64url')
      seen.add(body.toString('hex', 0, 20))
      const salt = body.toString('hex', 0, 16)
      salts.set(salt, (salts.get(salt) ?? new Set()).add(place.recordId))
    }
    expect(seen.size).toBe(600)
    expect(salts.size).toBe(200)
    expect([...salts.values()].every(({ size }) => size === 1)).toBe(true)
  })

  it('are refused where they are not what they should be', () => {
    const short = { id: 'a', key: Buffer.alloc(31) }
    for (const keys of [[], [short], [A, keyOf(A.id, 3)], [keyOf('a:b', 1)], [keyOf('', 1)]])
      expect(() => createSealer(keys)).toThrow(RangeError)
    expect(() => sealer.text('x', { recordId: 'a\0b', path: 'c' })).toThrow(RangeError)
  })
})
