import { Buffer } from 'node:buffer'
import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto'
import { type Opened, SEALED_TEXT, type SealedPlace } from '../core/sealed.js'

export type { Opened, SealedPlace }

/**
 * Seals values so that only who has a key reads them: AES-256-GCM under a key derived for each record.
 *
 * A text is `e1:<keyId>:<base64url of the body>`, bytes are 0xe1, the length of the key id, the key id, the body. The body is a
 * salt of 16 bytes, a count of 4 (big-endian), the ciphertext, a tag of 16. The key is HKDF-SHA256 of the master key with this
 * salt; the nonce is the count after 8 zero bytes: under one salt no count comes twice. Associated data: record id, NUL, path.
 * Texts are padded to 16 bytes (ISO/IEC 7816-4), so that their length does not tell `true` from `false`. Source: product.md
 * section 9, encrypt.
 */
export interface SealKey {
  /** Stands readable in each value. */
  readonly id: string
  /** 32 bytes. */
  readonly key: Buffer
}

export interface Sealer {
  text(plain: string, place: SealedPlace): string
  bytes(plain: Buffer, place: SealedPlace): Buffer
  openText(sealed: string, place: SealedPlace): Opened<string>
  openBytes(sealed: Buffer, place: SealedPlace): Opened<Buffer>
}

const KEY_ID = /^[A-Za-z0-9._-]{1,64}$/
const MARK = 0xe1
const SALT = 16
const COUNT = 4
const NONCE = 12
const TAG = 16
const KEY = 32
const BLOCK = 16
const MOST_COUNT = 0xffff_ffff
/** The info of HKDF, and the number of the block. */
const INFO = 'attestr-kafka e1\x01'
const CIPHER = 'aes-256-gcm'

/** The key of the record that is being sealed. */
interface RecordKey {
  readonly recordId: string
  readonly salt: Buffer
  readonly key: Buffer
  count: number
}

/**
 * Makes what seals and opens.
 *
 * In:     keys      the first one seals, all of them open
 *         newSalt   of cryptographic strength: two records with one salt would share nonces
 * Throws: RangeError for no key, a key that is not 32 bytes, an id of another form or one that comes twice
 */
export function createSealer(
  keys: readonly SealKey[],
  newSalt: () => Buffer = () => randomBytes(SALT),
): Sealer {
  const byId = ringOf(keys)
  const [first] = keys
  if (first === undefined) throw new RangeError('sealing needs a key')
  let current: RecordKey | null = null
  const keyFor = (recordId: string): RecordKey => {
    if (current === null || current.recordId !== recordId || current.count >= MOST_COUNT) {
      const salt = newSalt()
      current = { recordId, salt, key: derived(first.key, salt), count: 0 }
    }
    return current
  }
  return {
    text: (plain, place) => {
      const body = sealed(padded(Buffer.from(plain, 'utf8')), place, keyFor(place.recordId))
      return `e1:${first.id}:${body.toString('base64url')}`
    },
    bytes: (plain, place) => {
      const id = Buffer.from(first.id)
      return Buffer.concat([Buffer.of(MARK, id.length), id, sealed(plain, place, keyFor(place.recordId))])
    },
    openText: (text, place) => {
      const [, id = '', body = ''] = SEALED_TEXT.exec(text) ?? []
      if (id === '') return { kind: 'not-sealed' }
      const end = opened(byId, id, Buffer.from(body, 'base64url'), place)
      if (end.kind !== 'open') return end
      const plain = unpadded(end.plain)
      return plain === null ? { kind: 'refused' } : { kind: 'open', plain: plain.toString('utf8') }
    },
    openBytes: (bytes, place) => {
      const start = 2 + (bytes[1] ?? 0)
      const id = bytes.toString('latin1', 2, start)
      if (bytes[0] !== MARK || !KEY_ID.test(id)) return { kind: 'not-sealed' }
      return opened(byId, id, bytes.subarray(start), place)
    },
  }
}

function ringOf(keys: readonly SealKey[]): ReadonlyMap<string, Buffer> {
  const ring = new Map<string, Buffer>()
  for (const { id, key } of keys) {
    if (!KEY_ID.test(id))
      throw new RangeError('a key id has 1 to 64 letters, digits, dots, hyphens or underscores')
    if (key.length !== KEY) throw new RangeError(`a key has ${KEY} bytes`)
    if (ring.has(id)) throw new RangeError('two keys have one id')
    ring.set(id, key)
  }
  return ring
}

/** HKDF-SHA256 for one block of output, RFC 5869: `hkdfSync` gives the same in three times the time. */
function derived(master: Buffer, salt: Buffer): Buffer {
  const extracted = createHmac('sha256', salt).update(master).digest()
  return createHmac('sha256', extracted).update(INFO).digest()
}

function sealed(plain: Buffer, place: SealedPlace, record: RecordKey): Buffer {
  const count = Buffer.alloc(COUNT)
  count.writeUInt32BE(record.count)
  record.count += 1
  const cipher = createCipheriv(CIPHER, record.key, nonceOf(count), { authTagLength: TAG })
  cipher.setAAD(placeBytes(place))
  const text = cipher.update(plain)
  cipher.final()
  return Buffer.concat([record.salt, count, text, cipher.getAuthTag()])
}

function opened(
  ring: ReadonlyMap<string, Buffer>,
  keyId: string,
  body: Buffer,
  place: SealedPlace,
): Opened<Buffer> {
  const master = ring.get(keyId)
  if (master === undefined) return { kind: 'unknown-key', keyId }
  if (body.length < SALT + COUNT + TAG) return { kind: 'refused' }
  const key = derived(master, body.subarray(0, SALT))
  const nonce = nonceOf(body.subarray(SALT, SALT + COUNT))
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG })
  decipher.setAAD(placeBytes(place))
  decipher.setAuthTag(body.subarray(-TAG))
  const plain = decipher.update(body.subarray(SALT + COUNT, -TAG))
  try {
    decipher.final()
  } catch {
    // The only thing it throws for: the tag is another one.
    return { kind: 'refused' }
  }
  return { kind: 'open', plain }
}

function nonceOf(count: Buffer): Buffer {
  return Buffer.concat([Buffer.alloc(NONCE - COUNT), count])
}

function placeBytes({ recordId, path }: SealedPlace): Buffer {
  if (recordId.includes('\0')) throw new RangeError('a record id with a NUL would be like another place')
  return Buffer.from(`${recordId}\0${path}`, 'utf8')
}

function padded(plain: Buffer): Buffer {
  const whole = Buffer.alloc((Math.floor(plain.length / BLOCK) + 1) * BLOCK)
  plain.copy(whole)
  whole[plain.length] = 0x80
  return whole
}

/** Out: null where the padding is none. */
function unpadded(whole: Buffer): Buffer | null {
  let end = whole.length - 1
  while (end > 0 && whole[end] === 0) end -= 1
  return whole[end] === 0x80 ? whole.subarray(0, end) : null
}
