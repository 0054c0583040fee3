import { createHmac, createSecretKey, randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { type EvidenceRow, evidencePlace } from '../../../src/core/evidence.js'
import { createSealer, type Sealer } from '../../../src/steps/seal.js'
import {
  createEvidenceCheck,
  MISMATCHES,
  type Mismatch,
} from '../../../src/tools/verify-topic/check-evidence.js'

const SECRET = Buffer.from('secret-of-main')
const sealer = createSealer([{ id: 'k1', key: randomBytes(32) }])
const other = createSealer([{ id: 'k2', key: randomBytes(32) }])

/** The rows of one result in so many parts. */
function rowsOf(text: string, parts = 1, by: Pick<Sealer, 'bytes'> = sealer): EvidenceRow[] {
  const signed = Buffer.from(text)
  const signature = createHmac('sha256', SECRET).update(signed).digest('hex')
  const handshakeId = `DS0${signature.slice(20, 30)}`
  const resultId = `${handshakeId}@${signature.slice(0, 12)}`
  const size = Math.ceil(signed.length / parts)
  return Array.from({ length: parts }, (_, part) => ({
    ...{ resultId, handshakeId, part, parts, attempt: 1, replays: 0, fetchedAt: 7 },
    verification: {
      ...{ algorithm: 'HMAC-SHA256', method: 'raw', credentialId: 'main', signature },
      ...{ signedBytes: signed.length, verifiedAt: 7 },
    },
    sealed: by.bytes(
      signed.subarray(part * size, (part + 1) * size),
      evidencePlace({ resultId, part, parts }),
    ),
    origin: { topic: 'events', partition: 0, offset: 1 },
  }))
}

function checked(
  rows: readonly (EvidenceRow | null)[],
  partitionOf: (index: number) => number = () => 0,
  firstOffset = 0,
) {
  const found: Mismatch[] = []
  const check = createEvidenceCheck({
    secretOf: (id) => (id === 'main' ? createSecretKey(SECRET) : null),
    open: (sealed, place) => sealer.openBytes(sealed, place),
    onMismatch: (mismatch) => found.push(mismatch),
  })
  for (const [index, row] of rows.entries()) {
    const offset = firstOffset + index
    check.take({ topic: 'evidence', partition: partitionOf(index), offset }, row)
  }
  const counts = check.conclude()
  expect(counts.mismatches).toBe(found.length)
  for (const { reason } of found) expect(Object.keys(MISMATCHES)).toContain(reason)
  return { counts, reasons: found.map(({ reason, offset }) => `${reason}@${offset}`) }
}

type Verification = EvidenceRow['verification']
const rowWith = (parts: Partial<EvidenceRow>, verification: Partial<Verification> = {}): EvidenceRow => {
  const [row] = rowsOf('{"a":1}')
  if (row === undefined) throw new Error('no row')
  return { ...row, ...parts, verification: { ...row.verification, ...verification } }
}

describe('evidence that is whole', () => {
  it('is verified: in one part, in many, and mixed with that of other results', () => {
    const [a, b, c] = [rowsOf('{"a":1}'), rowsOf('{"b":"long enough"}', 4), rowsOf('{"c":"as well"}', 3)]
    const mixed = [b[0], c[0], b[1], a[0], c[1], c[2], b[2], b[3]].map((row) => row ?? null)
    expect(checked(mixed)).toMatchObject({
      counts: { messages: 8, verified: 3, mismatches: 0, cutOff: 0 },
      reasons: [],
    })
  })

  it('is verified once more where its parts come again from their begin', () => {
    const rows = rowsOf('{"b":"long enough"}', 3)
    expect(checked([...rows.slice(0, 2), ...rows]).counts).toMatchObject({ verified: 1, mismatches: 0 })
  })

  it('is verified where another fetch began it anew, at least once', () => {
    const rows = rowsOf('{"b":"long enough"}', 2)
    const later = (row: EvidenceRow): EvidenceRow => ({
      ...row,
      verification: { ...row.verification, verifiedAt: 9 },
    })
    expect(checked([rows[0] ?? null, ...rows.map(later)])).toMatchObject({
      counts: { verified: 1, mismatches: 0 },
    })
  })

  it('is no mismatch where its first parts lie before what is read', () => {
    const rows = rowsOf('{"b":"long enough"}', 3)
    const found = checked(rows.slice(1), undefined, 5)
    expect(found.counts).toMatchObject({ verified: 0, mismatches: 0, cutOff: 2 })
  })
})

describe('evidence that proves nothing is told with its place and why', () => {
  const flipped = (row: EvidenceRow, at: number): EvidenceRow => {
    const sealed = Buffer.from(row.sealed)
    sealed[at] = (sealed[at] ?? 0) ^ 1
    return { ...row, sealed }
  }
  const wrong = `f${'0'.repeat(63)}`

  it.each([
    ['a value that is no row', null, 'unreadable@0'],
    ['a part beyond its parts', rowWith({ part: 1 }), 'unreadable@0'],
    ['the head of another result', rowWith({ handshakeId: 'DS0other00000' }), 'unreadable@0'],
    ['another algorithm', rowWith({}, { algorithm: 'HMAC-SHA512' }), 'unknown-algorithm@0'],
    ['a credential that is gone', rowWith({}, { credentialId: 'old' }), 'unknown-credential@0'],
    ['a changed byte', flipped(rowWith({}), 40), 'undecryptable@0'],
    ['a key that is not there', rowsOf('{"a":1}', 1, other)[0] ?? null, 'unknown-key@0'],
    ['another number of bytes', rowWith({}, { signedBytes: 8 }), 'length-mismatch@0'],
  ])('%s', (_, row, reason) => {
    expect(checked([row, ...rowsOf('{"whole":true}')])).toMatchObject({
      reasons: [reason],
      counts: { messages: 2, verified: 1 },
    })
  })

  it('another signature, with the head that belongs to it', () => {
    const [row] = rowsOf('{"a":1}')
    if (row === undefined) throw new Error('no row')
    const resultId = `${row.handshakeId}@${wrong.slice(0, 12)}`
    const sealed = sealer.bytes(Buffer.from('{"a":1}'), evidencePlace({ resultId, part: 0, parts: 1 }))
    const forged = { ...row, resultId, sealed, verification: { ...row.verification, signature: wrong } }
    expect(checked([forged]).reasons).toEqual(['signature-mismatch@0'])
  })

  it('other bytes, sealed for the same place by who has the key', () => {
    const row = rowWith({})
    const sealed = sealer.bytes(Buffer.from('{"a":2}'), evidencePlace(row))
    expect(checked([{ ...row, sealed }]).reasons).toEqual(['signature-mismatch@0'])
  })

  it('a part that is missing, in the middle or at the end', () => {
    const rows = rowsOf('{"b":"long enough"}', 3)
    expect(checked([rows[0] ?? null, rows[2] ?? null]).reasons).toEqual(['incomplete@1'])
    expect(checked(rows.slice(0, 2)).reasons).toEqual(['incomplete@0'])
  })

  it('a first part that is missing where the reading began before it, told once', () => {
    const rows = rowsOf('{"b":"long enough"}', 4)
    expect(checked(rows.slice(1)).reasons).toEqual(['incomplete@0'])
    expect(checked([...rowsOf('{"a":1}'), ...rows.slice(2)], undefined, 5).reasons).toEqual(['incomplete@6'])
  })

  it('parts in two partitions', () => {
    const rows = rowsOf('{"b":"long enough"}', 2)
    expect(checked(rows, (index) => index)).toMatchObject({
      reasons: ['incomplete@0'],
      counts: { cutOff: 1 },
    })
  })
})

describe('the memory of the check', () => {
  it('is bounded: of results that are begun and never end, the oldest are given up', () => {
    const rows = Array.from({ length: 1010 }, (_, n) => rowsOf(`{"n":"${n} and more"}`, 2)[0] ?? null)
    const { reasons } = checked(rows)
    expect(reasons).toHaveLength(1010)
    expect(reasons[0]).toBe('incomplete@0')
  })
})
