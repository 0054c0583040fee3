const SEED = 0x9747b28c
const MIX = 0x5bd1e995

/**
 * The hash by which Java producers place a key, as a signed 32-bit number.
 *
 * Source: Apache Kafka, org.apache.kafka.common.utils.Utils.murmur2
 */
export function murmur2(key: Uint8Array): number {
  const { length } = key
  const whole = length & ~3
  let hash = SEED ^ length
  for (let at = 0; at < whole; at += 4) {
    let word =
      byteAt(key, at) | (byteAt(key, at + 1) << 8) | (byteAt(key, at + 2) << 16) | (byteAt(key, at + 3) << 24)
    word = Math.imul(word, MIX)
    word = Math.imul(word ^ (word >>> 24), MIX)
    hash = Math.imul(hash, MIX) ^ word
  }
  const rest = length - whole
  if (rest === 3) hash ^= byteAt(key, whole + 2) << 16
  if (rest >= 2) hash ^= byteAt(key, whole + 1) << 8
  if (rest >= 1) hash = Math.imul(hash ^ byteAt(key, whole), MIX)
  hash = Math.imul(hash ^ (hash >>> 13), MIX)
  return hash ^ (hash >>> 15)
}

/** The partition of a key, as Java's default partitioner places it. */
export function partitionOf(key: Uint8Array, partitions: number): number {
  return (murmur2(key) & 0x7fffffff) % partitions
}

const byteAt = (key: Uint8Array, at: number): number => key[at] ?? 0
