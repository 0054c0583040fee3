import { Buffer } from 'node:buffer'
import { type EvidenceRow, evidencePlace } from '../core/evidence.js'
import type { Chain, Output } from '../core/model.js'
import type { Encoder } from '../core/ports.js'
import type { Verification } from '../core/records.js'
import { type Address, type Encoded, encodeRecord, recordBytes } from './encode.js'
import type { Sealer } from './seal.js'
import { versionOf } from './verified.js'

export interface EvidenceDeps {
  readonly topic: string
  readonly encoder: Encoder<EvidenceRow>
  readonly sealer: Pick<Sealer, 'bytes'>
  /** Of one message, key and headers included. */
  readonly maxRecordBytes: number
}

/** A result whose signature holds. */
export interface SignedResult {
  readonly handshakeId: string
  readonly chain: Chain
  readonly verification: Verification
  /** The very bytes that were hashed. */
  readonly signed: Buffer
  readonly fetchedAt: number
}

export type EvidenceOf = (result: SignedResult, address: Omit<Address, 'topic'>) => Encoded<Output[]>

/** Key id of 64 characters with its mark, salt, count and tag; what longer bytes need for their own length. */
const SEAL_ROOM = 2 + 64 + 16 + 4 + 16 + 8
const NOTHING = Buffer.alloc(0)
const LEAST_PART = 256

/**
 * Makes the step that keeps what was signed: the very bytes, sealed, in as few messages as hold them.
 *
 * Out:    one message, or several parts in their order; each part is sealed for its place
 * Fails:  record-unencodable; record-too-large, only when `maxRecordBytes` leaves next to nothing beside the head
 * Source: product.md section 7, verification; issue "Evidence"
 */
export function createEvidence({ topic, encoder, sealer, maxRecordBytes }: EvidenceDeps): EvidenceOf {
  return (result, address) => {
    const { handshakeId, chain, verification, signed, fetchedAt } = result
    const { origin, attempt, replays } = chain
    const resultId = `${handshakeId}@${versionOf(verification)}`
    const head = { resultId, handshakeId, verification, origin, attempt, replays, fetchedAt }
    const to: Address = { ...address, topic }
    const empty = encodeRecord(
      encoder,
      { ...head, part: 0, parts: 0, sealed: NOTHING },
      to,
      Number.POSITIVE_INFINITY,
    )
    if (empty.kind === 'dead') return empty
    const { key, value, headers } = empty.value
    const room = Math.max(LEAST_PART, maxRecordBytes - recordBytes(key, value, headers) - SEAL_ROOM)
    const parts = Math.max(1, Math.ceil(signed.length / room))
    const outputs: Output[] = []
    for (let part = 0; part < parts; part += 1) {
      const place = evidencePlace({ resultId, part, parts })
      const sealed = sealer.bytes(signed.subarray(part * room, (part + 1) * room), place)
      const encoded = encodeRecord(encoder, { ...head, part, parts, sealed }, to, maxRecordBytes)
      if (encoded.kind === 'dead') return encoded
      outputs.push(encoded.value)
    }
    return { kind: 'ok', value: outputs }
  }
}
