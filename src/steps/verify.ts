import { Buffer } from 'node:buffer'
import { createHmac, createSecretKey, KeyObject, timingSafeEqual } from 'node:crypto'
import { isFault, scanJson } from '../core/json/scan.js'
import { type JsonNode, type JsonTape, ROOT } from '../core/json/tape.js'
import type { Credential } from '../core/model.js'
import { dead, delay, ok, type Step } from '../core/outcome.js'
import type { Verification } from '../core/records.js'
import { compact, sorted } from './canonical.js'
import { type Envelope, readEnvelope, signedBytes, traceId } from './envelope.js'

/** How the text that Attestr signed is made from what arrived. Tried in this order. */
export const METHODS = ['raw', 'compact', 'sorted'] as const
export type Method = (typeof METHODS)[number]

/** A result that Attestr signed. `tape` and `node` are of the very text that was hashed. */
export interface TrustedResult {
  readonly handshakeId: string
  readonly requestId: string | null
  readonly tape: JsonTape
  readonly node: JsonNode
  /** The very bytes that were hashed; may be a view of the body. */
  readonly signed: Buffer
  readonly verification: Verification
}

export type SigningKey = Pick<Credential, 'id' | 'clientSecret'>

export interface VerifyOptions {
  readonly algorithm: 'sha256'
  readonly method: 'auto' | Method
  /** Epoch ms. */
  readonly now: () => number
  /** Another method than the last one matched for this credential. */
  readonly onMethodChange?: (credentialId: string, from: Method, to: Method) => void
}

export type Verify = (envelope: Envelope, credential: SigningKey) => Step<TrustedResult>

const ALGORITHM_NAMES: Readonly<Record<VerifyOptions['algorithm'], string>> = { sha256: 'HMAC-SHA256' }
const HEX_SHA256 = /^[0-9a-fA-F]{64}$/

/** What a method hashes, and the tape of that text. */
interface Candidate {
  readonly bytes: Buffer
  readonly tape: () => { readonly tape: JsonTape; readonly node: JsonNode }
}

/**
 * Checks that Attestr signed this result.
 *
 * In:     envelope     as read; nothing of its result was used so far
 *         credential   holds the client secret as a key object, never as a string
 * Out:    the result as the text that was hashed, with the evidence. The last method that matched for a credential is tried first
 * Fails:  signature-mismatch (also: empty, not hex, wrong length; never says which byte)
 * Throws: TypeError when the credential holds no key object
 * Source: product.md section 5; Execution Result API, row resultSignature. The recipe is unpublished
 */
export function createVerify(options: VerifyOptions): Verify {
  const { algorithm, method, now, onMethodChange } = options
  const hints = new Map<string, Method>()
  return (envelope, credential) => {
    const expected = signatureBytes(envelope.signature)
    if (expected === null) return mismatch(envelope, 'resultSignature is not 64 hex digits')
    const hint = hints.get(credential.id)
    for (const tried of methodOrder(method, hint)) {
      const candidate = candidateOf(envelope, tried)
      if (!isSignature(candidate.bytes, expected, algorithm, credential)) continue
      hints.set(credential.id, tried)
      if (hint !== undefined && hint !== tried) onMethodChange?.(credential.id, hint, tried)
      return ok({
        handshakeId: envelope.handshakeId,
        requestId: envelope.requestId,
        ...candidate.tape(),
        signed: candidate.bytes,
        verification: {
          algorithm: ALGORITHM_NAMES[algorithm],
          method: tried,
          credentialId: credential.id,
          signature: expected.toString('hex'),
          signedBytes: candidate.bytes.length,
          verifiedAt: now(),
        },
      })
    }
    return mismatch(envelope, `no match by method ${methodOrder(method, undefined).join(', ')}`)
  }
}

/**
 * Which methods give the signature of this answer, in their order.
 *
 * Out:    empty when none does, or when the signature is not 64 hex digits
 * Source: product.md section 5, `attestr-kafka verify`
 */
export function matchMethods(envelope: Envelope, credential: SigningKey): readonly Method[] {
  const expected = signatureBytes(envelope.signature)
  if (expected === null) return []
  return METHODS.filter((method) =>
    isSignature(candidateOf(envelope, method).bytes, expected, 'sha256', credential),
  )
}

/**
 * Checks one answer of the API as it was received.
 *
 * In:     body          bytes of the whole response body, as a Buffer or any Uint8Array
 *         handshakeId   the id asked for; left out, any id will do
 *         clientSecret  the secret as UTF-8 text, or as a key object
 *         method        left out, all are tried
 * Out:    the result, ready for flattening; or why not. `fault`: the body is empty, cut off or a page, not an answer
 * Fails:  as readEnvelope and createVerify
 * Source: product.md sections 5 and 12
 */
export function verifyResult(
  body: Uint8Array,
  options: {
    readonly clientSecret: string | KeyObject
    readonly handshakeId?: string
    readonly method?: 'auto' | Method
    readonly now?: () => number
  },
): Step<TrustedResult> | { readonly kind: 'fault'; readonly detail: 'empty' | 'truncated' | 'markup' } {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  const reading = readEnvelope(bytes, options.handshakeId ?? null)
  if (reading.kind === 'delay') return delay(reading.failure, 'all')
  if (reading.kind !== 'ready') return reading
  const { clientSecret, method = 'auto', now = Date.now } = options
  const key =
    typeof clientSecret === 'string' ? createSecretKey(Buffer.from(clientSecret, 'utf8')) : clientSecret
  return createVerify({ algorithm: 'sha256', method, now })(reading.envelope, { id: '', clientSecret: key })
}

function methodOrder(method: 'auto' | Method, hint: Method | undefined): readonly Method[] {
  if (method !== 'auto') return [method]
  if (hint === undefined) return METHODS
  return [hint, ...METHODS.filter((other) => other !== hint)]
}

function candidateOf(envelope: Envelope, method: Method): Candidate {
  const { tape, result } = envelope
  if (method === 'raw') return { bytes: signedBytes(envelope), tape: () => ({ tape, node: result }) }
  const text = method === 'compact' ? compact(tape, result) : sorted(tape, result)
  return { bytes: Buffer.from(text, 'utf8'), tape: () => ({ tape: rescanned(text), node: ROOT }) }
}

function rescanned(text: string): JsonTape {
  const tape = scanJson(text)
  if (isFault(tape)) throw new Error(`rewritten result does not scan: ${tape.fault}`)
  return tape
}

function signatureBytes(signature: string): Buffer | null {
  return HEX_SHA256.test(signature) ? Buffer.from(signature, 'hex') : null
}

/** `expected` is as long as the digest: `timingSafeEqual` needs it. */
function isSignature(bytes: Buffer, expected: Buffer, algorithm: string, credential: SigningKey): boolean {
  const { clientSecret } = credential
  if (!(clientSecret instanceof KeyObject)) throw new TypeError('the client secret is not a key object')
  return timingSafeEqual(createHmac(algorithm, clientSecret).update(bytes).digest(), expected)
}

function mismatch(envelope: Envelope, detail: string): Step<never> {
  return dead({ code: 'signature-mismatch', detail, ...traceId(envelope.requestId) })
}
