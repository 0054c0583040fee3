import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { evidencePlace } from '../../src/core/evidence.js'
import { createMemoryRegistry } from '../../src/io/memory/registry.js'
import {
  createEvidenceEncoder,
  createEvidenceReader,
  EVIDENCE_SCHEMA,
} from '../../src/io/registry/evidence.js'
import { recordBytes } from '../../src/steps/encode.js'
import { createEvidence, type SignedResult } from '../../src/steps/evidence.js'
import { createSealer } from '../../src/steps/seal.js'
import { chain, handshake, ID, message, NOW, route, stage, verification } from './route-support.js'

const registry = createMemoryRegistry()
const id = registry.add('evidence-value', EVIDENCE_SCHEMA)
const encoder = createEvidenceEncoder(id)
const read = createEvidenceReader(registry)
const sealer = createSealer([{ id: 'k1', key: randomBytes(32) }])
const address = { key: Buffer.from(ID), headers: [], sourcePartition: 3 }
const signed = Buffer.from('{"FS0pan":{"input":{"pan":"ABCDE1234F"}}}')

const result = (parts: Partial<SignedResult> = {}): SignedResult => ({
  ...{ handshakeId: ID, chain, verification, signed, fetchedAt: NOW },
  ...parts,
})

const evidence = (maxRecordBytes: number) =>
  createEvidence({ topic: 'evidence', encoder, sealer, maxRecordBytes })

async function rowsOf(bytes: Buffer, maxRecordBytes: number) {
  const made = evidence(maxRecordBytes)(result({ signed: bytes }), address)
  if (made.kind === 'dead') throw new Error(made.failure.detail)
  const rows = []
  for (const { value, key, headers, topic } of made.value) {
    expect(topic).toBe('evidence')
    expect(recordBytes(key, value, headers)).toBeLessThanOrEqual(maxRecordBytes)
    expect(value.includes(bytes.subarray(0, 16))).toBe(false)
    const row = await read(value)
    if (row === null) throw new Error('not readable')
    rows.push(row)
  }
  return rows
}

function openedOf(rows: Awaited<ReturnType<typeof rowsOf>>): Buffer {
  return Buffer.concat(
    rows.map((row) => {
      const opened = sealer.openBytes(row.sealed, evidencePlace(row))
      if (opened.kind !== 'open') throw new Error(opened.kind)
      return opened.plain
    }),
  )
}

describe('what was signed', () => {
  it('is one message, sealed, with all that a later check needs', async () => {
    const rows = await rowsOf(signed, 1_000_000)
    expect(rows).toMatchObject([
      {
        ...{ resultId: `${ID}@0123456789ab`, handshakeId: ID, part: 0, parts: 1 },
        ...{ attempt: 2, replays: 1, fetchedAt: NOW },
        verification: { method: 'raw', credentialId: 'main', signature: verification.signature },
        origin: chain.origin,
      },
    ])
    expect(openedOf(rows).equals(signed)).toBe(true)
  })

  it.each([0, 1, 3300, 3301, 40_000])(
    'is as many messages as its %i bytes need, none over the bound, and comes out as it went in',
    async (size) => {
      const bytes = randomBytes(size + 16)
      const rows = await rowsOf(bytes, 4096)
      expect(rows.map(({ part }) => part)).toEqual(rows.map((_, part) => part))
      expect(new Set(rows.map(({ parts }) => parts))).toEqual(new Set([rows.length]))
      expect(openedOf(rows).equals(bytes)).toBe(true)
    },
  )

  it('opens at no other place: not of another result, not as another part', async () => {
    const [one, two] = await rowsOf(randomBytes(6000), 4096)
    if (one === undefined || two === undefined) throw new Error('two parts were expected')
    const kindAt = (place: Parameters<typeof evidencePlace>[0]) =>
      sealer.openBytes(one.sealed, evidencePlace(place)).kind
    expect(kindAt(one)).toBe('open')
    expect(kindAt(two)).toBe('refused')
    expect(kindAt({ ...one, parts: 3 })).toBe('refused')
    expect(kindAt({ ...one, resultId: `${ID}x@0123456789ab` })).toBe('refused')
  })

  it('is a dead letter where the bound leaves no room', () => {
    const made = evidence(300)(result(), address)
    expect(made).toMatchObject({ kind: 'dead', failure: { code: 'record-too-large' } })
  })
})

describe('a verified event with an evidence topic', () => {
  const common = { message: message(), chain, calls: 1, startedAt: NOW, event: handshake(), fetchedAt: NOW }
  const end = {
    ...{ ...common, verification, signed, stages: [stage('FS0pan')] },
    envelope: { number: null, requestId: null, tag: null },
  }

  it('has its evidence beside its records, which alone the outcome counts, and before the outcome', () => {
    const { outputs } = route({ evidence: evidence(1_000_000) }).verified(end)
    expect(outputs.map(({ topic }) => topic)).toEqual(['v', 'evidence', 'o'])
    expect(outputs.map(({ key }) => key?.toString())).toEqual([ID, ID, ID])
  })

  it('is a dead letter as a whole where its evidence cannot be written', () => {
    const { outcome, outputs } = route({ evidence: evidence(300) }).verified(end)
    expect(outcome).toBe('DEAD')
    expect(outputs.map(({ topic }) => topic)).toEqual(['d', 'o'])
  })
})
