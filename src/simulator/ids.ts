import { createRandom, hash32 } from './random.js'

/** Identifiers in the shapes Attestr uses, made from the seed alone. Source: attestr.md section 4. */

const BASE36 = '0123456789abcdefghijklmnopqrstuvwxyz'
const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** The time in the first id made: older ids end in eight base-36 digits of their creation time. */
const FIRST_CREATED_MS = 1_624_181_764_806
const OLD_LENGTH = 21
const NEW_LENGTH = 18
const NEW_DIGITS = 5
/** Every fourth id is of the newer generation, with capitals, `-` and `_`. */
const NEW_EVERY = 4

/**
 * The id of handshake number n.
 *
 * In:     n from 0 to about a thousand million
 * Out:    an id that matches `^DS0[0-9a-zA-Z_-]{6,30}$`; no two n of a seed share one
 */
export function handshakeIdFor(seed: number, n: number): string {
  const random = createRandom(seed, `handshake ${n}`)
  if (n % NEW_EVERY === NEW_EVERY - 1) {
    let digits = ''
    for (let rest = n, i = 0; i < NEW_DIGITS; i += 1) {
      digits = (BASE64URL[rest % 64] ?? '') + digits
      rest = Math.floor(rest / 64)
    }
    return `DS0${random.chars(BASE64URL, NEW_LENGTH - 3 - NEW_DIGITS)}${digits}`
  }
  return `DS02${random.chars(BASE36, OLD_LENGTH - 4 - 8)}${(FIRST_CREATED_MS + n).toString(36)}`
}

/**
 * The number behind an id.
 *
 * Out:    n, or null when `handshakeIdFor(seed, n)` is another id for every n
 */
export function handshakeNumberOf(seed: number, handshakeId: string): number | null {
  const n = handshakeId.length === NEW_LENGTH ? newNumber(handshakeId) : oldNumber(handshakeId)
  return Number.isSafeInteger(n) && n >= 0 && handshakeIdFor(seed, n) === handshakeId ? n : null
}

/** The id of a flow: one for each flow number of a seed. */
export function flowIdFor(seed: number, flow: number): string {
  return oldStyleId('FX0', seed, `flow ${flow}`)
}

/** The id a stage type has in a flow: the same in all its handshakes, another in other flows. */
export function stageIdFor(seed: number, flow: number, stageType: string): string {
  return oldStyleId('FS0', seed, `stage ${flow} ${stageType}`)
}

/** A UUID of version 4 for this name. */
export function uuidFor(seed: number, name: string): string {
  const hex = createRandom(seed, `uuid ${name}`).chars('0123456789abcdef', 31)
  const variant = '89ab'[hash32(name, seed) % 4] ?? '8'
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(12, 15)}-${variant}${hex.slice(15, 18)}-${hex.slice(18, 30)}`
}

function oldStyleId(prefix: string, seed: number, name: string): string {
  const random = createRandom(seed, name)
  const created = FIRST_CREATED_MS - random.int(1, 90) * 86_400_000
  return `${prefix}2${random.chars(BASE36, 9)}${created.toString(36)}`
}

function newNumber(handshakeId: string): number {
  let n = 0
  for (const digit of handshakeId.slice(-NEW_DIGITS)) n = n * 64 + BASE64URL.indexOf(digit)
  return n
}

function oldNumber(handshakeId: string): number {
  return Number.parseInt(handshakeId.slice(-8), 36) - FIRST_CREATED_MS
}
