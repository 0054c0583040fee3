import { createHmac, type Hmac, type KeyObject } from 'node:crypto'
import { type EvidenceRow, evidencePlace } from '../../core/evidence.js'
import type { Coordinates } from '../../core/model.js'

/** Why a message of the evidence topic does not prove what it says. Words may be added, never renamed. */
export const MISMATCHES = {
  unreadable: 'no row of avro/evidence.avsc, or one that contradicts itself',
  'unknown-algorithm': 'made with an algorithm that this version does not know',
  'unknown-credential': 'its credential is not in the configuration',
  'unknown-key': 'the key that encrypted it is not in privacy.encryptionKeys',
  undecryptable: 'changed, moved from another place, or encrypted with another key of this id',
  'signature-mismatch': 'the bytes do not give the signature: they, the signature or the secret are others',
  'length-mismatch': 'the bytes give the signature, and their number is another one',
  incomplete: 'a part is missing',
} as const
export type MismatchReason = keyof typeof MISMATCHES

export interface Mismatch extends Coordinates {
  readonly reason: MismatchReason
  /** Null where the row could not be read. */
  readonly resultId: string | null
}

export interface EvidenceCounts {
  readonly messages: number
  /** Results whose bytes give their signature. */
  readonly verified: number
  readonly mismatches: number
  /** Messages whose first parts lie before what was read. */
  readonly cutOff: number
}

export interface EvidenceCheckDeps {
  /** The client secret of a credential; null when it is not known. */
  readonly secretOf: (credentialId: string) => KeyObject | null
  readonly open: (
    sealed: Buffer,
    place: { readonly recordId: string; readonly path: string },
  ) =>
    | { readonly kind: 'open'; readonly plain: Buffer }
    | { readonly kind: 'unknown-key' | 'refused' | 'not-sealed' }
  readonly onMismatch: (mismatch: Mismatch) => void
}

export interface EvidenceCheck {
  /** In: messages of one partition in their order; null for a value that is no row. */
  take(at: Coordinates, row: EvidenceRow | null): void
  /** To be called at the end: what is open now is incomplete. */
  conclude(): EvidenceCounts
}

/** A result of which parts are still to come. */
interface Begun {
  readonly at: Coordinates
  readonly resultId: string
  /** Of which it is the result. */
  readonly event: string
  readonly hmac: Hmac
  next: number
  bytes: number
}

/** Parts follow each other in one transaction: this many results begun at once are a broken topic. */
const MOST_BEGUN = 1000
const ALGORITHM = 'HMAC-SHA256'

/**
 * Checks evidence against its own signatures: only digests are kept while parts come in, never their bytes.
 *
 * Out:    every mismatch is told once, where it is found; a part that cannot be opened makes its result one mismatch
 * Source: product.md sections 5 and 7; issue "verify --topic"
 */
export function createEvidenceCheck(deps: EvidenceCheckDeps): EvidenceCheck {
  const counts = { messages: 0, verified: 0, mismatches: 0, cutOff: 0 }
  const begun = new Map<string, Begun>()
  /** Partitions in which a result was seen from its first part: what lies behind has no part before the reading. */
  const entered = new Set<number>()
  /** The result that was told last, by partition: its other parts are not told again. */
  const failed = new Map<number, string>()

  function fail(
    { topic, partition, offset }: Coordinates,
    reason: MismatchReason,
    resultId: string | null,
  ): void {
    counts.mismatches += 1
    deps.onMismatch({ topic, partition, offset, reason, resultId })
  }

  function verdictOn(at: Coordinates, row: EvidenceRow): Verdict {
    const { verification, part, parts } = row
    if (contradicts(row)) return 'unreadable'
    if (verification.algorithm !== ALGORITHM) return 'unknown-algorithm'
    const secret = deps.secretOf(verification.credentialId)
    if (secret === null) return 'unknown-credential'
    const name = nameOf(at, row)
    const isFirst = part === 0
    if (isFirst) forgetBroken(at, row)
    const digest = isFirst ? newDigest(at, row, secret) : begun.get(name)
    if (isFirst || at.offset === 0) entered.add(at.partition)
    if (digest === undefined && failed.get(at.partition) === name) return 'more'
    if (digest === undefined) return entered.has(at.partition) ? 'incomplete' : 'cut-off'
    if (digest.next !== part) return 'incomplete'
    const opened = deps.open(row.sealed, evidencePlace(row))
    if (opened.kind !== 'open') return opened.kind === 'unknown-key' ? 'unknown-key' : 'undecryptable'
    digest.hmac.update(opened.plain)
    digest.bytes += opened.plain.length
    digest.next += 1
    begun.set(name, digest)
    if (part + 1 < parts) return 'more'
    if (digest.hmac.digest('hex') !== verification.signature) return 'signature-mismatch'
    return digest.bytes === verification.signedBytes ? 'verified' : 'length-mismatch'
  }

  /** At least once, parts may come again from the first one, after another fetch: what was begun for the event counts no more. */
  function forgetBroken(at: Coordinates, row: EvidenceRow): void {
    const event = eventOf(row)
    for (const [name, one] of begun)
      if (one.at.partition === at.partition && one.event === event) begun.delete(name)
  }

  function forget(most: number): void {
    for (const [name, { at, resultId }] of begun) {
      if (begun.size <= most) return
      begun.delete(name)
      fail(at, 'incomplete', resultId)
    }
  }

  return {
    take(at, row) {
      counts.messages += 1
      const verdict = row === null ? 'unreadable' : verdictOn(at, row)
      if (row !== null && verdict !== 'more') begun.delete(nameOf(at, row))
      if (verdict === 'verified') counts.verified += 1
      else if (verdict === 'cut-off') counts.cutOff += 1
      else if (verdict !== 'more') {
        if (row !== null) failed.set(at.partition, nameOf(at, row))
        fail(at, verdict, verdict === 'unreadable' ? null : (row?.resultId ?? null))
      }
      forget(MOST_BEGUN)
    },
    conclude() {
      forget(0)
      return { ...counts }
    },
  }
}

type Verdict = MismatchReason | 'verified' | 'more' | 'cut-off'

const nameOf = ({ partition }: Coordinates, { resultId, verification }: EvidenceRow): string =>
  `${partition} ${resultId} ${verification.verifiedAt}`

const eventOf = ({ origin, attempt, replays, resultId }: EvidenceRow): string =>
  JSON.stringify([resultId, origin.topic, origin.partition, origin.offset, attempt, replays])

const newDigest = (at: Coordinates, row: EvidenceRow, secret: KeyObject): Begun => ({
  ...{
    at,
    resultId: row.resultId,
    event: eventOf(row),
    hmac: createHmac('sha256', secret),
    next: 0,
    bytes: 0,
  },
})

function contradicts({ resultId, handshakeId, verification, part, parts }: EvidenceRow): boolean {
  return part < 0 || part >= parts || resultId !== `${handshakeId}@${verification.signature.slice(0, 12)}`
}
