/** Castagnoli's polynomial, reversed. */
const POLYNOMIAL = 0x82f63b78
const BYTE_VALUES = 256
/** Bytes taken in one step: one table for each. */
const STEP = 8

const byteAt = (bytes: Uint8Array, at: number): number => bytes[at] as number
const entry = (table: Int32Array, at: number): number => table[at] as number

const tables = createTables()

/**
 * The checksum of a Kafka record batch, eight bytes at a time.
 *
 * Out:    unsigned, 32 bits
 * Source: RFC 3720, appendix B.4; Kafka message format, record batch version 2
 */
export function crc32c(bytes: Uint8Array): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = tables
  const { length } = bytes
  const whole = length - (length % STEP)
  let crc = -1
  let at = 0
  for (; at < whole; at += STEP) {
    const low =
      crc ^
      (byteAt(bytes, at) |
        (byteAt(bytes, at + 1) << 8) |
        (byteAt(bytes, at + 2) << 16) |
        (byteAt(bytes, at + 3) << 24))
    crc =
      entry(t7, low & 0xff) ^
      entry(t6, (low >>> 8) & 0xff) ^
      entry(t5, (low >>> 16) & 0xff) ^
      entry(t4, low >>> 24) ^
      entry(t3, byteAt(bytes, at + 4)) ^
      entry(t2, byteAt(bytes, at + 5)) ^
      entry(t1, byteAt(bytes, at + 6)) ^
      entry(t0, byteAt(bytes, at + 7))
  }
  for (; at < length; at += 1) crc = entry(t0, (crc ^ byteAt(bytes, at)) & 0xff) ^ (crc >>> 8)
  return ~crc >>> 0
}

type Table = Int32Array
type Tables = readonly [Table, Table, Table, Table, Table, Table, Table, Table]

function createTables(): Tables {
  const first = new Int32Array(BYTE_VALUES)
  for (let value = 0; value < BYTE_VALUES; value += 1) {
    let crc = value
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1
    first[value] = crc
  }
  const all = [first]
  for (let step = 1; step < STEP; step += 1) {
    const before = all[step - 1] ?? first
    all.push(before.map((crc) => (crc >>> 8) ^ entry(first, crc & 0xff)))
  }
  const [t0 = first, t1 = first, t2 = first, t3 = first, t4 = first, t5 = first, t6 = first, t7 = first] = all
  return [t0, t1, t2, t3, t4, t5, t6, t7]
}
